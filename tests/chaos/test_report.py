"""The main job under fire: the invoice report's worker is killed with -9 three times, and its files are the same."""

import csv
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest

from tests.chaos.installation import ROOT, Installation, wait_for

pytestmark = [pytest.mark.chaos, pytest.mark.long, pytest.mark.timeout(180)]

INVOICES = "900"
KILLS = 3
PERIOD = {"period": {"start": "2025-01-01", "end": "2025-12-31"}}


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(
        CHAOS_SINK=str(tmp_path / "sink"), CHAOS_COUNT_TOOLS="1", CHAOS_TOOL_SECONDS="0.1", ARTIFACT_STORE="files"
    )
    try:
        made.create()
        for command in (["load_templates"], ["load_knowledge"], ["make_demo", "--invoices", INVOICES]):
            made.manage(*command)
        made.manage(
            "shell", "-c", "from django.contrib.auth.models import User; User.objects.create_superuser('alice')"
        )
        made.up()
        yield made
    finally:
        made.destroy()


def test_three_kills_change_nothing_but_the_timeline(installed: Installation, tmp_path: Path):
    calm = _submit(installed)
    _wait_until_completed(installed, calm)
    once = _executions(tmp_path, calm)

    stormy = _submit(installed)
    killed = _kill_while_it_runs(installed, stormy)
    _wait_until_completed(installed, stormy)

    assert killed == KILLS
    attempts = installed.sql(f"SELECT outcome FROM tasks_attempt WHERE task_id = {stormy} ORDER BY number")
    assert [outcome for (outcome,) in attempts] == ["crashed"] * KILLS + ["completed"]

    assert _files(installed, stormy) == _files(installed, calm)

    executed = _executions(tmp_path, stormy)
    assert executed.keys() == once.keys(), "the same calls were carried out"
    repeated = {key: times for key, times in executed.items() if times > 1}
    assert sum(times - 1 for times in repeated.values()) <= KILLS, f"only calls in flight were repeated: {repeated}"
    steps = installed.sql(f"SELECT count(*) FROM tasks_step WHERE task_id = {stormy}")
    assert steps == installed.sql(f"SELECT count(*) FROM tasks_step WHERE task_id = {calm}")


def _submit(installed: Installation) -> int:
    script = (
        "from django.contrib.auth.models import User; from apps.tasks.making.submission import Request, submit;"
        f"print(submit(Request(template='invoice_report_v2', parameters={PERIOD}, origin='test'),"
        " User.objects.get(username='alice')).task.pk)"
    )
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", script],
        cwd=ROOT, env=installed.environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


def _kill_while_it_runs(installed: Installation, task_id: int) -> int:
    """Kill the worker of each of the first attempts, a few steps further into the task each time."""
    steps_before = 0
    for number in range(1, KILLS + 1):
        wanted = steps_before + random.Random(number).randint(3, 9)
        worker = wait_for(
            f"attempt {number} to make {wanted} steps",
            lambda number=number, wanted=wanted: installed.sql(
                "SELECT pid, steps FROM tasks_attempt a JOIN tasks_execution e ON e.task_id = a.task_id"
                f" JOIN workers_worker w ON w.name = a.worker WHERE a.task_id = {task_id} AND a.number = {number}"
                f" AND a.outcome = 'running' AND e.steps >= {wanted}"
            ),
            seconds=30,
        )
        installed.kill(worker[0][0])
        steps_before = worker[0][1]
    return number


def _wait_until_completed(installed: Installation, task_id: int) -> None:
    query = f"SELECT status FROM tasks_task WHERE id = {task_id} AND status IN ('completed', 'failed', 'cancelled')"
    ended = wait_for("the report's end", lambda: installed.sql(query), seconds=90)
    error = installed.sql(f"SELECT error FROM tasks_task WHERE id = {task_id}")
    assert ended == [("completed",)], error
    time.sleep(0.1)


def _executions(tmp_path: Path, task_id: int) -> Counter[str]:
    """How often each call of the task was carried out, by its place in the journal and its tool."""
    lines = [line.split() for line in (tmp_path / "sink").read_text().splitlines()]
    return Counter(f"{key.partition(':')[2]} {name}" for key, name, _ in lines if key.startswith(f"{task_id}:"))


def _files(installed: Installation, task_id: int) -> dict[str, Any]:
    """What the task's files say, without the moments and the number that differ between any two tasks."""
    rows = installed.sql(f"SELECT kind, path FROM tasks_artifact WHERE task_id = {task_id} ORDER BY name")
    assert len(rows) == 3
    return {kind: READERS[kind](installed.home / "artifacts" / path) for kind, path in rows}


def _json(path: Path) -> Any:
    return _without_moments(json.loads(path.read_text("utf-8-sig")))


def _without_moments(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_moments(item) for key, item in value.items() if key not in MOMENTS}
    return [_without_moments(item) for item in value] if isinstance(value, list) else value


def _csv(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text("utf-8-sig").splitlines()))


def _pdf(path: Path) -> list[str]:
    lines = "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages).splitlines()
    return [line for line in lines if "UTC" not in line and "enerated" not in line]


MOMENTS = {"generated_at", "task", "task_id"}
READERS = {"json": _json, "csv": _csv, "pdf": _pdf}
