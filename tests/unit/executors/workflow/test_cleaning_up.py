"""What a run leaves is let go when its workflow says, or when its worker is short of memory."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.executors.workflow.running import held
from apps.tasks import lifecycle, standing
from apps.tasks.making import equal
from apps.tasks.models import Task
from apps.tasks.retention import contexts
from tests import making
from tests.unit.executors.workflow.ran import attempts, go_on, node, ran, start

pytestmark = pytest.mark.django_db(transaction=True)

FAILS = "def run(params):\n    raise ValueError('no such customer')\n"
WAITS = "import task\n\ndef run(params):\n    task.sleep(3600)\n"


def workflow(*tasks, **more):
    return {"tasks": list(tasks), **more}


def forgotten(after):
    """What is forgotten by then is forgotten."""
    while contexts.forget(clock.now() + after):
        pass


def test_what_the_tasks_of_a_run_returned_goes_half_a_day_after_its_end(alice, monkeypatch):
    monkeypatch.setattr(contexts, "RESULTS", 2)
    task = ran(workflow(node("a"), *(node(f"b{n}", "a") for n in range(4)), outputs=["b1"]), alice)
    beside = ran(workflow(node("a"), cleanup={"retention": {"results": "3 d"}}), alice)

    forgotten(timedelta(hours=11))
    assert not task.children.filter(result="").exists()
    forgotten(timedelta(hours=13))

    assert set(task.children.values_list("result", "status")) == {("", "completed")}
    assert [child.returned for child in beside.children.all()] == ["a"]
    task.refresh_from_db()
    assert task.returned == {"b1": "b1"}
    assert standing.summary(task.children.first()) == "Removed some time after the workflow had ended."
    forgotten(timedelta(days=4))
    assert [child.returned for child in beside.children.all()] == [None]


def test_results_stay_where_completing_is_no_reason_to_clean_up(alice):
    task = ran(workflow(node("a"), cleanup={"triggers": {"completion": False}}), alice)
    forgotten(timedelta(days=300))

    assert [child.returned for child in task.children.all()] == ["a"]


@pytest.mark.parametrize(
    ("triggers", "days", "is_kept"), [({}, 6, True), ({}, 8, False), ({"error": False}, 300, True)]
)
def test_results_of_a_failed_run_stay_as_long_as_its_values(alice, triggers, days, is_kept):
    making.template(FAILS, alice, key="fragile")
    task = ran(workflow(node("a"), node("b", "a", template="fragile"), cleanup={"triggers": triggers}), alice)
    forgotten(timedelta(days=days))

    assert (task.children.get(branch__node=0).result != "") == is_kept


def test_results_of_a_run_that_is_repaired_stay(alice):
    making.template(FAILS, alice, key="fragile")
    task = ran(workflow(node("a"), node("b", "a", template="fragile")), alice)
    making.template(WAITS, alice, key="fragile")
    lifecycle.retry_failed(task, alice)
    attempts(1)
    forgotten(timedelta(days=8))

    assert task.children.get(branch__node=0).returned == "a"


def test_equal_requests_are_not_answered_by_a_result_that_is_gone(alice):
    making.template("def run(params):\n    return 5\n", alice, key="equal", cache_seconds=1_000_000)
    task = ran(workflow(node("a", template="equal")), alice)
    child = task.children.get()
    revision, digest = child.revision, equal.request_digest(child.revision, {})
    Task.objects.filter(pk=child.pk).update(request_digest=digest)
    assert equal.answer(revision, digest, alice, clock.now()) == child
    forgotten(timedelta(hours=13))

    assert equal.answer(revision, digest, alice, clock.now()) is None


@pytest.mark.parametrize(("percent", "is_held"), [(79, True), (80, False), (81, False)])
def test_a_worker_that_is_short_of_memory_holds_nothing_of_a_run(alice, monkeypatch, settings, percent, is_held):
    settings.WORKER_MEMORY_MB = 100
    monkeypatch.setattr(held, "memory", lambda: percent << 20)
    held.forget_all()
    first = start(workflow(node("a"), node("b", "a"), node("c", "b")), alice)
    attempts(3)
    assert (first.uid.hex in held._held) == is_held

    assert go_on(first).returned == {"c": "c"}


def test_a_workflow_says_from_which_share_of_the_memory_on(alice, monkeypatch, settings):
    settings.WORKER_MEMORY_MB = 100
    monkeypatch.setattr(held, "memory", lambda: 50 << 20)
    held.forget_all()
    modest = workflow(node("a", script=WAITS), cleanup={"triggers": {"memory_percent": 40}})
    other = ran(workflow(node("a", script=WAITS)), alice)
    start(modest, alice)
    assert other.uid.hex in held._held
    attempts(1)

    assert not held._held


def test_without_a_limit_no_memory_is_too_much(alice, settings):
    settings.WORKER_MEMORY_MB = 0
    assert held.memory() > 1_000_000
    assert not held.is_crowded(1)
