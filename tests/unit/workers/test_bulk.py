"""Actions on many tasks, seen from working slices."""

import pytest

from apps.tasks.operators import bulk
from apps.tasks.operators.filters import Filter
from apps.tasks.states import Status
from apps.workers.running import slice as slices
from tests import making
from tests.unit.executors import sink
from tests.unit.tasks.test_bulk import copies
from tests.unit.workers.test_control import LOOP, obey_quickly  # noqa: F401  # a fixture
from tests.unit.workers.waiting import draining, has_status, status, until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_pure_loop_that_is_paused_among_many_obeys_and_goes_on(alice, obey_quickly):  # noqa: F811
    task = making.task(LOOP, alice)
    with draining():
        until(lambda: sink.effects)
        action = bulk.start(Filter(template="sample"), "pause", {"reason": "enough"}, alice)
        assert (action.done, action.skips) == (1, {})
        until(has_status(task, Status.PAUSED), 5)
    task.refresh_from_db()
    assert task.status_reason == "enough"
    type(task).objects.filter(pk=task.pk).update(parameters={"n": 0})  # this time without the loop
    bulk.start(Filter(template="sample"), "resume", {}, alice)
    slices.drain()
    assert status(task) == Status.COMPLETED
    assert [value for _, value in sink.effects] == [1, 2]


def test_a_working_slice_works_off_what_is_left_undone(alice, obey_quickly):  # noqa: F811
    # Before the slice begins: the script is checked in the one sandbox that this process has.
    later = making.task("def run(params):\n    return 1\n", alice, key="later")
    type(later).objects.filter(pk=later.pk).update(queue="elsewhere")
    later.refresh_from_db()
    copies(later, 250)
    running = making.task(LOOP, alice)
    with draining():
        until(lambda: sink.effects)
        action = bulk.start(Filter(template="later"), "cancel", {}, alice)
        assert action.status == "running"
        until(lambda: bulk.BulkAction.objects.get(pk=action.pk).status == "done", 60)
        bulk.start(Filter(ids=(running.pk,)), "cancel", {}, alice)
        until(has_status(running, Status.CANCELLED), 5)
    action.refresh_from_db()
    assert (action.done, action.skipped) == (251, 0)
