"""Q6: both keys change under a queue of waiting and half-done tasks; nothing is lost and nothing is done twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.installation import Installation, wait_for

pytestmark = [pytest.mark.chaos, pytest.mark.long]

STATUSES = "SELECT status FROM tasks_task"


@pytest.fixture
def installed() -> Iterator[Installation]:
    made = Installation(SECRET_KEY="the first key, which is long enough", CHECKPOINT_KEYS="the first")
    try:
        made.create()
        yield made
    finally:
        made.destroy()


def test_a_queue_survives_new_keys_without_the_old_ones(installed: Installation, tmp_path: Path):
    half_done = installed.submit("script")
    installed.up()
    steps = f"SELECT count(*) FROM tasks_step WHERE task_id = {half_done}"
    wait_for("some steps", lambda: installed.sql(steps)[0][0] >= 10)
    installed.stop()
    kept = installed.sql(steps)[0][0]
    for _ in range(3):
        installed.submit("script")

    installed.environment |= {"SECRET_KEY": "the second key, which is long enough", "CHECKPOINT_KEYS": "the second"}
    installed.up()

    wait_for("all", lambda: {status for (status,) in installed.sql(STATUSES)} == {"completed"}, seconds=80)
    rows = installed.sql(f'SELECT "index", attempt FROM tasks_step WHERE task_id = {half_done} ORDER BY "index"')
    assert [index for index, _ in rows] == list(range(150))
    assert [attempt for _, attempt in rows[:kept]] == [1] * kept, "what was on record was not done again"
