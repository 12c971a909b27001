"""One task for each item: how results come together, what failures do, and what a kill leaves."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from apps.core import clock
from apps.executors.workflow.running import held
from apps.tasks import lifecycle, sql
from apps.tasks.claims import claiming
from apps.tasks.making import children, entering
from apps.tasks.models import Branch, Execution, Node, Task, Value
from apps.tasks.record import branches
from apps.tasks.record.journal import Lease
from tests import making
from tests.unit.executors.workflow.ran import SAY, attempts, counts, go_on, node, ran, start, states
from tests.unit.workers.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

DOUBLE = "def run(params):\n    if params['n'] < 0:\n        raise ValueError('negative')\n    return params['n'] * 2\n"


def spread(items, runs=DOUBLE, **config):
    """A workflow with one expanded node over these items."""
    more = {
        name: config.pop(name)
        for name in ("result_keys", "output_config", "on_failure", "retry_config", "timeouts")
        if name in config
    }
    expanded = {
        "name": "Double", "script": runs, "parameters": {"n": "{n}"}, "result_keys": ["doubled"],
        "expansion_config": {"array_mapping": {"n": "numbers"}, **config}, **more,
    }  # fmt: skip
    return {"tasks": [node("numbers", result=items), expanded]}


def test_one_task_for_each_item_in_order(alice):
    task = ran(spread([3, 1, 2]), alice)

    assert task.returned == {"doubled": [6, 2, 4]}
    assert counts(task) == (2, 0, 0, 0)
    assert [child.title for child in task.children.filter(branch__node=1).order_by("item")] == [
        "Double: 1 of 3", "Double: 2 of 3", "Double: 3 of 3",
    ]  # fmt: skip


def test_nothing_to_do_is_done(alice):
    assert ran(spread([]), alice).returned == {"doubled": []}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"output_format": "index", "policy": "ignore"}, [2, None, 6, 2]),
        ({"output_format": "merge", "policy": "ignore"}, [2, 6, 2]),
        ({"output_format": "merge", "policy": "ignore", "duplicates": "first"}, [2, 6]),
        ({"output_format": "merge", "policy": {"at_least": 3}, "duplicates": "last"}, [2, 6]),
        ({"output_format": "separate", "policy": "ignore"}, {"0": 2, "2": 6, "3": 2}),
    ],
)
def test_results_come_together_as_the_format_says(alice, config, expected):
    task = ran(spread([1, -1, 3, 1], **config), alice)

    assert task.returned == {"doubled": expected}
    assert "1 of 4 tasks did not complete." in Node.objects.get(task=task, number=1).notes["warnings"]


def test_duplicates_may_be_an_error(alice):
    task = ran(spread([1, 1], duplicates="error"), alice)

    assert (task.status, task.error["code"]) == ("failed", "EXEC_008")


def test_with_too_few_the_rest_is_cancelled(alice):
    task = ran(spread([-1, 1, 2, 3], at_once=1), alice)

    assert (task.status, task.error["code"]) == ("failed", "EXEC_009")
    assert "1 of 4 tasks did not complete, and 4 must." in task.error["message"]
    assert sorted(task.children.filter(branch__node=1).values_list("status", flat=True)) == [
        "cancelled", "cancelled", "cancelled", "failed",
    ]  # fmt: skip


def test_at_most_so_many_at_once(alice):
    task = start(spread([1, 2, 3, 4, 5], at_once=2), alice)
    attempts(3)

    statuses = list(task.children.filter(branch__node=1).order_by("item").values_list("status", flat=True))
    assert statuses == ["pending", "pending", "blocked", "blocked", "blocked"]
    assert go_on(task).returned == {"doubled": [2, 4, 6, 8, 10]}


def test_arrays_are_combined(alice):
    def over(type_):
        return {
            "tasks": [{
                "name": "Pair", "script": SAY, "parameters": {"a": "{a}", "b": "{b}", "place": "{index} of {total}"},
                "expansion_config": {"type": type_, "array_mapping": {"a": [1, 2], "b": ["x", "y"]}},
                "result_keys": ["pairs"],
            }]
        }  # fmt: skip

    product = ran(
        over("product"),
        alice,
    ).returned["pairs"]
    assert [(each["a"], each["b"]) for each in product] == [(1, "x"), (1, "y"), (2, "x"), (2, "y")]
    assert product[2]["place"] == "2 of 4"
    zipped = ran(over("zip"), alice).returned["pairs"]
    assert [(each["a"], each["b"]) for each in zipped] == [(1, "x"), (2, "y")]


def test_identifiers_name_tasks_and_results(alice):
    graph = {"tasks": [{
        "name": "Analyse", "script": SAY, "parameters": {"id": "{code}", "self": "{task_id}"},
        "expansion_config": {
            "array_mapping": {"customer": [{"id": "A7", "n": 1}, {"id": "B8", "n": 2}]},
            "identifiers": {"code": "customer.id"}, "output_format": "separate", "name": "Customer {code}",
        },
        "result_keys": ["found"],
    }]}  # fmt: skip
    task = ran(graph, alice)

    made = list(task.children.order_by("item"))
    assert [child.title for child in made] == ["Customer A7", "Customer B8"]
    assert task.returned["found"] == {
        "A7": {"id": "A7", "self": str(made[0].pk)}, "B8": {"id": "B8", "self": str(made[1].pk)},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("items", "said"),
    [("no list", "is text, not a list"), ([1, 2, 3, 4], "has 4 items; its limit `most` is 3")],
)
def test_what_cannot_be_spread_says_why(alice, items, said):
    task = ran(spread(items, most=3), alice)

    assert (task.status, task.error["code"]) == ("failed", "EXEC_008")
    assert said in task.error["message"]


def test_results_go_into_one_document(alice):
    rule = {"result_key": "doubled", "output_path": "$.rows[{index}].value", "format": "number"}
    task = ran(spread([3, 1], output_config=rule), alice)

    assert task.returned["document"] == {"rows": [{"value": 6}, {"value": 2}]}


def test_a_repair_repeats_what_failed_of_the_expansion(alice):
    making.template(DOUBLE, alice, key="double")
    graph = {"tasks": [{
        "name": "Double", "template": "double", "parameters": {"n": "{n}"}, "result_keys": ["doubled"],
        "expansion_config": {"array_mapping": {"n": [1, -1]}},
    }]}  # fmt: skip
    task = ran(graph, alice)
    assert task.status == "failed"

    making.template("def run(params):\n    return abs(params['n'])\n", alice, key="double")
    lifecycle.retry_failed(task, alice)

    assert go_on(task).returned == {"doubled": [2, 1]}


def _dies_after_the_first_of(task, monkeypatch):
    """The attempt that makes the tasks of the expanded node, before it makes the rest of them."""
    monkeypatch.setattr(children, "CHUNK", 4)
    attempts(2)  # the workflow begins; its first node runs
    made = children.make_rest
    monkeypatch.setattr(children, "make_rest", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        attempts(1)
    monkeypatch.setattr(children, "make_rest", made)
    assert Branch.objects.get(task=task, node=1).made == 4


def _rescued(task):
    lease = Execution.objects.get(task=task).lease_token
    assert lifecycle.rescue(task.pk, lease, "its worker died", is_proved=True)
    held.forget_all()
    return go_on(task)


def test_more_than_one_transaction_makes_are_all_made_once_though_the_maker_dies(alice, monkeypatch):
    task = start(spread(list(range(10))), alice)
    _dies_after_the_first_of(task, monkeypatch)

    _rescued(task)

    assert task.returned == {"doubled": [2 * n for n in range(10)]}
    assert task.children.filter(branch__node=1).count() == 10


def test_of_a_bounded_number_the_rest_goes_on_though_all_made_before_it_have_ended(alice, monkeypatch):
    task = start(spread(list(range(10)), at_once=2), alice)
    _dies_after_the_first_of(task, monkeypatch)
    attempts(4)  # those that were made end before anybody finds their maker dead

    _rescued(task)

    assert task.returned == {"doubled": [2 * n for n in range(10)]}


def claimed():
    """The next task, in the hands of a worker that does nothing with it."""
    found = claiming.claim(["default"], worker="w", cluster="c")
    return Task.objects.get(pk=found.lease.task_id)


@pytest.mark.parametrize("at_once", [None, 1])
def test_the_time_of_an_item_counts_from_when_a_worker_begins_it(alice, at_once):
    config = {"at_once": at_once} if at_once else {}
    task = start(spread([1, 2, 3], retry_config={"timeout_ms": 30_500}, **config), alice)
    attempts(3)  # the items are made
    assert set(task.children.filter(branch__node=1).values_list("deadline", flat=True)) == {None}

    later = clock.now() + timedelta(seconds=60)
    with clock.frozen(later):
        first = claimed()

    assert (first.item, first.started_at) == (0, later)
    assert abs(first.deadline - later - timedelta(seconds=30.5)) < timedelta(milliseconds=2)


def test_a_task_that_is_claimed_again_has_the_time_that_it_had(alice):
    start(spread([1], retry_config={"timeout_ms": 30_000}), alice)
    attempts(3)
    first = claimed()
    lease = Execution.objects.get(task=first).lease_token
    assert lifecycle.rescue(first.pk, lease, "its worker died", is_proved=True)
    with clock.frozen(clock.now() + timedelta(seconds=20)):
        again = claimed()

    assert (again.pk, again.deadline) == (first.pk, first.deadline)


def test_a_task_that_is_retried_alone_has_its_time_again(alice):
    other = {**node("other"), "dependencies": [{"event": "go"}]}
    graph = spread([-1], retry_config={"timeout_ms": 30_000, "max_attempts": 1}, on_failure="continue")
    graph["tasks"].append(other)
    child = ran(graph, alice).children.get(branch__node=1)
    assert (child.status, child.deadline - child.started_at > timedelta(seconds=29)) == ("failed", True)

    later = clock.now() + timedelta(hours=1)
    with clock.frozen(later):
        lifecycle.retry_failed(child, alice)
        again = claimed()

    assert again.pk == child.pk
    assert abs(again.deadline - later - timedelta(seconds=30)) < timedelta(milliseconds=2)


def test_a_task_that_was_given_back_before_it_began_has_no_time_that_runs(alice):
    start(spread([1], timeouts={"run": "1 h"}, retry_config={"timeout_ms": 30_000}), alice)
    attempts(3)
    until = Task.objects.get(branch__node=1).deadline
    assert until is not None
    first = claimed()
    assert first.deadline < until
    execution = Execution.objects.get(task=first)
    lease = Lease(task_id=first.pk, token=execution.lease_token, attempt=first.attempt_count)
    assert lifecycle.give_back(lease, "its worker ends")

    first.refresh_from_db()
    assert (first.status, first.deadline) == ("pending", until)
    later = clock.now() + timedelta(minutes=5)
    with clock.frozen(later):
        again = claimed()
    assert abs(again.deadline - later - timedelta(seconds=30)) < timedelta(milliseconds=2)


def test_a_task_that_is_retried_alone_in_a_workflow_with_a_deadline_has_its_own_time_too(alice):
    other = {**node("other"), "dependencies": [{"event": "go"}]}
    graph = spread([-1], retry_config={"timeout_ms": 30_000, "max_attempts": 1}, on_failure="continue")
    graph["tasks"].append(other)
    task = start(graph, alice)
    Task.objects.filter(pk=task.pk).update(deadline=clock.now() + timedelta(days=3))
    child = go_on(task).children.get(branch__node=1)
    assert child.status == "failed"

    later = clock.now() + timedelta(hours=1)
    with clock.frozen(later):
        lifecycle.retry_failed(child, alice)
        again = claimed()

    assert abs(again.deadline - later - timedelta(seconds=30)) < timedelta(milliseconds=2)


def test_another_try_of_fewer_items_holds_fewer_places(alice):
    graph = spread([1, 2, -1], retry_config={"max_attempts": 2, "delay_ms": 0})
    task = ran({**graph, "at_once": 3}, alice)

    double = Node.objects.get(task=task, number=1)
    assert (double.tries, double.notes.get("slots", 1)) == (2, 1)


def test_a_try_that_waits_for_a_worker_for_longer_than_it_may_run_runs(alice):
    making.template("def run(params):\n    return 1\n", alice, key="quick")
    graph = {"tasks": [{"name": "a", "template": "quick", "result_keys": ["a"], "retry_config": {"timeout_ms": 1_000}}]}
    task = start(graph, alice)
    attempts(1)

    with clock.frozen(clock.now() + timedelta(minutes=5)):
        assert not Task.objects.overdue(clock.now()).exists()
        attempts(2)

    task.refresh_from_db()
    assert task.returned == {"a": 1}


def test_a_try_that_takes_too_long_has_failed_for_its_time(alice):
    slow = "import task\n\ndef run(params):\n    task.sleep(3600)\n"
    task = start(spread([1], runs=slow, retry_config={"timeout_ms": 30_000, "max_attempts": 1}), alice)
    go_on(task)
    with clock.frozen(clock.now() + timedelta(seconds=31)):
        [late] = Task.objects.overdue(clock.now())
        lifecycle.expire(late.pk)
        attempts(1)

    task.refresh_from_db()
    assert (task.status, late.branch.node, task.error["code"]) == ("failed", 1, "EXEC_009")


def test_a_node_ends_in_its_own_time_however_many_items_wait_for_a_place(alice):
    graph = spread([1, 2, 3], at_once=1, timeouts={"run": "60 s"}, retry_config={"timeout_ms": 50_000})
    task = start(graph, alice)
    attempts(3)
    until = Node.objects.get(task=task, number=1).began_at + timedelta(seconds=60)
    assert set(task.children.filter(branch__node=1).values_list("deadline", flat=True)) == {until}

    with clock.frozen(clock.now() + timedelta(seconds=20)):
        assert claimed().deadline == until


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_a_child_that_fails_while_the_rest_is_made_and_its_maker_do_not_wait_for_each_other(alice, monkeypatch):
    monkeypatch.setattr(children, "CHUNK", 4)
    task = start(spread(list(range(10))), alice)
    attempts(2)
    threads, said, enter = [], [], entering.enter_many

    def fail_one():
        try:
            child = Task.objects.filter(parent=task, branch__node=1).earliest("item")
            with sql.transaction():
                Task.objects.filter(pk=child.pk).update(status="failed", finished_at=clock.now())
                branches.count_out([child.pk], clock.now())
            said.append("failed")
        finally:
            connection.close()

    def entering_many(drafts, data):
        enter(drafts, data)
        if drafts[0].item == 4:
            threads.append(threading.Thread(target=fail_one))
            threads[0].start()
            until(_somebody_waits_for_us)

    monkeypatch.setattr(entering, "enter_many", entering_many)
    attempts(1)
    threads[0].join(20)

    go_on(task)
    assert (said, task.error["code"], Branch.objects.get(task=task, node=1).made) == (["failed"], "EXEC_009", 10)


def _somebody_waits_for_us():
    return sql.run("SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)) LIMIT 1")


def test_the_context_keeps_what_all_made_together(alice):
    task = ran(spread([1, 2]), alice)

    assert Value.objects.get(task=task, key="doubled").text == "[2,4]"
    assert states(task) == {"numbers": "completed", "Double": "completed"}


def test_what_is_left_of_a_lost_expansion_is_cancelled_while_the_run_goes_on(alice):
    slow = "import task\n\ndef run(params):\n    if params['n'] < 0:\n        raise ValueError('no')\n    task.sleep(3600)\n"
    graph = spread([1, -1, 2], runs=slow, on_failure="skip")
    graph["tasks"].append({**node("other"), "dependencies": [{"event": "go"}]})
    task = ran(graph, alice)

    assert (task.status, states(task)["Double"]) == ("waiting", "failed")
    made = task.children.filter(branch__node=1).order_by("item").values_list("status", flat=True)
    assert list(made) == ["cancelled", "failed", "cancelled"]


def test_the_workflows_own_bound_holds_for_items_too(alice):
    graph = {**spread([1, 2, 3, 4, 5]), "at_once": 2}
    graph["tasks"].append(node("beside", "numbers"))
    task, most = start(graph, alice), 0
    while not task.is_final:
        attempts(1)
        task.refresh_from_db()
        most = max(most, task.children.filter(status__in=("pending", "running")).count())

    assert (most, task.returned) == (2, {"doubled": [2, 4, 6, 8, 10], "beside": "beside"})
