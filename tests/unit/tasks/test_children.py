"""Tasks of tasks: started, joined, gathered, without a worker while they are waited for."""

import pytest

from apps.tasks import lifecycle
from apps.tasks.making import children
from apps.tasks.models import Attempt, Branch, Event, Task
from apps.tasks.record.branches import FOREVER
from apps.tasks.record.journal import Batch, LeaseLost
from apps.workers.running import slice as worker
from tests import making
from tests.unit.tasks.families import DOUBLE, GATHER, attempts, run
from tests.unit.tasks.standing_at import running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("double")]


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
