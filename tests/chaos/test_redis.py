"""Redis holds hints, launches and counters: whatever happens to it, nothing is lost and work goes on (Q5, C3)."""

import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import redis

from tests.chaos.installation import wait_for
from tests.chaos.ordeal import SEED, rounds, spread, tell
from tests.chaos.rig import sleep_through
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


LONG_SILENCE = 90.0
LONGEST = 47
"""The round in which Redis is silent for so long."""


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


@rounds(3, 50, minutes=60)
def test_workers_go_on_after_every_restart_every_lost_connection_and_silence(host: Host, server: Redis, rounds: int):
    """C3: alive is who does work: after each of them a task is done, and a new process gets its launch."""
    chance = random.Random(SEED)
    server.start()
    host.start("--no-web")
    wait_for("two workers", lambda: len(host.workers()) == 2, seconds=60)
    waits = []
    with host.asker() as ask:
        for number in range(rounds):
            what = ("restart", "clients", "silence")[number % 3]
            with _broken(server, what, silence=LONG_SILENCE if number == LONGEST else 0.0):
                old = host.workers()
                if chance.random() < 0.5:
                    host.kill(*old)
                at = time.monotonic()
                completed(host, ask("quick_default", number))
            waits.append(time.monotonic() - at)
            wait_for("two workers", lambda: len(host.workers()) == 2, seconds=60)
    events = host.events()
    assert [kind for kind, _ in events].count("cluster.started") == 1, events
    tell("C3", rounds=rounds, until_done=spread(waits))


@contextmanager
def _broken(server: Redis, what: str, silence: float) -> Iterator[None]:
    """Silence: its port takes connections and answers nothing, as behind a firewall that drops what comes."""
    if what == "restart":
        server.kill()
        server.start()
    elif what == "clients":
        for kind in ("normal", "pubsub"):
            redis.Redis(port=server.port).client_kill_filter(_type=kind, skipme=True)
    else:
        psutil.Process(server.pid).suspend()
    yield
    if what == "silence":
        sleep_through(silence)
        psutil.Process(server.pid).resume()


def test_everything_starts_while_redis_is_away(host: Host):
    host.start()
    wait_for("two workers", lambda: len(host.workers()) == 2, seconds=60)
    completed(host, *host.ask("quick_default", 1))
