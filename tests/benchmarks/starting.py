"""How soon an idle worker has a task that was just submitted, for every way in which it can hear of it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack

from tests.benchmarks import measured, servers
from tests.benchmarks.rows import Row, at_most, failed, percentile
from tests.benchmarks.sizes import Sizes

WAYS = {
    "sqlite": ("local socket",),
    "postgresql": ("local socket", "from another host by NOTIFY", "from another host by Redis"),
}


def latency(database: str, sizes: Sizes) -> Iterator[Row]:
    for way in WAYS[database]:
        try:
            waits = _waits(way, sizes.starts)
        except (AssertionError, RuntimeError) as error:
            yield failed(f"start latency, {way}", database, str(error))
            continue
        for share, goal in ((0.5, 3), (0.95, 10)):
            name = f"start latency p{share * 100:.0f}, submit → claim, {way}"
            yield at_most(goal, "ms", percentile(waits, share), name=name, database=database)


def _waits(way: str, count: int) -> list[float]:
    """Milliseconds. Another host is a process with another name and home, which no worker of it serves."""
    with ExitStack() as stack:
        environment = {"REDIS_URL": stack.enter_context(servers.own_redis())} if "Redis" in way else {}
        elsewhere = {}
        if "another host" in way:
            home = tempfile.mkdtemp(prefix="ch-")
            stack.callback(shutil.rmtree, home, ignore_errors=True)
            elsewhere = {"CHANTILLY_HOST": "elsewhere", "CHANTILLY_HOME": home}
        made = stack.enter_context(measured.installation(running=True, **environment))
        return [wait * 1000 for wait in measured.inside(made, "latency", count, **elsewhere)["waits"]]
