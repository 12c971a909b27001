"""What befalls a task that has started others reaches them, and their ends reach it."""

import threading

import pytest
from django.db import connections

from apps.core.errors import Conflict
from apps.tasks import lifecycle
from apps.tasks.lifecycle import family
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Branch, Task
from apps.tasks.states import Status
from apps.workers import sweep
from apps.workers.running import slice as worker
from tests import making
from tests.unit.tasks.families import GATHER, attempts, run, statuses, waiting

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("double")]


def test_pause_and_resume_reach_the_children(alice):
    parent = waiting(alice)

    lifecycle.pause(parent, alice)
    assert statuses(parent) == {"paused"}

    parent.refresh_from_db()
    lifecycle.resume(parent, alice)
    assert statuses(parent) == {"pending"}
    worker.drain()
    parent.refresh_from_db()
    assert parent.returned == [0, 2, 4]


def test_who_was_paused_alone_stays_paused(alice):
    parent = waiting(alice)
    first = parent.children.order_by("item").first()
    lifecycle.pause(first, alice)

    lifecycle.pause(parent, alice)
    parent.refresh_from_db()
    lifecycle.resume(parent, alice)

    first.refresh_from_db()
    assert first.status == "paused"
    assert sorted(parent.children.values_list("status", flat=True)) == ["paused", "pending", "pending"]


def test_children_that_end_while_their_parent_is_paused_wake_it_when_it_is_resumed(alice):
    parent = waiting(alice, count=1)
    child = parent.children.get()
    lifecycle.pause(parent, alice)
    child.refresh_from_db()
    lifecycle.resume(child, alice)
    Task.objects.filter(pk=child.pk).update(is_paused_with_parent=False)
    lifecycle.cancel(Task.objects.get(pk=child.pk), alice)

    parent.refresh_from_db()
    lifecycle.resume(parent, alice)

    parent.refresh_from_db()
    assert parent.status == "pending"


def test_cancel_reaches_the_children_and_theirs(alice):
    making.template(GATHER, alice, key="middle")
    script = "import task\n\ndef run(params):\n    task.gather([{'template': 'middle', 'parameters': {'n': 2}}])\n"
    parent = making.task(script, alice, key="top")
    attempts(2)

    lifecycle.cancel(Task.objects.get(pk=parent.pk), alice, "enough")

    assert set(Task.objects.values_list("status", flat=True)) == {"cancelled"}
    assert Task.objects.count() == 4


def test_the_sweep_finishes_what_a_dead_process_left(alice, monkeypatch):
    parent = waiting(alice)
    monkeypatch.setattr(family, "follow", lambda *_: 0)
    lifecycle.cancel(parent, alice)
    assert statuses(parent) == {"pending"}
    monkeypatch.undo()

    assert sweep.sweep().followed == 3

    assert statuses(parent) == {"cancelled"}
    assert sweep.sweep().followed == 0


def test_a_failed_child_of_an_open_parent_is_tried_again_and_waited_for(alice):
    script = """
import task

def run(params):
    return [each['status'] for each in task.gather(
        [{'template': 'double', 'parameters': {'n': n}} for n in [-1, 1]], at_least=0)]
"""
    parent = making.task(script, alice)
    attempts(2)
    failed = parent.children.get(status="failed")
    assert Branch.objects.get().outstanding == 1

    lifecycle.retry_failed(failed, alice)

    branch = Branch.objects.get()
    assert (branch.outstanding, branch.failed) == (2, 0)
    worker.drain()
    parent.refresh_from_db()
    assert parent.returned == ["failed", "completed"]
    assert Branch.objects.get().outstanding == 0


def test_a_child_whose_parent_has_ended_is_not_tried_again_alone(alice):
    parent = run(
        "import task\n\ndef run(params):\n    task.gather([{'template': 'double', 'parameters': {'n': -1}}])\n", alice
    )
    assert parent.status == "failed"

    with pytest.raises(Conflict, match=f"part of task {parent.pk}"):
        lifecycle.retry_failed(parent.children.get(), alice)

    branch = Branch.objects.get()
    assert (branch.outstanding, branch.failed) == (0, 1)


def test_children_that_end_at_the_same_time_as_their_parent_falls_asleep_wake_it(alice):
    """Many rounds with a second worker in a thread: a lost wake-up would leave the parent waiting."""
    made = making.template(GATHER, alice, key="gather", parameter_schema=making.ANYTHING)
    asked = Request(template=made.key, parameters={"n": 2}, origin="test")
    parents = [submit(asked, alice).task for _ in range(20)]
    stop = threading.Event()

    def work():
        try:
            while not stop.is_set():
                worker.drain()
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(400):
            worker.drain()
            if not Task.objects.filter(finished_at=None).exists():
                break
    finally:
        stop.set()
        thread.join()

    assert set(Task.objects.filter(pk__in=[task.pk for task in parents]).values_list("status", flat=True)) == {
        Status.COMPLETED
    }
