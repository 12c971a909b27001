"""Whatever is killed or held, every message that a platform was told is kept becomes one row."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.benchmarks.door import serving
from tests.benchmarks.rows import percentile
from tests.chaos.installation import PATIENCE, ROOT, Installation, wait_for
from tests.platforms import webhook
from tests.platforms.deliveries import Deliveries

pytestmark = pytest.mark.chaos

RATE = 200
GENTLY = 50
"""Where seconds are asserted: a machine that has much else to do would queue more."""
CONNECT = (
    "from apps.chat.models import Connection; made = Connection(key='finance', platform='webhook', name='Finance');"
    f"made.put_secrets({{'secret': '{webhook.SECRET}'}}); made.save()"
)


@pytest.fixture
def made() -> Iterator[Installation]:
    installation = Installation()
    try:
        installation.create()
        installation.manage("shell", "-c", CONNECT)
        yield installation
    finally:
        installation.destroy()


@contextmanager
def locked(made: Installation) -> Iterator[None]:
    holder = subprocess.Popen(
        [sys.executable, "-m", "tests.platforms.held"], cwd=ROOT, env=made.environment, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdin is not None and holder.stdout is not None
    try:
        assert holder.stdout.readline() == b"locked\n"
        yield
    finally:
        holder.stdin.close()
        holder.wait(20)
        holder.stdout.close()


def deliveries(made: Installation, marked: str) -> Deliveries:
    return Deliveries(port=made.port, path="/chat/hooks/finance", marked=marked)


def delivering(deliveries: Deliveries, seconds: float) -> threading.Thread:
    thread = threading.Thread(target=lambda: asyncio.run(deliveries.steadily(RATE, seconds)))
    thread.start()
    return thread


def rows(made: Installation) -> list[str]:
    return [event_id for (event_id,) in made.sql("SELECT event_id FROM chat_incoming ORDER BY id")]


def spooled(made: Installation) -> list[Path]:
    return sorted((made.home / "chat-spool").glob("*.json"))


def wait_for_all(made: Installation, acknowledged: set[str]) -> list[str]:
    wait_for("a row for each that was acknowledged", lambda: acknowledged <= set(rows(made)), seconds=30)
    wait_for("an empty spool", lambda: not spooled(made), seconds=30)
    found = rows(made)
    assert len(found) == len(set(found))
    return found


@pytest.mark.long
def test_while_the_database_is_locked_for_ten_seconds_all_are_answered_within_one_and_kept_once(
    made: Installation,
) -> None:
    with serving(made):
        calm, told = deliveries(made, "calm"), deliveries(made, "e")
        asyncio.run(calm.steadily(GENTLY, 3.0))
        with locked(made):
            asyncio.run(told.steadily(GENTLY, 10.0))
            assert not set(rows_while_locked(made)) & told.acknowledged
        assert told.answers == {"200": 10 * GENTLY}
        wait_for_all(made, told.acknowledged)
    # What the lock adds: how fast the machine is besides is for the bench, which has it for itself.
    assert percentile(told.seconds, 0.95) - percentile(calm.seconds, 0.95) < 1.0 * PATIENCE


def rows_while_locked(made: Installation) -> list[str]:
    """PostgreSQL's lock keeps readers out, too."""
    return [] if made.database else rows(made)


@pytest.mark.parametrize("after", [1, 40, 90, 150])
def test_a_web_server_killed_amid_two_hundred_messages_a_second_has_lost_none_it_acknowledged(
    made: Installation, after: int
) -> None:
    told = deliveries(made, "e")
    with serving(made) as server:
        thread = delivering(told, 1.5)
        wait_for("acknowledgements", lambda: len(told.acknowledged) >= after)
        server.kill()
        thread.join()
    assert told.answers["200"] < 1.5 * RATE, "it was killed after all had been acknowledged"
    with serving(made):
        wait_for_all(made, told.acknowledged)


@pytest.mark.long
def test_a_web_server_killed_while_the_database_is_locked_leaves_what_it_acknowledged_to_the_next(
    made: Installation,
) -> None:
    told = deliveries(made, "e")
    with serving(made) as server:
        asyncio.run(deliveries(made, "warm").steadily(20, 0.5))
        with locked(made):
            thread = delivering(told, 3.0)
            wait_for("the spool", lambda: len(spooled(made)) > 5)
            server.kill()
            thread.join()
        assert told.acknowledged
    with serving(made):
        wait_for_all(made, told.acknowledged)


def test_what_was_delivered_again_after_the_kill_is_one_row(made: Installation) -> None:
    """As platforms do: what was not acknowledged comes again, and much of it had been kept."""
    told = deliveries(made, "e")
    with serving(made) as server:
        thread = delivering(told, 1.0)
        wait_for("some rows", lambda: len(rows(made)) > 20)
        server.kill()
        thread.join()
    again = deliveries(made, "e")
    with serving(made):
        asyncio.run(again.steadily(RATE, 1.0))
        assert again.answers == {"200": RATE}
        assert len(wait_for_all(made, told.acknowledged | again.acknowledged)) == RATE
