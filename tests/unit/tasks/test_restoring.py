"""D3: a restored database does nothing by itself."""

import pytest

from apps.tasks import lifecycle
from apps.tasks.claims.claiming import claim
from apps.tasks.models import Task
from apps.tasks.operators import restoring
from apps.tasks.record.journal import Batch, LeaseLost
from apps.tasks.states import Status
from apps.workers.running.slice import drain
from tests import making

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = "import task\n\ndef run(params):\n    return task.new_id()\n"


def test_everything_open_is_held_with_the_reason_and_nothing_is_claimed(alice):
    pending, running, cancelling, paused = (making.task(SCRIPT, alice) for _ in range(4))
    lifecycle.pause(paused, alice, "over the weekend")
    for task in (running, cancelling):
        Task.objects.exclude(pk=task.pk).filter(status=Status.PENDING).update(queue="elsewhere")
        Task.objects.filter(pk=task.pk).update(queue="default")
        taken = claim(["default"], worker="oak-1", cluster="oak")
        assert taken is not None
    Task.objects.update(queue="default")
    lifecycle.cancel(cancelling, alice, "not needed")

    held = restoring.hold(alice)

    assert (held.paused, held.were_running, held.cancelled) == (2, 2, 1)
    reasons = dict(Task.objects.values_list("pk", "status_reason"))
    assert reasons[pending.pk] == reasons[running.pk] == restoring.REASON
    assert reasons[paused.pk] == "over the weekend"
    assert set(Task.objects.values_list("status", flat=True)) == {Status.PAUSED, Status.CANCELLED}
    assert drain() == 0


def test_a_held_task_goes_on_when_it_is_resumed_and_its_old_worker_can_write_nothing(alice):
    task = making.task(SCRIPT, alice)
    taken = claim(["default"], worker="oak-1", cluster="oak")
    assert taken is not None
    restoring.hold(alice)

    with pytest.raises(LeaseLost):
        lifecycle.complete(taken.lease, "1", Batch())
    lifecycle.resume(task, alice)
    drain()

    task.refresh_from_db()
    assert task.status == Status.COMPLETED
    assert [attempt.outcome for attempt in task.attempts.all()] == ["crashed", "completed"]
