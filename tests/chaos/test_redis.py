"""Redis holds hints, launches and counters: whatever happens to it, nothing is lost and work goes on (Q5, C3)."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.installation import wait_for
from tests.chaos.sharing import Host
from tests.chaos.storm.servers import Redis

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.long,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not shutil.which("redis-server"), reason="needs a redis-server to break"),
]


@pytest.fixture
def server() -> Iterator[Redis]:
    place = Path(tempfile.mkdtemp(prefix="ch-redis-", dir="/tmp"))
    made = Redis(place)
    yield made
    made.bury()
    shutil.rmtree(place)


@pytest.fixture
def host(server: Redis) -> Iterator[Host]:
    made = Host("north", REDIS_URL=server.url)
    try:
        made.create()
        made.create_templates("default")
        yield made
    finally:
        made.destroy()


def completed(host: Host, *tasks: int) -> None:
    wait_for("the end of all", lambda: host.are_completed(list(tasks)), seconds=60)


def test_nothing_is_lost_and_work_goes_on_whatever_happens_to_redis(host: Host, server: Redis):
    server.start()
    host.start("--no-web")
    wait_for("two workers", lambda: len(host.workers()) == 2, seconds=60)

    tasks = host.ask("chain_default", 20, times=6)
    server.flush()
    server.pause(1.0)
    tasks += host.ask("quick_default", 1)
    server.kill()
    tasks += host.ask("quick_default", 2)  # accepted without it
    completed(host, *tasks)
    assert all(host.effects(task) == list(range(20)) for task in tasks[:6])

    # A new process gets its launch, though Redis is away.
    old = host.workers()
    host.kill(*old)
    wait_for("two new workers", lambda: len(host.workers() - old) == 2, seconds=60)
    completed(host, *host.ask("quick_default", 3))

    # And when it is back, the same cluster goes on with it.
    server.start()
    old = host.workers()
    host.kill(*old)
    wait_for("two new workers", lambda: len(host.workers() - old) == 2, seconds=60)
    completed(host, *host.ask("quick_default", 4))
    assert [kind for kind, _ in host.events()].count("cluster.started") == 1, "the cluster needed no new start"


def test_everything_starts_while_redis_is_away(host: Host):
    host.start()
    wait_for("two workers", lambda: len(host.workers()) == 2, seconds=60)
    completed(host, *host.ask("quick_default", 1))
