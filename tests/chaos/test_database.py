"""PostgreSQL stops without a goodbye, comes back late, is away at the start: everything accepted ends (Q9, Q10, C9)."""

import itertools
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.chaos.installation import wait_for
from tests.chaos.rig import sleep_through
from tests.chaos.sharing import Host
from tests.chaos.storm.servers import Postgres

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.long,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        not os.environ.get("DATABASE_URL", "").startswith("postgres"),
        reason="SQLite is no server: it cannot go away",
    ),
]
LENGTH = 60
LATE_SECONDS = float(os.environ.get("CHAOS_LATE_SECONDS", 4))
"""How late the database comes back; the long form of this test takes 60."""


@pytest.fixture
def server() -> Iterator[Postgres]:
    place = Path(tempfile.mkdtemp(prefix="ch-pg-", dir="/tmp"))
    place.chmod(0o755)
    made = Postgres(place)
    made.create()
    yield made
    made.bury()
    shutil.rmtree(place)


@pytest.fixture
def host(server: Postgres) -> Iterator[Host]:
    made = Host("north", url=server.url, REDIS_URL="")
    try:
        made.manage("migrate", "--verbosity", "0")
        made.create_templates("default")
        yield made
    finally:
        made.destroy()


def test_everything_accepted_ends_though_the_database_stops_and_comes_back_late(host: Host, server: Postgres):
    host.start("--no-web")
    supervisor = psutil.Process(host.supervisor.pid)
    wait_for("two workers", lambda: len(host.workers()) == 2, seconds=60)
    tasks = host.ask("chain_default", LENGTH, times=4)
    for pause in (0.0, 0.0, LATE_SECONDS):
        seen = _effects(host)
        wait_for("a few steps", lambda seen=seen: _effects(host) > seen + 5, seconds=60)
        server.stop_immediately()
        sleep_through(pause)
        server.start()

    wait_for("the end of all", lambda: host.are_completed(tasks), seconds=90)

    for task in tasks:
        effects = host.effects(task)
        assert sorted(set(effects)) == list(range(LENGTH))
        # A step that was recorded is never made again: only the call in flight at each of three stops may be.
        assert len(effects) <= LENGTH + 3
    assert supervisor.is_running()
    assert host.sql("SELECT count(*) FROM tasks_execution WHERE worker <> ''") == [(0,)]


def test_a_cluster_whose_database_is_away_for_a_while_works_as_soon_as_it_is_there(host: Host, server: Postgres):
    [task] = host.ask("quick_default", 1)
    host.start("--no-web")
    wait_for("the supervisor", lambda: host.named("q2-main"), seconds=60)
    server.stop_immediately()
    sleep_through(LATE_SECONDS)
    server.start()
    wait_for("its end", lambda: host.are_completed([task]), seconds=60)


def test_a_start_waits_for_its_database_and_outlives_restarts_that_follow(host: Host, server: Postgres):
    tasks = host.ask("chain_default", LENGTH, times=2)
    server.stop_immediately()
    host.start("--no-web")
    wait_for("a word that it waits", lambda: "The database does not answer yet" in _said(host), seconds=60)
    sleep_through(LATE_SECONDS)
    assert host.supervisor.poll() is None
    assert not host.named("q2-main")

    server.start()
    for pause in (0.0, 1.0):
        wait_for("a start", lambda: host.named("q2-main"), seconds=60)
        server.stop_immediately()
        sleep_through(pause)
        server.start()

    wait_for("the end of all", lambda: host.are_completed(tasks), seconds=90)
    assert "The database answers, after" in _said(host)


@pytest.mark.parametrize("wrong", ["/nobody-made-this", "/storm?options=-cnonsense%3D1"])
def test_a_start_does_not_wait_for_a_database_that_refuses_it(host: Host, server: Postgres, wrong: str):
    host.environment["DATABASE_URL"] = server.url.replace("/storm", wrong)
    assert host.start("--no-web").wait(60) == 1
    assert "The database cannot be used" in _said(host)
    assert "Look at DATABASE_URL" in _said(host)


def _said(host: Host) -> str:
    return (host.home / "up.log").read_text()


def _effects(host: Host) -> int:
    return len(host.world.read_text().splitlines()) if host.world.exists() else 0


def test_what_was_acknowledged_is_there_after_a_stop_without_a_goodbye(host: Host, server: Postgres):
    """D4: whoever was told a number finds the task, after the database has recovered from its log."""
    accepted: list[int] = []
    with host.asker() as ask:
        asking = threading.Thread(target=_ask_until_it_stops, args=(ask, accepted))
        asking.start()
        wait_for("some tasks", lambda: len(accepted) >= 30, seconds=60)
        server.stop_immediately()
        asking.join(60)
    server.start()
    assert set(accepted) <= {task for (task,) in host.sql("SELECT id FROM tasks_task WHERE status = 'pending'")}


def _ask_until_it_stops(ask: Callable[[str, int], int], accepted: list[int]) -> None:
    with suppress(ValueError):  # no answer: its process has lost the database
        for number in itertools.count():
            accepted.append(ask("quick_default", number))
