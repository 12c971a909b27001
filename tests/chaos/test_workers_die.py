"""Tasks whose workers die, in a real Django-Q2 cluster under its supervisor."""

import time
from collections.abc import Iterator

import pytest

from tests.chaos.installation import Installation, wait_for

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def running() -> Iterator[Installation]:
    installation = Installation()
    try:
        installation.create()
        installation.up()
        yield installation
    finally:
        installation.destroy()


def status(running: Installation, task_id: int) -> str:
    return str(running.sql(f"SELECT status FROM tasks_task WHERE id = {task_id}")[0][0])


def test_a_task_that_kills_its_worker_becomes_a_dead_letter(running: Installation):
    """Q2: Django-Q2 alone runs it for ever and records nothing, whatever its max_attempts says."""
    poison = running.submit("poison")

    wait_for("its end", lambda: status(running, poison) == "failed", seconds=40)

    row = "SELECT is_dead_letter, crashes, attempt_count FROM tasks_task WHERE id = "
    [(is_dead_letter, crashes, attempts)] = running.sql(f"{row}{poison}")
    assert is_dead_letter
    assert (crashes, attempts) == (5, 5)
    [(recorded,)] = running.sql(f"SELECT count(*) FROM tasks_attempt WHERE task_id = {poison}")
    assert recorded == 5
    wait_for("two workers", lambda: len(running.workers()) == 2)


def test_a_task_goes_on_where_its_killed_worker_left_it(running: Installation):
    task = running.submit("script")
    count = f"SELECT count(*) FROM tasks_step WHERE task_id = {task}"
    for _ in range(3):
        steps = running.sql(count)[0][0]
        wait_for("progress", lambda: running.sql(count)[0][0] >= steps + 10)
        at = running.kill(holder(running, task))
        left = running.sql(count)[0][0]
        wait_for("the next step", lambda: running.sql(count)[0][0] > left)
        print(f"killed after step {left}; the next step came {time.monotonic() - at:.2f} s later")

    wait_for("its end", lambda: status(running, task) == "completed", seconds=40)

    rows = running.sql(f'SELECT "index" FROM tasks_step WHERE task_id = {task} ORDER BY "index"')
    assert [index for (index,) in rows] == list(range(len(rows))), "no step is missing, none is there twice"
    assert len(rows) >= 150


def holder(running: Installation, task: int) -> int:
    """The process that holds the task's lease."""
    worker = f"SELECT worker FROM tasks_execution WHERE task_id = {task}"
    [(pid,)] = running.sql(f"SELECT pid FROM workers_worker WHERE name = ({worker})")
    return int(pid)
