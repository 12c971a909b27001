"""A repair of an expanded node makes the items that did not complete, and keeps what the others have answered."""

from datetime import timedelta
from unittest.mock import patch

import pytest

from apps.console import goingon
from apps.core import clock
from apps.executors.workflow import recovery, standing
from apps.executors.workflow.running import attempt, held, kept, store
from apps.tasks import lifecycle
from apps.tasks.making import children
from apps.tasks.models import Branch, Execution, Node, Task, Value
from apps.tasks.retention import contexts
from tests import making
from tests.unit.executors.workflow.ran import attempts, go_on, node, ran, start, states

pytestmark = pytest.mark.django_db(transaction=True)

REFUSES = (
    "def run(params):\n    if params['n'] < {least}:\n        raise ValueError('no')\n    return abs(params['n'])\n"
)
AGAIN = "n1.1."
"""The node's branches after its first repair."""


@pytest.fixture
def refuses(alice):
    """Publish a template that refuses numbers below this."""

    def publish(least):
        making.template(REFUSES.format(least=least), alice, key="careful")

    publish(0)
    return publish


def spread(items, *more, **config):
    own = {
        name: config.pop(name)
        for name in ("on_failure", "retry_config", "postconditions", "output_config", "validator_tool")
        if name in config
    }
    expanded = {
        "name": "Each", "template": "careful", "parameters": {"n": "{n}"}, "result_keys": ["found"],
        "expansion_config": {"array_mapping": {"n": "numbers"}, **config}, **own,
    }  # fmt: skip
    return {"tasks": [node("numbers", result=items), expanded, *more]}


def completed(task, prefix="n1."):
    return of(task, prefix).filter(status="completed")


def of(task, prefix):
    return task.children.filter(branch__name__startswith=prefix).order_by("item")


def items(tasks):
    return list(tasks.values_list("item", flat=True))


def repaired(task, alice):
    """After a repair, with what it was said before that it would repeat."""
    left = recovery.recovery(task).expansions[1].left
    lifecycle.retry_failed(task, alice)
    return go_on(task), left


@pytest.mark.parametrize(
    ("output_format", "expected"),
    [("merge", [3, 1, 2, 4]), ("index", [3, 1, 2, 4]), ("separate", {"0": 3, "1": 1, "2": 2, "3": 4})],
)
@pytest.mark.parametrize("at_once", [None, 1, 2])
def test_only_what_did_not_complete_is_repeated(alice, refuses, output_format, expected, at_once):
    config = {"at_once": at_once} if at_once else {}
    task = ran(spread([3, -1, 2, -4], output_format=output_format, **config), alice)
    done = items(completed(task))
    assert 0 in done
    refuses(-9)

    task, said = repaired(task, alice)

    assert task.returned == {"found": expected}
    assert items(of(task, AGAIN)) == [item for item in range(4) if item not in done]
    assert said == of(task, AGAIN).count() == 4 - len(done)
    assert task.children.filter(branch__node=0).count() == 1


def test_with_too_few_again_only_the_last_are_repeated_the_next_time(alice, refuses):
    task = ran(spread([3, -1, 2, -4], policy={"at_least": 3}, output_format="index"), alice)
    first = items(completed(task))
    refuses(-2)
    task, said = repaired(task, alice)

    assert (task.status, said) == ("completed", 4 - len(first))
    assert task.returned == {"found": [3, 1, 2, None]}
    assert Node.objects.get(task=task, number=1).notes["warnings"] == ["1 of 4 tasks did not complete."]


def test_results_of_several_repairs_come_together(alice, refuses):
    task = ran(spread([-1, 5, -2, -3], at_once=1), alice)
    assert items(completed(task)) == []
    for number, least in enumerate((-1, -2, -3), start=1):
        refuses(least)
        done = items(completed(task).distinct())
        task, said = repaired(task, alice)
        assert said == 4 - len(done) == of(task, f"n1.{number}.").count()

    assert task.returned == {"found": [1, 5, 2, 3]}


def test_an_error_counts_all_items(alice, refuses):
    task = ran(spread([3, -1, -2], policy={"at_least": 2}), alice)
    refuses(-1)
    lifecycle.retry_failed(task, alice)
    go_on(task)
    assert task.returned == {"found": [3, 1]}

    refuses(0)
    task = ran(spread([3, -1, -2]), alice)
    lifecycle.retry_failed(task, alice)
    assert "of 3 tasks did not complete, and 3 must." in go_on(task).error["message"]


def test_the_next_try_repeats_no_more(alice, refuses):
    task = start(spread([3, -1], retry_config={"max_attempts": 2, "delay_ms": 1_000}), alice)
    go_on(task)
    assert Node.objects.filter(task=task, number=1, tries=1, state="waiting").exists()
    refuses(-9)
    with clock.frozen(task.available_at):
        lifecycle.wake(task.pk)
        go_on(task)

    assert task.returned == {"found": [3, 1]}
    assert items(of(task, "n1.0.1.2")) == [1]


def test_what_is_wrong_with_all_results_together_is_made_again(alice, refuses):
    wrong = [{"if": {"found": {"maxItems": 1}}, "message": "Too many."}]
    task = ran(spread([3, -1], policy="ignore", output_format="index", postconditions=wrong), alice)
    assert task.error["code"] == "EXEC_005"

    task, said = repaired(task, alice)

    assert (said, items(of(task, AGAIN))) == (2, [0, 1])


@pytest.mark.parametrize(("others", "made"), [([3, -1], [1]), ([3, -1, 7], [0, 1, 2]), ([-1, 3], [0, 1])])
def test_results_are_kept_of_the_same_items_only(alice, refuses, others, made):
    """Their array was dropped with the failure, so it is made again, and may be another one."""
    making.template("def run(params):\n    return [3, -1]\n", alice, key="source")
    graph = spread([])
    graph["tasks"][0] = {"name": "numbers", "template": "source", "result_keys": ["numbers"]}
    graph["tasks"][1]["cleanup"] = {"on_error": ["numbers"]}
    task = ran(graph, alice)
    refuses(-9)
    making.template(f"def run(params):\n    return {others}\n", alice, key="source")
    lifecycle.retry_failed(task, alice)

    assert go_on(task).returned == {"found": [abs(n) for n in others]}
    assert items(of(task, AGAIN)) == made


def test_after_the_values_have_gone_everything_is_repeated(alice, refuses):
    task = ran(spread([3, -1]), alice)
    while contexts.forget(clock.now() + timedelta(days=8)):
        pass
    refuses(-9)
    task, said = repaired(task, alice)

    assert (task.returned, said, items(of(task, AGAIN))) == ({"found": [3, 1]}, 2, [0, 1])


def test_a_maker_that_dies_in_the_middle_of_a_repair_is_followed_by_one_that_makes_the_rest(
    alice, refuses, monkeypatch
):
    monkeypatch.setattr(children, "CHUNK", 3)
    numbers = [n if n % 3 else -n - 1 for n in range(14)]
    task = ran(spread(numbers, at_once=2, policy={"at_least": 14}), alice)
    before = items(completed(task))
    # Of those that had not been begun, some complete: the items left are no range.
    Task.objects.filter(parent=task, item__in=(8, 11), branch__node=1).update(status="completed", result="77")
    left = [item for item in range(14) if item not in {*before, 8, 11}]
    refuses(-99)
    lifecycle.retry_failed(task, alice)
    with monkeypatch.context() as patched:
        patched.setattr(children, "make_rest", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            attempts(5)
    assert Branch.objects.get(task=task, name__startswith=AGAIN).made == 3
    attempts(2)  # some of those end before anybody finds their maker dead

    lease = Execution.objects.get(task=task).lease_token
    assert lifecycle.rescue(task.pk, lease, "its worker died", is_proved=True)
    held.forget_all()
    go_on(task)

    assert items(of(task, AGAIN)) == left
    assert task.returned == {"found": [77 if item in (8, 11) else abs(n) for item, n in enumerate(numbers)]}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 5))
def test_a_repair_that_is_killed_at_a_write_comes_to_the_same(alice, refuses, monkeypatch, at, after):
    task = ran(spread([3, -1, 2, -4], node("last", "found")), alice)
    left = [item for item in range(4) if item not in items(completed(task))]
    refuses(-9)
    lifecycle.retry_failed(task, alice)
    real, calls = store.Saving.write, []

    def dies(*args, **more):
        calls.append(1)
        if len(calls) == at:
            if after:
                real(*args, **more)
            raise KeyboardInterrupt
        return real(*args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(store.Saving, "write", dies)
        try:
            attempts(30)
        except KeyboardInterrupt:
            lease = Execution.objects.get(task=task).lease_token
            assert lifecycle.rescue(task.pk, lease, "its worker died", is_proved=True)
    held.forget_all()
    go_on(task)

    assert (task.status, states(task)["last"], items(of(task, AGAIN))) == ("completed", "completed", left)


def test_a_run_that_died_as_a_whole_keeps_the_items_that_had_completed(alice, refuses):
    task = start(spread([1, 2, 3, 4]), alice)
    attempts(5)  # the workflow twice, its first node, two items
    done = items(completed(task))
    assert 0 < len(done) < 4
    Task.objects.filter(parent=task, status="pending").update(status="paused", paused_from="pending")
    _died(task)
    lifecycle.retry_failed(task, alice)
    go_on(task)

    assert (task.returned, items(of(task, AGAIN))) == (
        {"found": [1, 2, 3, 4]},
        [item for item in range(4) if item not in done],
    )


def test_all_items_of_a_run_that_died_may_be_there(alice, refuses):
    task = start(spread([1, 2]), alice)
    attempts(3)
    Task.objects.filter(parent=task, branch__node=1).update(status="completed", result="5", finished_at=clock.now())
    _died(task)
    lifecycle.retry_failed(task, alice)

    assert go_on(task).returned == {"found": [5, 5]}
    assert of(task, AGAIN).count() == 0


def test_an_item_retried_alone_after_a_repair_completes_the_node(alice, refuses):
    other = {**node("other"), "dependencies": [{"event": "go"}]}
    graph = spread([3, 2, -1], other, on_failure="continue", policy={"at_least": 3})
    task = start(graph, alice)
    go_on(task)
    assert (task.status, states(task)["Each"]) == ("waiting", "failed")
    _died(task)
    lifecycle.retry_failed(task, alice)
    go_on(task)
    child = of(task, AGAIN).get(status="failed")
    Task.objects.filter(pk=child.pk).update(
        revision=making.template(REFUSES.format(least=-9), alice, key="other").published
    )
    lifecycle.retry_failed(child, alice)
    go_on(task)

    assert (states(task)["Each"], items(of(task, AGAIN))) == ("completed", [2])
    assert Value.objects.get(task=task, key="found").text == "[3,2,1]"


def _died(task):
    """It fails as a whole, by an error of our own."""
    with patch.object(attempt, "attempt", lambda session: 1 / 0):
        while task.status != "failed":
            Task.objects.filter(pk=task.pk).update(status="pending", available_at=clock.now())
            attempts(1)
            task.refresh_from_db()


def test_the_document_has_every_item(alice, refuses):
    rule = {"result_key": "found", "output_path": "$.rows[{index}].value"}
    task = ran(spread([3, -1], output_config=rule), alice)
    refuses(-9)
    task, _ = repaired(task, alice)

    assert task.returned["document"] == {"rows": [{"value": 3}, {"value": 1}]}


def test_pages_say_how_many_items_are_repeated_and_count_those_that_are_kept(alice, refuses):
    task = ran(spread([3, 4, -1], at_once=1), alice)
    assert goingon.repair(task).endswith("Of “Each”, 1 of 3 items is repeated.")
    refuses(-9)
    task, _ = repaired(task, alice)

    shown = standing.of(task, clock.now()).nodes[1].items
    assert (shown.total, shown.completed, shown.needed) == (3, 3, 3)


def test_items_are_noted_as_ranges():
    made = kept.whole("n1.0.1.1", ["a"] * 9)
    again = kept.but(made, made, [0, 1, 4, 8])

    assert (again.left, again.count, again.items) == (((2, 3), (5, 7)), 4, [2, 3, 5, 6, 7])
