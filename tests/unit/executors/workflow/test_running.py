"""A workflow as it runs: what waits for what, what is passed on, and what becomes of the whole."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.core.errors import Conflict
from apps.executors.workflow.running import held
from apps.tasks import approvals, lifecycle, sql
from apps.tasks.lifecycle import telling
from apps.tasks.making import again
from apps.tasks.models import Approval, Attempt, Branch, Event, Node, Run, Task, Value
from apps.tasks.retention import contexts
from tests import making
from tests.unit.executors.workflow.ran import SAY, attempts, counts, go_on, node, ran, start, states

pytestmark = pytest.mark.django_db(transaction=True)

FAILS = "def run(params):\n    raise ValueError('no such customer')\n"


def workflow(*tasks, **more):
    return {"tasks": list(tasks), **more}


def errors(task):
    return {each.number: each.error["code"] for each in Node.objects.filter(task=task, error__isnull=False)}


def test_results_are_passed_on_by_key(alice):
    graph = workflow(
        node("orders", result=[{"id": 7}, {"id": 8}]),
        node("said", "orders", script=SAY, parameters={"text": "Order {orders.1.id} of {name}", "all": "{orders}"}),
        inputs=["name"],
    )
    task = ran(graph, alice, name="Ada")

    assert (task.status, task.status_reason) == ("completed", "")
    assert task.returned == {"said": {"text": "Order 8 of Ada", "all": [{"id": 7}, {"id": 8}]}}
    assert counts(task) == (2, 0, 0, 0)
    assert [(value.key, value.node) for value in Value.objects.filter(task=task)] == [("orders", 0), ("said", 1)]
    assert task.execution.percent == 100


def test_a_script_without_parameters_gets_what_it_waits_for(alice):
    graph = workflow(
        node("a", result=1), node("b", result=2), node("c", "a", "b", "extra?", script=SAY), inputs=["extra?"]
    )

    assert ran(graph, alice).returned == {"c": {"a": 1, "b": 2}}


def test_independent_nodes_run_beside_each_other(alice):
    task = start(workflow(node("a"), node("b"), node("c"), node("d", "a", "b", "c")), alice)

    attempts(1)

    assert states(task) == {"a": "running", "b": "running", "c": "running", "d": "waiting"}
    assert task.children.filter(status="pending").count() == 3
    assert states(go_on(task)) == dict.fromkeys("abcd", "completed")


def test_another_process_goes_on_with_what_is_on_record(alice):
    task = start(workflow(node("a"), node("b", "a"), node("c", "b"), outputs=["a", "b", "c"]), alice)

    for _ in range(20):
        attempts(1)
        held.forget_all()

    task.refresh_from_db()
    assert task.returned == {"a": "a", "b": "b", "c": "c"}
    assert task.children.count() == 3


def test_what_others_have_written_is_caught_up_with(alice, monkeypatch):
    graph = workflow(*(node(f"n{n}", *([f"n{n - 1}"] if n else [])) for n in range(6)))
    task = start(graph, alice)
    mine, others = held._held, type(held._held)()
    for turn in range(30):
        monkeypatch.setattr(held, "_held", mine if turn % 2 else others)
        attempts(1)

    task.refresh_from_db()
    assert (task.status, set(states(task).values())) == ("completed", {"completed"})


def test_a_failure_stops_what_has_not_begun(alice):
    task = ran(workflow(node("a", script=FAILS), node("b", "a"), node("c", "b")), alice)

    assert task.status == "failed"
    assert task.error["code"] == "EXEC_001"
    assert task.error["message"] == f"Task {task.children.get().pk} of “a” failed: no such customer."
    assert states(task) == {"a": "failed", "b": "waiting", "c": "waiting"}
    assert errors(task) == {0: "EXEC_001"}


def test_continue_lets_go_on_what_is_independent(alice):
    graph = workflow(node("a", script=FAILS), node("b", "a"), node("c"), node("d", "c"), on_failure="continue")
    task = ran(graph, alice)

    assert task.status == "failed"
    assert states(task) == {"a": "failed", "b": "skipped", "c": "completed", "d": "completed"}
    assert Node.objects.get(task=task, number=1).because == "failure"


def test_skip_lets_the_run_complete(alice):
    task = ran(workflow(node("a", script=FAILS, on_failure="skip"), node("b", "a"), node("c")), alice)

    assert (task.status, task.returned) == ("completed", {"c": "c"})
    assert states(task) == {"a": "failed", "b": "skipped", "c": "completed"}


def test_a_default_stands_in_for_a_failure(alice):
    graph = workflow(
        node("rates", script=FAILS, on_failure="default", default_result={"rates": {"EUR": 1}}),
        node("said", "rates", script=SAY),
    )
    task = ran(graph, alice)

    assert task.returned == {"said": {"rates": {"EUR": 1}}}
    assert Node.objects.get(task=task, number=0).outcome == "recovered"


def test_a_repair_runs_what_failed_and_what_depends_on_it_and_nothing_else(alice):
    fails = "def run(params):\n    if params['n'] == 1:\n        raise ValueError('still broken')\n    return 5\n"
    making.template(fails, alice, key="fragile")
    graph = workflow(
        node("a"), node("b", template="fragile", parameters={"n": 1}), node("c", "a", "b", script=SAY),
        node("d", "a"), on_failure="continue", outputs=["c"],
    )  # fmt: skip
    task = ran(graph, alice)
    assert task.status == "failed"
    assert states(task) == {"a": "completed", "b": "failed", "c": "skipped", "d": "completed"}

    making.template("def run(params):\n    return 5\n", alice, key="fragile")
    lifecycle.retry_failed(task, alice)
    go_on(task)

    assert (task.status, task.returned) == ("completed", {"c": {"a": "a", "b": 5}})
    made = Task.objects.filter(parent=task).values_list("branch__node", flat=True)
    assert sorted(made) == [0, 1, 1, 2, 3]
    assert Run.objects.get(task=task).generation == 1


def test_a_child_that_is_tried_again_alone_mends_its_node(alice):
    making.template(FAILS, alice, key="fragile")
    wait = {"event": "go"}
    graph = workflow(
        node("a", template="fragile", on_failure="continue"), node("b", "a", script=SAY), {**node("c"), "dependencies": [wait]},
    )  # fmt: skip
    task = ran(graph, alice)
    assert (task.status, states(task)) == ("waiting", {"a": "failed", "b": "skipped", "c": "waiting"})

    child = task.children.get()
    Task.objects.filter(pk=child.pk).update(
        revision=making.template("def run(params):\n    return 5\n", alice, key="other").published
    )
    lifecycle.retry_failed(child, alice)
    telling.tell(task, alice, "go", {})
    go_on(task)

    assert (task.status, task.returned) == ("completed", {"b": {"a": 5}, "c": "c"})


def test_tries_follow_the_retry_config(alice, monkeypatch):
    graph = workflow(node("a", script=FAILS, retry_config={"max_attempts": 3, "delay_ms": 1000, "backoff_factor": 3}))
    task = start(graph, alice)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    waits = []
    for _ in range(3):
        go_on(task)
        if task.status == "waiting":
            waits.append((task.available_at - now).total_seconds())
            now = task.available_at
            lifecycle.wake(task.pk)

    assert waits == [1, 3]
    assert (task.status, task.children.count()) == ("failed", 3)
    assert Node.objects.get(task=task).tries == 3


def test_a_condition_skips_a_node_and_what_needs_it(alice):
    graph = workflow(
        node("risk", result={"score": 0.2}),
        node("call", "risk", condition={"risk.score": {"minimum": 0.8}}),
        node("note", "call"), node("file", "risk", "call?", script=SAY),
    )  # fmt: skip
    task = ran(graph, alice)

    assert task.returned == {"file": {"risk": {"score": 0.2}}}
    assert states(task) == {"risk": "completed", "call": "skipped", "note": "skipped", "file": "completed"}
    assert Node.objects.get(task=task, number=1).reason == "its condition does not hold"


def test_of_a_choice_one_runs(alice):
    def pay(name, key, **more):
        return {"name": name, "script": f"def run(params):\n    return '{name}'\n", "result_keys": [key], "choice": "size",
                "dependencies": ["claim"], **more}  # fmt: skip

    graph = workflow(
        node("claim", result={"amount": 70}),
        pay("little", "decision", condition={"claim.amount": {"maximum": 10}}),
        pay("some", "decision", condition={"claim.amount": {"maximum": 100}}),
        pay("much", "decision"),
        node("filed", "decision", script=SAY),
    )
    task = ran(graph, alice)

    assert task.returned == {"filed": {"decision": "some"}}
    assert states(task) == {
        "claim": "completed", "little": "skipped", "some": "completed", "much": "skipped", "filed": "completed",
    }  # fmt: skip


def test_a_loop_goes_on_until_its_condition_holds(alice):
    script = "def run(params):\n    return {'draft': params['draft'] + 'x', 'score': params['round']}\n"
    graph = workflow({
        "name": "Improve", "script": script, "result_keys": ["draft", "score"],
        "parameters": {"draft": "{draft|}", "round": "{iteration}"},
        "loop": {"until": {"score": {"minimum": 3}}, "most": 5},
    })  # fmt: skip
    task = ran(graph, alice)

    assert task.returned == {"draft": "xxx", "score": 3}
    assert list(Value.objects.filter(task=task, key="score").order_by("id").values_list("text", "is_current")) == [
        ("1", False), ("2", False), ("3", True),
    ]  # fmt: skip


def test_a_loop_that_reaches_its_bound_says_so(alice):
    graph = workflow(node("a", loop={"while": {"a?": {"const": "a"}}, "most": 4}))
    task = ran(graph, alice)

    assert (task.status, task.children.count()) == ("completed", 4)
    found = Node.objects.get(task=task)
    assert (found.round, found.outcome) == (4, "warning")
    assert "4 rounds" in found.notes["warnings"][0]


def test_preconditions_and_postconditions(alice):
    graph = workflow(
        node("rows", result=[]),
        node("report", "rows", preconditions=[{"if": {"rows": {"minItems": 1}}, "message": "There are no rows."}]),
    )
    task = ran(graph, alice)
    assert (task.status, task.error["code"]) == ("failed", "EXEC_004")
    assert "There are no rows." in task.error["message"]

    graph = workflow(node("rows", result=[], postconditions=[
        {"if": {"rows": {"minItems": 1}}, "message": "Nothing was read.", "critical": False}]))  # fmt: skip
    task = ran(
        graph,
        alice,
    )
    assert task.status == "completed"
    assert Node.objects.get(task=task).notes["warnings"] == ["Nothing was read."]


def test_a_result_that_lacks_a_key_fails(alice):
    task = ran(workflow(node("a", result={"x": 1}, result_keys=["x", "y"])), alice)

    assert task.error["code"] == "EXEC_003"
    assert "lacks “y”: it has “x”" in task.error["message"]


def test_cancelling_reaches_what_runs_and_what_waits(alice):
    slow = "import task\n\ndef run(params):\n    task.sleep(1000)\n"
    graph = workflow(
        node("remind", script=slow), node("again", "remind"), node("paid", cancels=["remind"]), node("thanks", "paid"),
    )  # fmt: skip
    task = ran(graph, alice)

    assert (task.status, task.returned) == ("completed", {"thanks": "thanks"})
    assert states(task) == {"remind": "cancelled", "again": "skipped", "paid": "completed", "thanks": "completed"}
    assert task.children.get(branch__node=0).status == "cancelled"


def test_an_event_is_everybodys_who_waits_for_it(alice):
    wait = {"event": "payment"}
    graph = workflow(
        {**node("ship", script=SAY), "dependencies": [wait]}, {**node("book", script=SAY), "dependencies": [wait]}
    )
    task = ran(graph, alice)
    assert (task.status, task.status_reason) == ("waiting", "waits for the event “payment”")

    telling.tell(task, alice, "payment", {"sum": 12})
    go_on(task)

    assert task.returned == {"ship": {"payment": {"sum": 12}}, "book": {"payment": {"sum": 12}}}


def test_an_event_that_does_not_come_in_time_is_told_apart(alice, monkeypatch):
    graph = workflow(
        {**node("ship"), "dependencies": [{"event": "payment", "timeout": "2 h"}]}, node("late", "ship?", script=SAY)
    )
    task = ran(graph, alice)
    then = clock.now() + timedelta(hours=3)
    monkeypatch.setattr(clock, "now", lambda: then)
    lifecycle.wake(task.pk)
    go_on(task)

    assert states(task) == {"ship": "skipped", "late": "completed"}
    found = Node.objects.get(task=task, number=0)
    assert (found.because, found.reason) == ("timeout", "“payment” did not come in time")


def test_a_node_that_waits_too_long_fails(alice, monkeypatch):
    graph = workflow({**node("ship"), "dependencies": [{"event": "payment"}], "timeouts": {"wait": "1 h"}})
    task = ran(graph, alice)
    then = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: then)
    lifecycle.wake(task.pk)
    go_on(task)

    assert (task.status, task.error["code"]) == ("failed", "DEP_008")


def test_people_are_asked_and_their_decision_is_a_value(alice):
    graph = workflow(
        node("order", result={"total": 12}),
        {"name": "ok", "approval": {"title": "Pay {order.total}?"}, "dependencies": ["order"]},
        node("pay", "ok", condition={"ok.decision": "approve"}),
    )
    task = ran(graph, alice)
    assert (task.status, task.status_reason) == ("waiting", "waits for people: “ok”")
    asked = Approval.objects.get()
    assert (asked.title, asked.place) == ("Pay 12?", "n1.0.1")

    approvals.decide(asked.pk, alice, "approve")
    go_on(task)

    assert (task.status, task.returned) == ("completed", {"pay": "pay"})


def test_a_workflow_in_a_workflow(alice):
    inner = workflow(node("doubled", script="def run(params):\n    return params['n'] * 2\n", parameters={"n": "{n}"}))
    making.template("", alice, key="inner", kind="workflow", graph=inner)
    task = ran(workflow(node("a", template="inner", parameters={"n": 4})), alice)

    assert task.returned == {"a": {"doubled": 8}}


def test_pause_and_resume_reach_the_whole_tree(alice):
    task = start(workflow(node("a"), node("b", "a")), alice)
    attempts(1)
    task.refresh_from_db()
    lifecycle.pause(task, alice)
    go_on(task)
    assert (task.status, [child.status for child in task.children.all()]) == ("paused", ["paused"])

    lifecycle.resume(task, alice)
    assert go_on(task).returned == {"b": "b"}


def test_nothing_is_polled(alice):
    """As many attempts as there were ends to take note of, and one to begin."""
    task = ran(workflow(node("a"), node("b", "a"), node("c", "b")), alice)

    assert Attempt.objects.filter(task=task).count() == 4
    assert [event.kind for event in Event.objects.filter(task=task)].count(
        "task.advanced"
    ) == 5  # the end of the run is one
    assert not Branch.objects.filter(taken_at=None).exists()


def test_no_attempt_finds_nothing_to_do(alice):
    task = ran(workflow(*(node(f"n{n}") for n in range(5)), node("last", *(f"n{n}" for n in range(5)))), alice)

    kinds = [event.kind for event in Event.objects.filter(task=task)]
    assert kinds.count("task.advanced") == Attempt.objects.filter(task=task).count() + 1  # the end of the run is one


def test_the_values_of_a_run_go_a_day_after_its_end(alice):
    task = ran(workflow(node("a"), node("b", "a")), alice)

    contexts.forget(clock.now() + timedelta(hours=23))
    assert None not in Value.objects.filter(task=task).values_list("text", flat=True)
    contexts.forget(clock.now() + timedelta(hours=25))
    assert set(Value.objects.filter(task=task).values_list("text", flat=True)) == {None}
    assert task.returned == {"b": "b"}


def test_a_run_whose_values_have_gone_is_repaired_from_its_beginning(alice):
    making.template(FAILS, alice, key="fragile")
    graph = workflow(node("a"), node("b", "a", template="fragile"), node("c", "a", "b", script=SAY))
    task = ran(graph, alice)
    contexts.forget(clock.now() + timedelta(days=6))
    assert Value.objects.get(task=task, key="a").text == '"a"'

    contexts.forget(clock.now() + timedelta(days=8))
    making.template("def run(params):\n    return 5\n", alice, key="fragile")
    lifecycle.retry_failed(task, alice)

    assert go_on(task).returned == {"c": {"a": "a", "b": 5}}
    assert task.children.filter(branch__node=0).count() == 2


def test_a_node_drops_what_nobody_needs_any_more(alice):
    graph = workflow(
        node("secret"),
        node("used", "secret", script=SAY, cleanup={"after": ["secret"]}),
        node("later", "used", script=SAY),
    )
    task = ran(graph, alice)

    assert task.returned == {"later": {"used": {"secret": "secret"}}}
    assert Value.objects.get(task=task, key="secret").text is None


def test_statements_do_not_grow_with_the_nodes(alice):
    """Of the attempt that starts them all: what one more node costs is rows, not statements."""

    def statements(count):
        task = start(workflow(*(node(f"n{n}") for n in range(count))), alice)
        seen = []
        monkey = pytest.MonkeyPatch()
        execute = sql._execute
        monkey.setattr(sql, "_execute", lambda *args: (seen.append(args[0]), execute(*args))[1])
        attempts(1)
        monkey.undo()
        assert task.children.count() == count
        go_on(task)
        return len(seen)

    assert statements(3) == statements(60)


def test_a_node_without_a_template_is_not_run_again_without_its_workflow(alice):
    task = ran(workflow(node("a")), alice)

    with pytest.raises(Conflict, match=f"a part of task {task.pk}"):
        again.run_again(task.children.get(), alice)
    assert again.run_again(task, alice).is_new


def test_what_failed_is_no_work_that_is_done(alice):
    task = ran(workflow(node("a"), node("b", "a", script=FAILS), node("c", "b")), alice)

    assert (round(task.execution.percent), task.execution.message) == (33, "1 of 3 nodes done, 1 failed")


def test_rules_and_keys_of_a_workflow_are_about_its_own_parameters(alice):
    rules = [
        {
            "if": {"type": "object", "properties": {"tier": {"type": "string", "const": "gold"}}, "required": ["tier"]},
            "priority": "critical",
        }
    ]
    described = {"type": "object", "properties": {"tier": {"type": "string"}}, "required": ["tier"]}
    graph = workflow(node("a", parameters={"tier": "gold"}))
    made = making.task("", alice, {"tier": "tin"}, kind="workflow", graph=graph, parameter_schema=described,
                       priority_rules=rules, limit_key="{tier}", key="keyed")  # fmt: skip
    child = go_on(made).children.get()

    assert (made.limit_key, made.priority) == ("tin", 50)
    assert (child.limit_key, child.priority) == ("", 50)
