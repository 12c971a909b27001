"""A script asks people, leaves its worker, and goes on with what they decided."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from apps.core import clock
from apps.tasks import approvals, lifecycle
from apps.tasks.models import Approval, Task
from apps.workers import sweep
from apps.workers.running import slice as worker
from tests import making
from tests.unit.tasks.asked import person

pytestmark = pytest.mark.django_db(transaction=True)

LETTERS = """
import task

FORM = {'type': 'object', 'required': ['clients'], 'properties': {'clients': {
    'type': 'array', 'items': {'type': 'string', 'enum': ['Northwind', 'Birch']}}}}

def run(params):
    answer = task.approve(
        'Send 2 letters?', text='They are overdue.', groups=['finance'], four_eyes=True, form=FORM,
        data={'clients': ['Northwind', 'Birch']}, expires_after='1 h', at_expiry='reject',
        evidence=[{'table': {'columns': ['Client', 'Days'], 'rows': [['Northwind', 91], ['Birch', 41]]}}],
    )
    if answer['decision'] == 'reject':
        return {'summary': 'Nothing was sent.', 'by': answer['by']}
    return {'summary': f"Sent to {', '.join(answer['data']['clients'])}.", 'by': answer['by']}
"""


@pytest.fixture
def ivan(db: None) -> User:
    """In finance; sees no task."""
    return person("ivan", "finance", is_staff=True)


@pytest.fixture
def waiting(alice: User, ivan: User) -> Task:
    task = making.task(LETTERS, alice)
    worker.drain()
    task.refresh_from_db()
    assert (task.status, task.status_reason[:31]) == ("waiting", "waits for finance to decide “Se"), task.error
    return task


def ended(task: Task) -> Any:
    worker.drain()
    task.refresh_from_db()
    assert task.status == "completed", (task.status, task.error)
    return task.returned


def test_decided_in_the_browser_with_one_client_less(waiting: Task, ivan: User) -> None:
    browser = Client()
    browser.force_login(ivan)
    question = Approval.objects.get()
    browser.post(
        f"/admin/tasks/approval/{question.pk}/decide/",
        {"decision": "approve", "filled": '{"clients": ["Northwind"]}', "comment": "Birch paid by phone"},
    )
    assert ended(waiting) == {"summary": "Sent to Northwind.", "by": "ivan"}
    assert Approval.objects.count() == 1, "the call that is made again asks nothing again"


def test_decided_over_the_api(waiting: Task, ivan: User) -> None:
    program = APIClient()
    program.force_authenticate(ivan)
    question = program.get("/api/v1/approvals/?of=groups").json()["results"][0]
    assert program.post(question["links"]["decide"], {"decision": "reject"}, format="json").status_code == 200
    assert ended(waiting) == {"summary": "Nothing was sent.", "by": "ivan"}


def test_decided_by_silence(waiting: Task) -> None:
    Approval.objects.update(expires_at=clock.now(), due_at=clock.now())  # as when the hour is over
    assert sweep.sweep().approvals == 1
    assert ended(waiting) == {"summary": "Nothing was sent.", "by": ""}


def test_decided_while_it_is_paused(waiting: Task, alice: User, ivan: User) -> None:
    lifecycle.pause(waiting, alice)
    approvals.decide(Approval.objects.get().pk, ivan, "approve")
    assert worker.drain() == 0
    lifecycle.resume(waiting, alice)
    assert ended(waiting)["summary"] == "Sent to Northwind, Birch."


def test_cancelled_while_it_asks(waiting: Task, alice: User, ivan: User) -> None:
    lifecycle.cancel(waiting, alice)
    sweep.sweep()
    assert Approval.objects.get().state == "withdrawn"
    waiting.refresh_from_db()
    assert waiting.status == "cancelled"


def test_asked_anew_when_nobody_had_decided_and_it_is_tried_again(alice: User, ivan: User) -> None:
    task = making.task(LETTERS.replace(", at_expiry='reject'", ""), alice)
    worker.drain()
    Approval.objects.update(expires_at=clock.now(), due_at=clock.now())
    sweep.sweep()
    while worker.drain():
        Task.objects.filter(pk=task.pk, status="pending").update(available_at=clock.now())
    task.refresh_from_db()
    assert task.status == "failed" and "nobody decided" in task.error["message"], (task.status, task.error)

    lifecycle.retry_failed(task, alice)
    worker.drain()
    approvals.decide(Approval.objects.get(state="open").pk, ivan, "reject")
    assert ended(task) == {"summary": "Nothing was sent.", "by": "ivan"}
