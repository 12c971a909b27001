"""The figures that were asked for at least (REQUIREMENTS: "Minimum figures", "Targets"), each with ours."""

from collections.abc import Iterator
from contextlib import ExitStack

from tests.benchmarks import clusters, measured, servers
from tests.benchmarks.rows import Row, above, below, failed, later, percentile
from tests.benchmarks.sizes import Sizes

ASKED = {
    "connect": ("connect to the database", 100),
    "ping": ("ping the database", 5),
    "reconnect": ("reconnect after the server ended the connection", 1_000),
    "add": ("add a task", 10),
    "get": ("get a task", 5),
    "figures_of_queues": ("statistics of the queues", 20),
    "claim": ("claim a task", 20),
    "register": ("register a worker", 10),
    "query": ("query a worker", 10),
    "heartbeat": ("heartbeat", 5),
    "publish": ("publish a hint", 5),
    "delivery": ("delivery on the same host, published → heard", 10),
    "bus": ("delivery to another host, published → heard", 10),
    "selection": ("selection among 100 workers", 10),
    "rebalance": ("rebalance 100 workers of 10 hosts, 50 tasks running", 500),
    "crash_check": ("crash check of 100 workers", 100),
    "checkpoint_made": ("checkpoint of a 1 MB heap made and stored", 150),
    "checkpoint_restored": ("the same restored", 50),
    "recovery": ("recovery: dead worker found → its task's next call done, 50 calls on record", 200),
    "progress": ("progress calculation", 10),
    "stall_check": ("stall check", 50),
}
"""By the function of inside_minimum: the words, and the milliseconds below which it must be."""
SEVERAL_HOSTS = "bus"
"""The figure that one host has not."""
TYPES = 5


def minimum(database: str, sizes: Sizes) -> Iterator[Row]:
    for carrier in ("", "Redis") if database == "postgresql" else ("",):
        yield from _alone(database, carrier, sizes.times)
    yield from _running(database, sizes)


def _alone(database: str, carrier: str, times: int) -> Iterator[Row]:
    """What one process does. With Redis as the carrier only what it carries is measured again."""
    with ExitStack() as stack:
        environment = {"REDIS_URL": stack.enter_context(servers.own_redis())} if carrier else {}
        made = stack.enter_context(measured.installation(running=False, **environment))
        names = [key for key in ASKED if _is_asked(key, database, carrier)]
        found = measured.run(made, "tests.benchmarks.inside_minimum", str(times), *names)
    for key in names:
        words, most = ASKED[key]
        name = f"{words}{f', {carrier}' if carrier else ''}"
        value = found[key]
        if isinstance(value, str):
            yield failed(name, database, value)
            continue
        yield below(most, "ms", value, name=name, database=database)
        if key == "claim" and not carrier:
            yield above(100, "/s", 1000 / value, name="claims by one worker", database=database)


def _is_asked(key: str, database: str, carrier: str) -> bool:
    if carrier:
        return key in ("publish", SEVERAL_HOSTS)
    return key != SEVERAL_HOSTS or database == "postgresql"


def _running(database: str, sizes: Sizes) -> Iterator[Row]:
    """What needs workers."""
    with measured.installation(running=True) as made:
        waits = [wait * 1000 for wait in measured.inside(made, "latency", 2 * sizes.times)["waits"]]
        yield below(20, "ms", percentile(waits, 0.95), name="assignment, submit → claim, p95", database=database)
        ten = measured.inside(made, "ten", sizes.times)["milliseconds"]
        yield below(
            100, "ms", percentile(ten, 0.5), name="ten assignments, first submit → last claim", database=database
        )
        shown = measured.inside(made, "progress_shown", 3)["seconds"]
        yield below(10, "s", max(shown), name="progress reported → on record, worst of 3", database=database)
        took = measured.inside(made, "created_and_asked", sizes.times)["seconds"]
        yield below(30, "s", max(took), name="create a task and read its status, worst", database=database)
        again = clusters.after_kill(made, is_whole_set=False)
        yield below(60, "s", again, name="crash → reassigned", database=database)
    kinds = "two now (script, workflow); the others come with later issues"
    yield later("kinds of task: 5 or more", database, kinds, f"≥ {TYPES}")
