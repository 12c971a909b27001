from typing import Any

import pytest

from apps.executors.workflow.running import store
from apps.tasks.models import Run, Task
from tests.unit.executors.workflow.ran import attempts, node, start

BREAK = "def run(params):\n    return 1 / 0\n"
EACH: dict[str, Any] = {"type": "product", "array_mapping": {"item": [0, 1, 2, 3]}}
DOSSIER: dict[str, Any] = {
    "groups": [
        {"name": "Gather", "tasks": [node("orders"), node("letters", "orders", expansion_config=EACH)]},
        {
            "name": "Write",
            "tasks": [
                node("broken", script=BREAK, on_failure="continue"),
                {
                    "name": "ask", "result_keys": ["said"], "dependencies": ["orders"],
                    "approval": {"title": "Send <b>14</b> letters?", "users": ["alice"]},
                },
                node("send", "said", "letters"),
                node("after", "broken"),
            ],
        },
    ]
}  # fmt: skip


@pytest.fixture
def dossier(alice: Any, monkeypatch: pytest.MonkeyPatch) -> Task:
    """A workflow in the middle: orders are there, one has failed, one asks, of four letters one is written."""
    monkeypatch.setattr(store, "REST", 0)  # else a slow machine writes a letter while the run rests
    task = start(DOSSIER, alice)
    for _ in range(30):
        attempts(1)
        run = Run.objects.get(task=task)
        if (run.completed, run.failed, run.skipped) == (1, 1, 1):
            break
    letters = Task.objects.filter(parent=task, branch__node=1).order_by("item")
    assert [letter.status for letter in letters] == ["pending"] * 4
    attempts(1)
    assert letters.filter(status="completed").count() == 1
    task.refresh_from_db()
    return task
