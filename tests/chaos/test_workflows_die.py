"""The workflows that ship under fire: the whole installation is killed with -9 three times in the middle of each.

What comes out is what comes out of a run that nobody disturbs, and nothing is there twice.
"""

import csv
import io
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pypdf
import pytest

from tests.chaos.installation import ROOT, Installation, wait_for

pytestmark = [pytest.mark.chaos, pytest.mark.long, pytest.mark.timeout(300)]

KILLS = 3
WORKERS = 2
PARAMETERS: dict[str, dict[str, Any]] = {
    "customer_dossier_v1": {},
    "client_analysis_v1": {"period": {"start": "2025-01-01", "end": "2025-12-31"}, "country": "DE", "most": 9},
    "customer_pipeline_v1": {},
}


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(
        CHAOS_SINK=str(tmp_path / "sink"), CHAOS_COUNT_TOOLS="1", CHAOS_TOOL_SECONDS="0.3", CHAOS_LEASE="3",
        ARTIFACT_STORE="files", GEMINI_API_KEY="",
    )  # fmt: skip
    try:
        made.create()
        for command in (["load_templates"], ["load_knowledge"], ["make_demo", "--invoices", "300"]):
            made.manage(*command)
        made.manage(
            "shell", "-c", "from django.contrib.auth.models import User; User.objects.create_superuser('alice')"
        )
        made.up()
        yield made
    finally:
        made.destroy()


@pytest.mark.parametrize("template", PARAMETERS)
def test_three_deaths_of_everything_change_nothing_of_a_workflow(
    installed: Installation, tmp_path: Path, template: str
) -> None:
    calm = _submit(installed, template)
    _wait_until_completed(installed, calm)
    parts = _parts(installed, calm)

    stormy = _submit(installed, template)
    for number in range(1, KILLS + 1):
        _die(installed, stormy, ended=len(parts) * number // (KILLS + 2))
        installed.up()
    _wait_until_completed(installed, stormy)

    assert _parts(installed, stormy) == parts, "the same tasks, each with the same steps, completed once"
    assert _context(installed, stormy) == _context(installed, calm), "the same values, each written once"
    assert _returned(installed, stormy) == _returned(installed, calm)
    assert _files(installed, stormy) == _files(installed, calm)

    once, executed = _executions(installed, tmp_path, calm), _executions(installed, tmp_path, stormy)
    assert executed.keys() == once.keys(), "the same calls were carried out"
    repeated = {key: times for key, times in executed.items() if times > once[key]}
    assert sum((executed - once).values()) <= KILLS * WORKERS, f"only calls in flight were repeated: {repeated}"


def _submit(installed: Installation, template: str) -> int:
    script = (
        "from django.contrib.auth.models import User; from apps.tasks.making.submission import Request, submit;"
        f"print(submit(Request(template='{template}', parameters={PARAMETERS[template]}, origin='test'),"
        " User.objects.get(username='alice')).task.pk)"
    )
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", script],
        cwd=ROOT, env=installed.environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


def _die(installed: Installation, task_id: int, *, ended: int) -> None:
    """As when the power fails, once so many of the workflow's tasks have ended."""
    done = f"SELECT count(*) FROM tasks_task WHERE parent_id = {task_id} AND status = 'completed'"
    wait_for(f"{ended} tasks to end", lambda: installed.sql(done)[0][0] >= ended, seconds=60)
    assert installed.sql(f"SELECT status FROM tasks_task WHERE id = {task_id}") != [("completed",)], "it was too quick"
    assert installed.supervisor is not None
    installed.kill(installed.supervisor.pid)
    for process in installed.processes():
        with suppress(psutil.Error):
            process.kill()
    installed.supervisor.wait(10)
    wait_for("the end of all processes", lambda: not installed.processes())


def _wait_until_completed(installed: Installation, task_id: int) -> None:
    query = f"SELECT status FROM tasks_task WHERE id = {task_id} AND status IN ('completed', 'failed', 'cancelled')"
    ended = wait_for("the workflow's end", lambda: installed.sql(query), seconds=120)
    error = installed.sql(f"SELECT error FROM tasks_task WHERE id = {task_id}")
    assert ended == [("completed",)], error


def _parts(installed: Installation, task_id: int) -> Counter[tuple[str, str, int, int]]:
    """The workflow's tasks: title, status, steps, how often each has ended."""
    return Counter(
        installed.sql(
            "SELECT t.title, t.status, (SELECT count(*) FROM tasks_step s WHERE s.task_id = t.id),"
            " (SELECT count(*) FROM tasks_event e WHERE e.task_id = t.id AND e.kind = 'task.completed')"
            f" FROM tasks_task t WHERE t.parent_id = {task_id}"
        )
    )


def _context(installed: Installation, task_id: int) -> list[tuple[Any, ...]]:
    """Every value that was ever written to the context, also those that another has replaced."""
    return installed.sql(
        f"SELECT key, node, round, is_current, text FROM tasks_value WHERE task_id = {task_id} ORDER BY key, id"
    )


def _returned(installed: Installation, task_id: int) -> str:
    [(result,)] = installed.sql(f"SELECT result FROM tasks_task WHERE id = {task_id}")
    return str(result)


def _files(installed: Installation, task_id: int) -> dict[str, Any]:
    """What the files say, by name."""
    rows = installed.sql(
        "SELECT a.name, a.kind, a.path FROM tasks_artifact a JOIN tasks_task t ON t.id = a.task_id"
        f" WHERE t.parent_id = {task_id} ORDER BY a.name"
    )
    found = {name: READERS[kind]((installed.home / "artifacts" / path).read_bytes()) for name, kind, path in rows}
    assert rows and len(found) == len(rows), "each file is there once"
    return found


def _executions(installed: Installation, tmp_path: Path, task_id: int) -> Counter[str]:
    """How often each call was carried out, by the title of its task, its place in the journal and its tool."""
    titles = dict(installed.sql(f"SELECT id, title FROM tasks_task WHERE parent_id = {task_id}"))
    lines = [line.split() for line in (tmp_path / "sink").read_text().splitlines()]
    calls = [(*key.split(":"), name) for key, name, _ in lines]
    return Counter(f"{titles[int(id_)]} {index} {name}" for id_, index, name in calls if int(id_) in titles)


def _csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(data.decode("utf-8-sig").splitlines()))


def _pdf(data: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages]


READERS = {"json": json.loads, "csv": _csv, "pdf": _pdf}
