"""A script asks people: it leaves its worker, goes on with what they decided, and is told when nobody did."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.tasks import approvals, lifecycle
from apps.tasks.models import Approval
from apps.workers.running import slice as worker
from tests import making

pytestmark = pytest.mark.django_db(transaction=True)

ASKS = """
import task

def run(params):
    said = task.approve('Pay?', form={'type': 'object', 'properties': {'amount': {'type': 'integer'}}}, data={'amount': 5}
                        OPTIONS)
    return [said['decision'], said['by'], said['data'], said['comment']]
"""


def asking(alice, options=""):
    task = making.task(ASKS.replace("OPTIONS", options), alice)
    worker.drain()
    task.refresh_from_db()
    return task


def test_it_goes_on_with_what_was_decided(alice):
    task = asking(alice)
    assert (task.status, task.is_listening) == ("waiting", True)
    assert "to decide “Pay?”" in task.status_reason

    approvals.decide(Approval.objects.get().pk, alice, "approve", data={"amount": 7}, comment="in two parts")
    worker.drain()

    task.refresh_from_db()
    assert task.returned == ["approve", "alice", {"amount": 7}, "in two parts"]


def test_it_asks_once_however_often_it_is_woken(alice):
    task = asking(alice)

    lifecycle.wake_now(task.pk)
    worker.drain()

    task.refresh_from_db()
    assert (task.status, Approval.objects.count()) == ("waiting", 1)


def test_when_nobody_decides_in_time_the_script_is_told(alice, monkeypatch):
    task = asking(alice, ", expires_after='1 min'")
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)

    approvals.due()
    worker.drain()

    task.refresh_from_db()
    assert (task.status, task.error["type"]) == ("failed", "TimeoutError")


def test_silence_may_be_an_answer(alice, monkeypatch):
    task = asking(alice, ", expires_after='1 min', at_expiry='reject'")
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)

    approvals.due()
    worker.drain()

    task.refresh_from_db()
    assert task.returned[:2] == ["reject", ""]


def test_a_question_that_cannot_be_asked_fails_the_call_with_what_is_wrong(alice):
    task = asking(alice, ", users=['nobody-here']")

    assert task.status == "failed"
    assert "nobody-here" in task.error["message"]
