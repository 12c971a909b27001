"""S1: kill -9 at every call and at every point of it; the result, the effects and the story stay the same."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.db import connection

from apps.executors.script import sandbox
from apps.tasks.models import Task
from apps.tasks.record import feed
from apps.tasks.states import Status
from apps.tools import registry
from apps.workers.models import Worker
from tests import making
from tests.chaos.rig import ask, test_database

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]

IS_FULL = os.environ.get("SWEEP") == "full"
SECONDS = 3600 if IS_FULL else 300
CALLS = 30
SCRIPT = f"""\
import task, world

def run(params):
    total = 0
    names = []
    for n in range({CALLS}):
        print("call", n)
        total += world.put(n)
    names.append(task.new_id())
    names.append(task.random())
    return {{"total": total, "names": len(names), "n": params["n"]}}
"""
SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "point": {"type": "string"}, "keeps": {"type": "boolean"}},
}
POINTS = ["before the call", "after the effect", "before the commit", "after the commit", "before the answer"]
TWICE = {"after the effect", "before the commit"}
"""Points between the effect and its record: that one call, and no other, is carried out again, with its key."""


@dataclass
class Rig:
    home: Path

    @property
    def world(self) -> Path:
        return self.home / "world.jsonl"

    @property
    def sandboxes(self) -> Path:
        return self.home / "sandboxes"

    def work(self, module: str = "tests.chaos.worker", **environment: str) -> dict[str, Any]:
        """Run workers, one after the other, until no task is open. Answers how many were killed."""
        done = subprocess.run(
            [sys.executable, "-m", module],
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "tests.chaos.worker_settings",
                "CHANTILLY_HOME": str(self.home),
                "DATABASE_URL": test_database(),
                "WORLD": str(self.world),
                "SANDBOXES": str(self.sandboxes),
                **environment,
            },
            capture_output=True, text=True, timeout=SECONDS - 10, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer

    def effects(self, task_id: int) -> list[tuple[str, int]]:
        lines = [json.loads(line) for line in self.world.read_text().splitlines()]
        return [(line["key"], line["value"]) for line in lines if line["key"].startswith(f"{task_id}:")]


@pytest.fixture
def rig(tmp_path, settings):
    settings.TOOL_MODULES = {**settings.TOOL_MODULES, "world": "tests.chaos.world"}
    registry.module.cache_clear()
    sandbox._modules.cache_clear()
    yield Rig(tmp_path)
    registry.module.cache_clear()
    sandbox._modules.cache_clear()


def printed(task: Task) -> list[str]:
    return [
        line["text"] for event in task.events.filter(kind="task.logged").order_by("seq") for line in event.data["lines"]
    ]


def places() -> list[tuple[str, int, bool]]:
    """(point, call, whether every call keeps a checkpoint or the task replays from the top).

    `make sweep` takes all of them. Else it is every third call, and every second of these keeps checkpoints.
    """
    # PostgreSQL writes a step in one statement: there is nothing to kill between its row and its commit.
    points = [point for point in POINTS if connection.vendor == "sqlite" or point != "before the commit"]
    calls = range(1, CALLS + 1, 1 if IS_FULL else 3)
    return [
        (point, n, keeps)
        for point in points
        for n in calls
        for keeps in (True, False)
        if IS_FULL or keeps == bool(n % 2)
    ]


@pytest.mark.timeout(SECONDS)
def test_a_kill_at_any_point_of_any_call_changes_nothing(rig, alice, record_property):
    key = making.template(SCRIPT, alice, parameter_schema=SCHEMA).key
    asked = {ask(key, alice, point=point, n=n, keeps=keeps).pk: (point, n) for point, n, keeps in places()}

    killed = rig.work()["killed"]

    record_property("kills", killed)
    print(f"{killed} kills")
    assert killed == len(asked), "every task killed its first worker"
    for task in Task.objects.select_related("execution"):
        _assert_nothing_changed(rig, task, *asked[task.pk])
    assert Worker.objects.filter(status="crashed").count() == killed
    assert _left_over(rig) == []


def _assert_nothing_changed(rig: Rig, task: Task, point: str, n: int) -> None:
    where = f"killed {point} at call {n}"
    assert (task.status, task.crashes) == (Status.COMPLETED, 0), where
    assert task.returned == {"total": sum(2 * i for i in range(CALLS)), "names": 2, "n": n}, where
    assert [attempt.outcome for attempt in task.attempts.all()] == ["crashed", "completed"], where
    expected = [(f"{task.pk}:{i}", i) for i in range(CALLS)]
    if point in TWICE:
        expected.insert(n, expected[n - 1])
    assert rig.effects(task.pk) == expected, where
    steps = task.steps.order_by("index").values_list("index", "try_number", "attempt")
    assert [(index, try_number) for index, try_number, _ in steps] == [(i, 1) for i in range(CALLS + 2)], where
    recorded = n - 1 if point in TWICE or point == "before the call" else n
    assert [attempt for _, _, attempt in steps] == [1] * recorded + [2] * (CALLS + 2 - recorded), where
    assert Counter(entry.kind for entry in feed.read(task.pk))["task.rescued"] == 1, where
    assert printed(task) == [f"call {i}" for i in range(CALLS)], where


def _left_over(rig: Rig) -> list[int]:
    """Sandboxes that outlived their worker."""
    return [pid for line in rig.sandboxes.read_text().split() if psutil.pid_exists(pid := int(line)) and _is_monty(pid)]


def _is_monty(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        return "monty" in process.name() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_task_that_kills_its_workers_becomes_a_dead_letter_and_holds_nobody_up(rig, alice):
    poison = making.template(
        "import world\n\ndef run(params):\n    world.put(1)\n    world.kill_worker()\n", alice, key="poison"
    ).key
    harmless = making.template(SCRIPT, alice, key="harmless").key
    bad, good = ask(poison, alice), ask(harmless, alice, n=0)

    killed = rig.work(TASK_CRASH_LIMIT="3")["killed"]

    bad.refresh_from_db()
    good.refresh_from_db()
    assert killed == 4, "the first made a step, the next three did not"
    assert (bad.status, bad.is_dead_letter, bad.crashes) == (Status.FAILED, True, 3)
    assert bad.error["line"] == 4
    assert "3 times" in bad.error["message"]
    assert good.status == Status.COMPLETED
