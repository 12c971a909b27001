"""Tasks of tasks: started, waited for without a worker, counted, paused and cancelled with their parent."""

import threading
from datetime import timedelta

import pytest
from django.db import connections

from apps.core import clock
from apps.core import saying as words
from apps.core.errors import Conflict, NotPermitted
from apps.tasks import lifecycle
from apps.tasks.lifecycle import family, telling
from apps.tasks.making import children
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Attempt, Branch, Event, Execution, Task
from apps.tasks.record.branches import FOREVER
from apps.tasks.record.journal import Batch, LeaseLost
from apps.tasks.states import Status
from apps.workers import sweep
from apps.workers.registry import roster
from apps.workers.running import slice as worker
from apps.workers.running.hand import Hand
from tests import making
from tests.unit.tasks.standing_at import running

pytestmark = pytest.mark.django_db(transaction=True)

DOUBLE = """
def run(params):
    if params.get('n', 0) < 0:
        raise ValueError('negative')
    return params.get('n', 0) * 2
"""
GATHER = """
import task

def run(params):
    done = task.gather([{'template': 'double', 'parameters': {'n': n}} for n in range(params['n'])])
    return [each['result'] for each in done]
"""


@pytest.fixture(autouse=True)
def _double(alice):
    making.template(DOUBLE, alice, key="double")


def attempts(number):
    """Let a worker carry out so many, the best first."""
    registered = roster.register(["default"])
    with worker._heartbeat(registered) as heartbeat, Hand(registered) as hand:
        for _ in range(number):
            worker.run_next(hand, ["default"], heartbeat)


def run(script, by, **parameters):
    """The parent once nothing can be claimed any more."""
    parent = making.task(script, by, parameters, parameter_schema={"type": "object", "properties": {
        name: {"type": "integer"} for name in parameters}})  # fmt: skip
    worker.drain()
    parent.refresh_from_db()
    return parent


def test_a_script_gathers_what_many_tasks_returned_in_order(alice):
    parent = run(GATHER, alice, n=7)

    assert (parent.status, parent.returned) == ("completed", [0, 2, 4, 6, 8, 10, 12])
    assert parent.children.count() == 7
    branch = Branch.objects.get()
    assert (branch.total, branch.made, branch.outstanding, branch.failed, branch.completed) == (7, 7, 0, 0, 7)
    assert branch.ended_at is not None
    # Left its worker once and was woken once, whatever the number of children.
    assert Attempt.objects.filter(task=parent).count() == 2
    assert [event.kind for event in Event.objects.filter(task=parent)].count("task.woken") == 1


def test_gathering_nothing_waits_for_nothing(alice):
    assert run(GATHER, alice, n=0).returned == []


def test_more_children_than_one_statement_makes(alice, monkeypatch):
    monkeypatch.setattr(children, "CHUNK", 3)

    assert run(GATHER, alice, n=10).returned == [2 * n for n in range(10)]


def test_of_a_branch_with_a_bound_only_so_many_are_claimable(alice):
    script = GATHER.replace("(params['n'])])", "(params['n'])], at_once=2)")
    parent = making.task(script, alice, {"n": 5})
    attempts(1)
    statuses = list(parent.children.order_by("item").values_list("status", flat=True))
    assert statuses == ["pending", "pending", "blocked", "blocked", "blocked"]

    worker.drain()

    parent.refresh_from_db()
    assert parent.returned == [0, 2, 4, 6, 8]


def test_a_failure_ends_the_gathering_and_cancels_the_rest(alice):
    script = """
import task

def run(params):
    task.gather([{'template': 'double', 'parameters': {'n': n}} for n in [-1, 1, 2, 3, 4]], at_once=1)
"""
    parent = run(script, alice)

    assert parent.status == "failed"
    assert "1 of 5 tasks did not complete, and 5 must" in parent.error["message"]
    assert sorted(parent.children.values_list("status", flat=True)) == ["cancelled"] * 4 + ["failed"]


def test_as_many_may_fail_as_the_script_says(alice):
    script = """
import task

def run(params):
    done = task.gather([{'template': 'double', 'parameters': {'n': n}} for n in [-1, 1, -2, 3]], at_least=2)
    return [[each['status'], each['result']] for each in done]
"""
    assert run(script, alice).returned == [["failed", None], ["completed", 2], ["failed", None], ["completed", 6]]


def test_a_request_that_cannot_be_made_says_which_and_makes_none(alice):
    script = """
import task

def run(params):
    task.gather([{'template': 'double'}, {'template': 'nonesuch'}])
"""
    parent = run(script, alice)

    assert "nonesuch" in parent.error["message"]
    assert not parent.children.exists()


def test_spawned_tasks_are_joined_by_number(alice):
    script = """
import task

def run(params):
    ids = [task.spawn('double', {'n': n}) for n in range(3)]
    return [each['result'] for each in task.join(ids)]
"""
    parent = run(script, alice)

    assert parent.returned == [0, 2, 4]
    assert Branch.objects.filter(task=parent).count() == 3


def test_others_tasks_cannot_be_joined(alice):
    other = making.task(DOUBLE, alice, key="other")
    parent = run(f"import task\n\ndef run(params):\n    task.join([{other.pk}])\n", alice)

    assert f"did not start {other.pk}" in parent.error["message"]


def test_a_child_that_ends_does_not_cut_short_a_sleep(alice):
    script = "import task\n\ndef run(params):\n    task.spawn('double', {'n': 1})\n    task.sleep(3600)\n"
    parent = run(script, alice)

    assert parent.status == "waiting"
    assert parent.children.get().status == "completed"
    assert parent.available_at < FOREVER


def test_a_script_that_starts_itself_is_stopped_at_a_depth(alice, monkeypatch):
    monkeypatch.setattr(children, "DEEPEST", 3)
    script = "import task\n\ndef run(params):\n    task.spawn('sample')\n"
    run(script, alice)

    deepest = Task.objects.order_by("-pk").first()
    assert Task.objects.count() == 4
    assert "3 deep" in deepest.error["message"]


def _waiting(alice, count=3):
    """A parent that waits for children which nobody has begun."""
    parent = making.task(GATHER, alice, {"n": count})
    attempts(1)
    parent.refresh_from_db()
    assert (parent.status, parent.status_reason) == (
        "waiting",
        f"waits for {words.count(count, 'task')} that it has started",
    )
    return parent


def statuses(parent):
    return set(parent.children.values_list("status", flat=True))


def test_pause_and_resume_reach_the_children(alice):
    parent = _waiting(alice)

    lifecycle.pause(parent, alice)
    assert statuses(parent) == {"paused"}

    parent.refresh_from_db()
    lifecycle.resume(parent, alice)
    assert statuses(parent) == {"pending"}
    worker.drain()
    parent.refresh_from_db()
    assert parent.returned == [0, 2, 4]


def test_who_was_paused_alone_stays_paused(alice):
    parent = _waiting(alice)
    first = parent.children.order_by("item").first()
    lifecycle.pause(first, alice)

    lifecycle.pause(parent, alice)
    parent.refresh_from_db()
    lifecycle.resume(parent, alice)

    first.refresh_from_db()
    assert first.status == "paused"
    assert sorted(parent.children.values_list("status", flat=True)) == ["paused", "pending", "pending"]


def test_children_that_end_while_their_parent_is_paused_wake_it_when_it_is_resumed(alice):
    parent = _waiting(alice, count=1)
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
    parent = _waiting(alice)
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


def test_a_script_that_catches_the_failure_goes_on_and_the_rest_is_cancelled(alice):
    script = """
import task

def run(params):
    try:
        task.gather([{'template': 'double', 'parameters': {'n': n}} for n in [-1, 1, 2]], at_once=1)
    except RuntimeError:
        return 'without them'
"""
    parent = run(script, alice)

    assert parent.returned == "without them"
    assert sorted(parent.children.values_list("status", flat=True)) == ["cancelled", "cancelled", "failed"]


def test_who_has_lost_the_lease_makes_no_children(alice):
    made = running("double", alice)
    lifecycle.release(made.lease, "its worker drains", Batch())
    child = children.Templates(alice).child("double", {})

    with pytest.raises(LeaseLost):
        children.make(made.lease, "0", [child])

    assert not Task.objects.filter(parent=made.task_id).exists()
