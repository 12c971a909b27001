"""Tasks wait for what they are told from outside."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.core.errors import Conflict, NotPermitted
from apps.tasks import lifecycle
from apps.tasks.lifecycle import telling
from apps.tasks.models import Execution
from apps.tasks.record.branches import FOREVER
from apps.tasks.record.journal import Batch
from apps.workers import sweep
from apps.workers.running import slice as worker
from tests import making
from tests.unit.tasks.families import run
from tests.unit.tasks.standing_at import running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("double")]

WAITS = "import task\n\ndef run(params):\n    return [task.wait_for_event('paid', 3600), task.wait_for_event('paid')]\n"


def test_a_task_goes_on_with_what_it_is_told(alice):
    waiting = run(WAITS, alice)
    assert (waiting.status, waiting.status_reason) == ("waiting", "waits for the event “paid”")

    telling.tell(waiting, alice, "paid", {"amount": 5})
    worker.drain()
    waiting.refresh_from_db()
    assert waiting.status == "waiting"
    telling.tell(waiting, alice, "paid", 2)
    worker.drain()

    waiting.refresh_from_db()
    assert waiting.returned == [{"amount": 5}, 2]


def test_what_comes_before_it_is_asked_for_is_kept(alice):
    task = making.task(WAITS, alice)
    for number in (1, 2):
        telling.tell(task, alice, "paid", number)
    telling.tell(task, alice, "other", 3)

    worker.drain()

    task.refresh_from_db()
    assert task.returned == [1, 2]


def test_an_event_that_does_not_come_in_time_is_none(alice):
    task = run(WAITS.replace("3600", "60"), alice)
    assert task.available_at < FOREVER
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        sweep.wake()
        worker.drain()
    telling.tell(task, alice, "paid", 7)
    worker.drain()

    task.refresh_from_db()
    assert (task.status, task.status_reason, task.error, task.returned) == ("completed", "", None, [None, 7])


def test_nobody_tells_a_task_that_is_not_theirs_or_has_ended(alice, bob):
    task = run(WAITS, alice)
    with pytest.raises(NotPermitted, match="may not tell"):
        telling.tell(task, bob, "paid")

    lifecycle.cancel(task, alice)
    with pytest.raises(Conflict, match="hears nothing"):
        telling.tell(task, alice, "paid")


@pytest.mark.parametrize(("is_listening", "after"), [(True, "pending"), (False, "waiting")])
def test_what_comes_while_a_task_gets_ready_to_sleep_is_not_slept_through(alice, is_listening, after):
    made = running("double", alice)

    assert not lifecycle.wake_now(made.task.pk), "it runs"
    lifecycle.suspend(made.lease, clock.now() + timedelta(hours=1), "waits", Batch(), is_listening=is_listening)

    made.task.refresh_from_db()
    assert made.task.status == after
    assert not Execution.objects.get(pk=made.task.pk).is_nudged
