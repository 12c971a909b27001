"""What the context of a run holds, and why a key is not there."""

import pytest

from apps.executors.workflow import contents
from apps.executors.workflow.paths import ABSENT
from apps.tasks import lifecycle
from apps.tasks.lifecycle import telling
from apps.tasks.models import Task, Value
from tests.unit.executors.workflow.ran import attempts, go_on, node, ran, start

pytestmark = pytest.mark.django_db(transaction=True)

FAILS = "def run(params):\n    raise ValueError('no such customer')\n"


def workflow(*tasks, **more):
    return {"tasks": list(tasks), **more}


def by_key(task: Task) -> dict[str, contents.Key]:
    return {each.key: each for each in contents.keys(task)}


def test_a_key_says_who_makes_it_who_waits_for_it_and_what_wrote_it(alice):
    task = ran(
        workflow(node("a", result=[1]), node("b", "a"), node("c", "a", "name"), inputs=["name"]), alice, name="Ada"
    )

    found = by_key(task)

    assert list(found) == ["name", "a", "b", "c"]
    assert (found["name"].kind, found["name"].state, found["name"].users) == ("input", "there", (2,))
    made = found["a"]
    assert (made.kind, made.state, made.makers, made.users) == ("result", "there", (0,), (1, 2))
    assert (made.written.node, made.written.round, made.written.size) == (0, 1, 3)
    assert contents.value(task, "a") == [1]
    assert contents.value(task, "name") == "Ada"


def test_what_is_not_there_yet_says_whom_it_waits_for(alice):
    task = start(workflow(node("a"), node("b", "a"), node("c", {"event": "paid"}), inputs=["note?"]), alice)

    attempts(1)

    found = by_key(task)
    assert {key: (each.state, each.why) for key, each in found.items()} == {
        "note": ("missing", "it was not given"),
        "paid": ("awaited", "nobody has sent it"),
        "a": ("awaited", "“a” is running"),
        "b": ("awaited", "“b” is waiting"),
        "c": ("awaited", "“c” is waiting"),
    }
    assert found["paid"].users == (2,)
    assert contents.value(task, "a") is ABSENT


def test_an_event_that_came_is_there(alice):
    task = ran(workflow(node("a", {"event": "paid"})), alice)
    telling.tell(task, alice, "paid", {"amount": 5})
    go_on(task)

    paid = by_key(task)["paid"]

    assert (paid.kind, paid.state, paid.written.node) == ("event", "there", None)
    assert contents.value(task, "paid") == {"amount": 5}


def test_what_a_failure_left_missing_names_it(alice):
    task = ran(workflow(node("a", script=FAILS), node("b", "a"), node("c"), on_failure="continue"), alice)

    found = by_key(task)

    assert found["a"].state == "missing"
    assert found["a"].why == f"“a” failed: Task {task.children.earliest('pk').pk} of “a” failed: no such customer"
    assert found["b"].why.startswith("“b” was skipped: ")
    assert found["c"].state == "there"


def test_what_never_began_is_missing_once_the_run_is_over(alice):
    task = start(workflow(node("a"), node("b", "a")), alice)
    attempts(1)
    lifecycle.cancel(task, alice)
    task.refresh_from_db()

    assert by_key(task)["b"].state == "missing"
    assert by_key(task)["b"].why == "“b” has not run to its end"


def test_a_value_that_was_dropped_is_told_from_one_that_never_was(alice):
    task = ran(workflow(node("a"), node("b", "a", cleanup={"after": ["a"]})), alice)

    dropped = by_key(task)["a"]

    assert (dropped.state, dropped.written.is_kept) == ("dropped", False)
    assert contents.value(task, "a") is ABSENT
    assert contents.texts(task, [dropped]) == {"a": None}


def test_the_history_of_a_key_has_every_round(alice):
    counts = "def run(params):\n    return (params.get('n') or 0) + 1\n"
    graph = workflow(
        node("n", script=counts, parameters={"n": "{n|0}"}, loop={"until": {"n": {"minimum": 3}}, "most": 5})
    )
    task = ran(graph, alice)

    found = contents.history(task.pk, "n")

    assert [(each.node, each.round, each.is_current) for each in found] == [(0, 1, False), (0, 2, False), (0, 3, True)]
    assert by_key(task)["n"].written == found[-1]


def test_texts_are_masked_and_cut(alice):
    task = ran(workflow(node("a", result="password=hunter2222"), node("b", result="x" * 50_000)), alice)

    found = contents.texts(task, contents.keys(task))

    assert "hunter2222" not in found["a"]
    assert len(found["b"]) == 2_000
    assert found["b"].endswith("…")


def test_a_page_of_texts_costs_one_query_and_a_list_of_keys_two(alice, django_assert_max_num_queries):
    task = ran(workflow(*(node(f"n{n}") for n in range(40))), alice)
    assert Value.objects.filter(task=task).count() == 40

    with django_assert_max_num_queries(2):
        found = contents.keys(task)
    with django_assert_max_num_queries(1):
        contents.texts(task, found)
