"""Why a task does not run, in one sentence."""

from datetime import timedelta

import pytest

from apps.console import reasons, state
from apps.core import clock
from apps.tasks import lifecycle
from apps.tasks.models import Task
from apps.tasks.record.journal import Batch
from apps.tasks.sight import EVERYTHING
from apps.workers.registry import roster
from tests.unit.console.conftest import claim_for_a_test

pytestmark = pytest.mark.django_db


def sentence(task: Task) -> str:
    found = Task.objects.select_related(*state.RELATED).get(pk=task.pk)
    return reasons.why(found, reasons.around([found], clock.now(), EVERYTHING))


def test_no_live_worker_serves_the_queue(walk):
    assert sentence(walk) == "No live worker serves queue default. It starts as soon as one does."


def test_a_silent_worker_serves_nothing(walk):
    worker = roster.register(["default"])
    type(worker).objects.update(heartbeat_at=clock.now() - timedelta(minutes=1))

    assert sentence(walk).startswith("No live worker serves queue default.")


def test_it_waits_for_a_free_worker(walk):
    roster.register(["default"])

    assert sentence(walk) == "Waits for a free worker of queue default. Place 1."


def test_the_next_attempt_says_which_when_and_why(walk):
    roster.register(["default"])
    claim = claim_for_a_test(walk)
    error = {"type": "TimeoutError", "message": "the CRM did not answer", "is_transient": True, "code": "tool_error"}
    lifecycle.fail(claim.lease, error, Batch())

    said = sentence(walk)

    assert said.startswith("Attempt 2 of 3 in ")
    assert said.endswith(": The CRM did not answer.")


def test_a_pause_names_who_and_why(walk, alice):
    lifecycle.pause(walk, alice, "printer change")

    assert "Paused by alice at " in sentence(walk)
    assert "(“printer change”). It goes on when somebody resumes it." in sentence(walk)


def test_a_sleeping_task_says_until_when(walk):
    claim = claim_for_a_test(walk)
    lifecycle.suspend(claim.lease, clock.now() + timedelta(minutes=16), "sleeps", Batch())

    assert sentence(walk).startswith("Sleeps until ")
    assert "for 15 m 59 s more." in sentence(walk) or "for 16 m more." in sentence(walk)


def test_a_cancelled_task_says_by_whom(walk, alice):
    lifecycle.cancel(walk, alice, "wrong year")

    assert sentence(walk) == "Cancelled by alice (“wrong year”)."
