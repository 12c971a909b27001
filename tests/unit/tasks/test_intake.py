"""What a queue refuses, and what it says then."""

import threading
from datetime import timedelta

import pytest
from django.db import connections

from apps.core import clock
from apps.core.errors import Conflict
from apps.tasks import lifecycle
from apps.tasks.limits import intake
from apps.tasks.models import Event, Queue, Task
from apps.tasks.operators import queues
from apps.tasks.record.journal import Batch
from apps.workers import sweep
from tests import making
from tests.unit.tasks.standing_at import claimed, submitted

pytestmark = pytest.mark.django_db


def test_a_full_queue_refuses_with_its_figures_and_takes_again_when_one_has_started(template, alice):
    Queue.objects.create(name="default", max_length=2)
    intake.forget()
    for _ in range(2):
        submitted(template, alice)
    with pytest.raises(
        intake.QueueFull, match="is full: 2 tasks in it that wait or are planned for later, and it takes 2"
    ) as refused:
        submitted(template, alice)
    assert (refused.value.code, refused.value.retry_after) == ("queue_full", 30)
    claimed()
    assert submitted(template, alice).pk


@pytest.mark.django_db(transaction=True)
def test_submits_at_the_same_moment_never_fill_a_queue_beyond_its_length(alice):
    key = making.template("def run(params):\n    return 1\n", alice).key
    Queue.objects.create(name="default", max_length=5)
    intake.forget()
    barrier, said, raised = threading.Barrier(6), [], []

    def ask() -> None:
        try:
            barrier.wait(30)
            for _ in range(4):
                try:
                    said.append(submitted(key, alice).pk)
                except intake.QueueFull as refused:
                    said.append(refused.code)
        except BaseException as error:
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert raised == []
    assert said.count("queue_full") == 19
    assert Task.objects.count() == 5


def test_a_draining_queue_takes_nothing_new_and_says_who_drains_it(template, alice):
    Queue.objects.create(name="default", is_draining=True, changed_by=alice, reason="move")
    intake.forget()
    with pytest.raises(Conflict, match=r"Queue default takes nothing new: it is being drained by alice since .*move"):
        submitted(template, alice)
    assert not Task.objects.exists()


def test_the_same_request_is_answered_although_the_queue_is_full(template, alice):
    first = submitted(template, alice, idempotency_key="k")
    Queue.objects.create(name="default", max_length=1)
    intake.forget()
    assert submitted(template, alice, idempotency_key="k").pk == first.pk


def test_what_waits_longer_than_its_queue_allows_is_cancelled_with_that_reason(template, alice):
    now = clock.now()
    with clock.frozen(now - timedelta(seconds=61)):
        old = submitted(template, alice)
    young = submitted(template, alice)
    Queue.objects.create(name="default", max_age_seconds=60)
    assert sweep.sweep().shed == 1
    old.refresh_from_db()
    assert old.status == "cancelled"
    assert old.status_reason == "it waited for longer than the 1 m that queue default allows"
    assert Event.objects.get(task=old, kind="task.cancelled").data["reason"] == old.status_reason
    assert Task.objects.get(pk=young.pk).status == "pending"


def test_what_has_begun_is_not_shed_when_it_waits_again(template, alice):
    with clock.frozen(clock.now() - timedelta(seconds=61)):
        task = submitted(template, alice)
        lease = claimed().lease
    lifecycle.release(lease, "its worker drains", Batch())
    Queue.objects.create(name="default", max_age_seconds=60)
    assert sweep.sweep().shed == 0
    assert Task.objects.get(pk=task.pk).status == "pending"


def test_while_its_queue_is_paused_nothing_grows_too_old_and_its_age_counts_from_the_resumption(template, alice):
    now = clock.now()
    Queue.objects.create(name="default", max_age_seconds=60)
    with clock.frozen(now - timedelta(seconds=300)):
        queues.pause("default", alice, "printer change")
        task = submitted(template, alice)
    assert sweep.sweep().shed == 0

    with clock.frozen(now - timedelta(seconds=30)):
        queues.resume("default", alice)
    assert sweep.sweep().shed == 0

    with clock.frozen(now + timedelta(seconds=31)):
        assert sweep.sweep().shed == 1
    assert Task.objects.get(pk=task.pk).status == "cancelled"


def test_a_task_that_was_paused_is_as_old_as_its_resumption(template, alice):
    now = clock.now()
    Queue.objects.create(name="default", max_age_seconds=60)
    with clock.frozen(now - timedelta(seconds=300)):
        task = submitted(template, alice)
        before = task.rank
        lifecycle.pause(task, alice)
    with clock.frozen(now - timedelta(seconds=30)):
        lifecycle.resume(task, alice)

    assert sweep.sweep().shed == 0

    task.refresh_from_db()
    assert (task.status, task.rank) == ("pending", before), "it has lost no place by it"
    with clock.frozen(now + timedelta(seconds=31)):
        assert sweep.sweep().shed == 1


def test_a_queue_that_is_paused_and_drained_refuses_with_the_reason_of_the_draining(template, alice):
    queues.pause("default", alice, "printer change")
    queues.drain("default", alice, "moving")
    intake.forget()

    with pytest.raises(Conflict, match="moving"):
        submitted(template, alice)
