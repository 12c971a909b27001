"""Of a branch with a bound so many may run at once, whatever frees a place."""

import pytest

from apps.tasks import lifecycle
from apps.workers.running import slice as worker
from tests import making
from tests.unit.tasks.families import GATHER, attempts, in_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("double")]


BOUND = GATHER.replace("(params['n'])])", "(params['n'])], at_once=1, at_least=0)")


def _bound(alice, count):
    """The children, of which one may run at once, in order."""
    parent = making.task(BOUND, alice, {"n": count})
    attempts(1)
    made = list(parent.children.order_by("item"))
    assert [child.status for child in made] == ["pending", *["blocked"] * (count - 1)]
    return parent, made


def test_a_blocked_child_that_was_paused_alone_goes_on_once_it_is_resumed(alice):
    parent, [_, second] = _bound(alice, 2)
    lifecycle.pause(second, alice)
    worker.drain()
    assert in_order(parent) == ["completed", "paused"]

    assert lifecycle.resume(second, alice).status == "pending"

    worker.drain()
    parent.refresh_from_db()
    assert parent.returned == [0, 2]


def test_a_blocked_child_that_is_resumed_waits_while_there_is_no_place(alice):
    parent, [_, second, _] = _bound(alice, 3)
    lifecycle.pause(second, alice)

    assert lifecycle.resume(second, alice).status == "blocked"
    assert in_order(parent) == ["pending", "blocked", "blocked"]


def test_blocked_children_that_were_paused_with_their_parent_go_on_with_it(alice):
    parent, _ = _bound(alice, 3)
    parent.refresh_from_db()
    lifecycle.pause(parent, alice)
    worker.drain()
    assert in_order(parent) == ["paused"] * 3

    lifecycle.resume(parent, alice)

    assert in_order(parent) == ["pending", "blocked", "blocked"]
    worker.drain()
    parent.refresh_from_db()
    assert parent.returned == [0, 2, 4]


def test_children_that_are_cancelled_before_their_turn_free_no_place(alice):
    parent, made = _bound(alice, 4)

    lifecycle.cancel(made[3], alice)
    lifecycle.cancel(made[2], alice)

    assert in_order(parent) == ["pending", "blocked", "cancelled", "cancelled"]


def test_who_is_paused_keeps_its_place(alice):
    parent, [first, _] = _bound(alice, 2)

    lifecycle.pause(first, alice)
    worker.drain()

    assert in_order(parent) == ["paused", "blocked"]


def test_a_child_that_is_tried_again_waits_for_a_place(alice):
    script = """
import task

def run(params):
    return [each['status'] for each in task.gather(
        [{'template': 'double', 'parameters': {'n': n}} for n in [-1, 1, 2]], at_once=1, at_least=0)]
"""
    parent = making.task(script, alice)
    attempts(2)
    assert in_order(parent) == ["failed", "pending", "blocked"]

    assert lifecycle.retry_failed(parent.children.get(status="failed"), alice).status == "blocked"

    assert in_order(parent) == ["blocked", "pending", "blocked"]
    attempts(1)
    assert in_order(parent) == ["pending", "completed", "blocked"]
    worker.drain()
    parent.refresh_from_db()
    assert parent.returned == ["failed", "completed", "completed"]


def test_a_child_that_is_tried_again_begins_where_there_is_a_place(alice):
    script = """
import task

def run(params):
    return task.gather([{'template': 'double', 'parameters': {'n': n}} for n in [-1, 1]], at_once=2, at_least=0)
"""
    parent = making.task(script, alice)
    attempts(2)

    assert lifecycle.retry_failed(parent.children.get(status="failed"), alice).status == "pending"
