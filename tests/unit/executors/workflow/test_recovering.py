"""What kills, repairs and other processes leave of a run: nothing is lost, nothing is repeated that had completed."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.executors.workflow.running import attempt, finishing, held, store
from apps.tasks import approvals, lifecycle
from apps.tasks.lifecycle import telling
from apps.tasks.making import children
from apps.tasks.models import Approval, Execution, Node, Run, Task
from apps.tasks.retention import contexts
from tests import making
from tests.unit.executors.workflow.ran import SAY, attempts, go_on, node, ran, start, states

pytestmark = pytest.mark.django_db(transaction=True)

FAILS = "def run(params):\n    raise ValueError('broken')\n"
FIVE = "def run(params):\n    return 5\n"
SLOW = "import task\n\ndef run(params):\n    task.sleep(3600)\n"
ASK = {"approval": {"title": "May it?"}}


def workflow(*nodes, **more):
    return {"tasks": list(nodes), **more}


def listens(name, event="go", *waits_for):
    return {**node(name), "dependencies": [*waits_for, {"event": event}]}


def killed_in(monkeypatch, owner, name, *, at=1, after=False):
    """The worker dies in the so many-th call of this, before or after it has done its work."""
    real, calls = getattr(owner, name), []

    def dies(*args, **more):
        calls.append(1)
        if len(calls) != at:
            return real(*args, **more)
        if after:
            real(*args, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, dies)
        with pytest.raises(KeyboardInterrupt):
            attempts(30)


def rescued(task):
    lease = Execution.objects.get(task=task).lease_token
    assert lifecycle.rescue(task.pk, lease, "its worker died", is_proved=True)
    held.forget_all()
    return go_on(task)


def dead(task, monkeypatch):
    """It fails by an error of our own, until it is a dead letter."""
    with monkeypatch.context() as patched:
        patched.setattr(attempt, "attempt", lambda session: 1 / 0)
        while task.status != "failed":
            Task.objects.filter(pk=task.pk).update(status="pending", available_at=clock.now())
            attempts(1)
            task.refresh_from_db()


def test_a_milestone_that_was_reached_in_the_first_of_two_writes(alice, monkeypatch):
    task = start(workflow(node("a"), {**node("b"), "dependencies": [{"task": "a", "state": "started"}]}), alice)
    killed_in(monkeypatch, store.Saving, "write", at=2)

    assert rescued(task).status == "completed"


def test_a_run_that_was_about_to_complete_completes(alice, monkeypatch):
    graph = workflow(node("a"), node("b", "a"), outputs=["a", "b"], cleanup={"after": ["a"]})
    task = start(graph, alice)
    killed_in(monkeypatch, finishing, "finish", after=True)

    assert rescued(task).returned == {"a": "a", "b": "b"}


def test_a_run_that_was_about_to_fail_fails_and_repeats_nothing(alice, monkeypatch):
    task = start(workflow(node("a", script=FAILS)), alice)
    killed_in(monkeypatch, finishing, "finish", after=True)

    assert (rescued(task).status, task.children.count()) == ("failed", 1)


def test_what_nobody_waits_for_is_withdrawn_though_the_worker_dies_before_it(alice, monkeypatch):
    graph = workflow(
        node("fast", cancels=["slow", "ask"]), node("slow", script=SLOW), {"name": "ask", **ASK}, listens("other")
    )
    task = start(graph, alice)
    killed_in(monkeypatch, attempt._Attempt, "_withdraw", at=2)
    rescued(task)

    assert states(task)["slow"] == "cancelled"
    assert (task.children.get(branch__node=1).status, Approval.objects.get().is_open) == ("cancelled", False)


def test_a_part_of_an_expansion_that_may_not_be_made_any_more_fails_its_node(alice, monkeypatch):
    monkeypatch.setattr(children, "CHUNK", 4)
    template = making.template("def run(params):\n    return params['n']\n", alice, key="some")
    spread = {"array_mapping": {"n": list(range(10))}}
    graph = workflow(
        {"name": "D", "template": "some", "parameters": {"n": "{n}"}, "on_failure": "skip", "expansion_config": spread},
        node("x"),
    )
    task = start(graph, alice)
    killed_in(monkeypatch, children, "make_rest")
    template.is_enabled = False
    template.save()

    assert (rescued(task).status, states(task)) == ("completed", {"D": "failed", "x": "completed"})


@pytest.mark.parametrize("is_another", [False, True])
def test_a_node_that_another_process_has_mended(alice, monkeypatch, is_another):
    making.template(FAILS, alice, key="fragile")
    graph = workflow(
        node("a", template="fragile"), node("b", "a", script=SAY), node("e", "b", script=SAY),
        {"name": "ask", **ASK, "on_failure": "continue"}, node("slow", script=SLOW),
    )  # fmt: skip
    mine = held._held
    task = ran(graph, alice)
    child = task.children.get(branch__node=0)
    Task.objects.filter(pk=child.pk).update(revision=making.template(FIVE, alice, key="other").published)
    if is_another:
        monkeypatch.setattr(held, "_held", type(mine)())
    lifecycle.retry_failed(child, alice)
    attempts(2)  # the child; the run takes note, and b begins
    monkeypatch.setattr(held, "_held", mine)
    go_on(task)

    assert (task.status, states(task)["b"], states(task)["e"]) == ("waiting", "completed", "completed")


def test_a_repair_after_an_error_of_our_own_begins_anew_what_had_been_cancelled_with_it(alice, monkeypatch):
    task = ran(workflow(node("a", script=SLOW), {"name": "ask", **ASK}), alice)
    dead(task, monkeypatch)
    lifecycle.retry_failed(task, alice)
    go_on(task)

    assert (task.status, states(task)) == ("waiting", {"a": "running", "ask": "running"})
    assert Approval.objects.filter(task=task, state="open").count() == 1


@pytest.mark.parametrize("is_refused", [False, True])
def test_a_repair_makes_again_what_was_dropped_and_is_needed(alice, is_refused):
    """Dropped with a failure of its own, or with that of a node that could not even be started."""
    refuses = {"parameter_schema": {"type": "object", "properties": {}}} if is_refused else {}
    making.template(FAILS, alice, key="fragile", **refuses)
    last = node("b", "a", template="fragile", parameters={"n": "{a}"}, cleanup={"on_error": ["a"]})
    graph = workflow(node("a", result=1), last)
    task = ran(graph, alice)
    making.template(FIVE, alice, key="fragile")
    lifecycle.retry_failed(task, alice)

    assert go_on(task).returned == {"b": 5}


def test_a_repair_after_the_values_have_gone_knows_what_was_heard(alice):
    making.template(FAILS, alice, key="fragile")
    first = {**node("a", script=SAY, parameters={"x": "{payment}"}), "dependencies": [{"event": "payment"}]}
    task = ran(workflow(first, node("b", "a", template="fragile")), alice)
    telling.tell(task, alice, "payment", {"sum": 1})
    go_on(task)
    contexts.forget(clock.now() + timedelta(days=8))
    making.template(FIVE, alice, key="fragile")
    lifecycle.retry_failed(task, alice)

    assert go_on(task).returned == {"b": 5}


def test_a_failure_outranks_a_condition_as_the_reason_for_what_was_skipped(alice):
    making.template(FAILS, alice, key="fragile")
    graph = workflow(
        node("z", result=1), node("a", "z", condition={"z": 2}),
        node("b", "z", template="fragile", on_failure="continue"), node("n", "a", "b", join="any"), outputs=["n"],
    )  # fmt: skip
    task = ran(graph, alice)
    assert Node.objects.get(task=task, number=3).because == "failure"
    making.template(FIVE, alice, key="fragile")
    lifecycle.retry_failed(task, alice)

    assert go_on(task).returned == {"n": "n"}


def test_a_timeout_that_has_passed_is_on_record(alice, monkeypatch):
    late = {"key": "a", "timeout": "10 s"}
    graph = workflow(listens("a"), listens("b", "other"), {**node("n", join="any"), "dependencies": [late, "b"]})
    task = ran(graph, alice)
    then = clock.now() + timedelta(seconds=11)
    monkeypatch.setattr(clock, "now", lambda: then)
    lifecycle.wake(task.pk)
    go_on(task)
    held.forget_all()
    telling.tell(task, alice, "go")
    go_on(task)

    assert states(task) == {"a": "completed", "b": "waiting", "n": "waiting"}


def test_people_have_no_longer_than_the_node(alice, monkeypatch):
    task = ran(workflow({"name": "ok", **ASK, "timeouts": {"run": "1 h"}}), alice)
    assert task.available_at - clock.now() < timedelta(hours=1, seconds=1)
    then = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: then)
    lifecycle.wake(task.pk)
    go_on(task)

    assert (task.status, task.error["code"], Approval.objects.get().is_open) == ("failed", "EXEC_002", False)


def test_a_decision_can_be_judged(alice):
    task = ran(workflow({"name": "ok", **ASK, "validator_prompt": "Is it wise?"}), alice)
    approvals.decide(Approval.objects.get().pk, alice, "approve")

    assert go_on(task).returned["ok"]["decision"] == "approve"


@pytest.mark.parametrize("value", ["float('nan')", "'x' + chr(0)"])
def test_a_value_that_has_no_place_in_json_says_so(alice, value):
    graph = workflow(
        node("a", script=f"def run(params):\n    return {value}\n"), node("b", "a", script=SAY, parameters={"x": "{a}"})
    )
    task = ran(graph, alice)

    assert (task.status, task.error["code"]) == ("failed", "EXEC_013")


def test_a_document_does_without_what_was_dropped(alice):
    graph = workflow(node("a", output_config={"output_path": "$.a"}), node("b", "a", cleanup={"after": ["a"]}))

    assert ran(graph, alice).returned["document"] == {}


def test_a_warning_is_told_once(alice):
    said = [{"if": {"a": "x"}, "message": "odd", "critical": False}]
    task = ran(workflow(node("a", validator_prompt="Is it right?", postconditions=said)), alice)

    assert Node.objects.get(task=task).notes["warnings"].count("odd") == 1


def test_open_questions_are_looked_at_together(alice):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    found = []
    for count in (5, 40):
        task = ran(workflow(*({"name": f"q{count}_{n}", **ASK} for n in range(count))), alice)
        approvals.decide(Approval.objects.filter(task=task).earliest("pk").pk, alice, "approve")
        with CaptureQueriesContext(connection) as seen:
            go_on(task)
        found.append(len(seen))

    assert found[1] < found[0] + 5


def test_a_repair_is_one_whether_or_not_the_run_had_come_to_its_end(alice, monkeypatch):
    task = ran(workflow(node("a", script=SLOW)), alice)
    dead(task, monkeypatch)
    lifecycle.retry_failed(task, alice)
    go_on(task)

    assert (Run.objects.get(task=task).generation, Run.objects.get(task=task).is_retried) == (1, False)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_the_judge_of_a_result_is_on_record_with_it(alice, monkeypatch, at):
    spread = {"array_mapping": {"item": "found"}}
    graph = workflow(
        node("found", result=[]),
        node("each", expansion_config=spread, validator_prompt="Is it all?"),
        node("b", "each"),
    )
    task = start(graph, alice)
    killed_in(monkeypatch, store.Saving, "write", at=at)

    assert rescued(task).returned == {"b": "b"}
