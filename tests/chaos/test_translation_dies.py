"""A worker that is killed with -9 while the language model answers: the task goes on, and what was answered is not paid twice."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest

from tests.chaos.installation import ROOT, Installation, wait_for
from tests.translator import TranslatingServer
from tests.unit.ai.gemini_server import KEY

pytestmark = [pytest.mark.chaos, pytest.mark.long, pytest.mark.timeout(300)]

MESSAGES = [f"Message number {number} for you" for number in range(100)]
"""Four questions: 25 are asked at a time."""
ANSWERED = 2


@pytest.fixture
def model() -> Iterator[TranslatingServer]:
    server = TranslatingServer(gate=threading.Event(), gated_from=ANSWERED + 1)
    http = server.start()
    yield server
    server.gate.set()
    http.shutdown()
    http.server_close()


@pytest.fixture
def installed(model: TranslatingServer) -> Iterator[Installation]:
    made = Installation(CHAOS_LEASE="3", GEMINI_API_KEY=KEY, GEMINI_BASE_URL=model.base_url)
    try:
        made.create()
        made.manage("load_templates")
        user = "from django.contrib.auth.models import User; User.objects.create_superuser('alice')"
        made.manage("shell", "-c", user)
        made.up()
        yield made
    finally:
        made.destroy()


def test_answers_that_came_before_a_kill_are_not_paid_twice(installed: Installation, model: TranslatingServer) -> None:
    task = _submit(installed)
    wait_for("the question that is not answered", lambda: len(model.questions) > ANSWERED, seconds=60)
    for process in installed.processes():
        with suppress(psutil.Error):
            if process.pid != installed.supervisor.pid:
                process.kill()
    model.gate.set()
    query = (
        f"SELECT status, result FROM tasks_task WHERE id = {task} AND status IN ('completed', 'failed', 'cancelled')"
    )
    [(status, result)] = wait_for("the task's end", lambda: installed.sql(query), seconds=120)
    assert status == "completed"
    told = json.loads(result) if isinstance(result, str) else result
    assert "100 of 100 translated" in str(told)
    asked = [[row["text"] for row in question["messages"]] for question in model.questions]
    before, after = asked[:ANSWERED], asked[ANSWERED:]
    assert not [batch for batch in after if batch in before], "asked again though it was answered and recorded"
    assert {text for batch in asked for text in batch} == set(MESSAGES)
    assert len(asked) <= 5, "only the question in flight was asked again"
    assert installed.sql(f"SELECT count(*) FROM tasks_attempt WHERE task_id = {task}")[0][0] > 1


def _submit(installed: Installation) -> int:
    script = (
        "from django.contrib.auth.models import User; from apps.tasks.making.submission import Request, submit;"
        f"asked = {{'messages': {MESSAGES!r}, 'languages': ['German']}};"
        "print(submit(Request(template='bulk_translation_v1', parameters=asked, origin='test'),"
        " User.objects.get(username='alice')).task.pk)"
    )
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", script],
        cwd=ROOT, env=installed.environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])
