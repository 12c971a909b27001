"""Where a run stands and what it has so far, as pages, the API and commands show it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core import clock
from apps.executors.workflow import recovery, standing
from apps.executors.workflow.running.loaded import of_revision
from apps.tasks import lifecycle
from apps.tasks.claims import claiming
from apps.tasks.models import Approval, Attempt, Event, Node, Run, Task, Value
from apps.workers.registry import roster
from tests.unit.executors.workflow.ran import attempts, go_on, node, ran, start

pytestmark = pytest.mark.django_db(transaction=True)

BREAK = "def run(params):\n    return 1 / 0\n"
UNLESS_TWO = "def run(params):\n    if params['item'] == 2:\n        return 1 / 0\n    return params['item']\n"
EACH: dict[str, Any] = {"type": "product", "array_mapping": {"item": [0, 1, 2, 3]}}
TWO_GROUPS: dict[str, Any] = {
    "groups": [
        {"name": "Gather", "tasks": [node("a"), node("b", "a")]},
        {"name": "Write", "tasks": [node("c", "b"), node("d", script=BREAK, on_failure="continue"), node("e", "d")]},
    ]
}


def of(task: Task) -> standing.RunStanding:
    return standing.of(task, clock.now())


def test_a_run_that_has_not_begun_waits_with_all_its_nodes(alice):
    run = of(start(TWO_GROUPS, alice))

    assert (run.version, run.total, dict(run.counts), run.percent, run.began_at) == (0, 5, {"waiting": 5}, 0.0, None)
    assert run.seconds_left is None
    assert run.work_left == 300.0


def test_a_run_that_ended_says_what_became_of_each_node_and_group(alice):
    run = of(ran(TWO_GROUPS, alice))

    assert dict(run.counts) == {"completed": 3, "failed": 1, "skipped": 1}
    assert [(group.name, dict(group.counts), group.percent) for group in run.groups] == [
        ("Gather", {"completed": 2}, 100.0), ("Write", {"completed": 1, "failed": 1, "skipped": 1}, 100.0),
    ]  # fmt: skip
    assert (run.ended, run.seconds_left, run.stalled) == (5, None, [])
    assert [(each.name, each.look, each.because) for each in run.nodes][3:] == [
        ("d", "failed", "failure"), ("e", "skipped", "failure"),
    ]  # fmt: skip


def test_workers_are_named_with_what_they_did(alice):
    [worker] = of(task := ran(TWO_GROUPS, alice)).workers

    assert (worker.running, worker.ended) == (0, Attempt.objects.filter(task__parent=task).count())
    assert worker.seconds > 0
    assert Attempt.objects.filter(task__parent=task, worker=worker.name).exists()


def test_a_run_at_work_says_how_long_it_will_still_take(alice):
    graph = {"tasks": [node("a", estimated_seconds=10), node("b", "a", estimated_seconds=20), node("c")]}
    task = start(graph, alice)
    attempts(1)
    task.refresh_from_db()

    run = of(task)

    assert run.counts == {"running": 2, "waiting": 1}
    assert dict(run.tasks) == {"pending": 2}
    assert run.seconds_left == 60
    assert [each.until for each in run.nodes] == [10, 30, 60]


def test_a_node_needs_less_and_less_once_a_worker_has_its_task(alice):
    task = start({"tasks": [node("a", estimated_seconds=100)]}, alice)
    attempts(1)
    Node.objects.filter(task=task).update(began_at=clock.now() - timedelta(seconds=30))
    assert of(task).seconds_left == 100

    claimed = claiming.claim(["default"], worker="birch-1", cluster="birch")

    assert claimed is not None
    assert 60 < (of(task).seconds_left or 0) <= 70


def test_items_of_an_expansion_are_counted_by_what_became_of_them(alice):
    graph = {"tasks": [node("each", script=UNLESS_TWO, expansion_config={**EACH, "policy": {"at_least": 2}})]}
    task = start(graph, alice)
    attempts(3)

    [each] = of(task).nodes

    assert each.items is not None
    assert (each.items.total, each.items.completed, each.items.pending, each.items.needed) == (4, 2, 2, 2)
    go_on(task)
    [each] = of(task).nodes
    assert each.items is not None
    assert (each.items.completed, each.items.failed, each.outcome, each.look) == (3, 1, "warning", "completed")


def test_what_runs_far_longer_than_expected_is_pointed_out(alice):
    task = start({"tasks": [node("quick", estimated_seconds=1), node("slow", estimated_seconds=90)]}, alice)
    attempts(1)
    Node.objects.filter(task=task).update(began_at=clock.now() - timedelta(seconds=100))

    assert [each.name for each in of(task).stalled] == ["quick"]


def test_nothing_waits_or_works_in_a_run_that_was_cancelled(alice):
    graph = {"tasks": [node("done"), node("works", "done"), node("later", "works")]}
    task = start(graph, alice)
    attempts(3)
    assert dict(of(Task.objects.get(pk=task.pk)).counts) == {"completed": 1, "running": 1, "waiting": 1}

    task = lifecycle.cancel(Task.objects.get(pk=task.pk), alice)

    run = of(task)
    assert [each.look for each in run.nodes] == ["completed", "cancelled", "skipped"]
    assert run.nodes[1].reason == "The run was cancelled before it had ended."
    assert (run.work_left, run.seconds_left, run.stalled) == (0, None, [])
    assert run.ended_at == run.nodes[1].ended_at == task.finished_at


def test_what_a_failed_run_never_began_is_skipped_until_it_is_retried(alice):
    task = ran({"tasks": [node("broken", script=BREAK, on_failure="stop"), node("later", "broken")]}, alice)
    assert [each.look for each in of(task).nodes] == ["failed", "skipped"]

    task = lifecycle.retry_failed(task, alice)

    assert [each.look for each in of(task).nodes] == ["failed", "waiting"]


def test_a_pause_counts_neither_for_stalls_nor_for_what_is_left(alice):
    task = start({"tasks": [node("a", estimated_seconds=60)]}, alice)
    attempts(1)
    hour = clock.now() + timedelta(hours=1)
    task = lifecycle.pause(Task.objects.get(pk=task.pk), alice)

    assert standing.of(task, hour).stalled == []

    task = lifecycle.resume(task, alice)
    Event.objects.filter(task=task, kind="task.resumed").update(at=hour)
    just_after, later = hour + timedelta(seconds=10), hour + timedelta(hours=1)
    assert standing.of(task, just_after).stalled == []
    assert [each.name for each in standing.of(task, later).stalled] == ["a"]


def test_a_paused_run_points_out_what_still_works(alice):
    task = start({"tasks": [node("a", estimated_seconds=1)]}, alice)
    attempts(1)
    Node.objects.filter(task=task).update(began_at=clock.now() - timedelta(hours=1))
    assert claiming.claim(["default"], worker="birch-1", cluster="birch") is not None

    task = lifecycle.pause(Task.objects.get(pk=task.pk), alice)

    assert [each.name for each in of(task).stalled] == ["a"]


def test_a_pause_is_no_part_of_what_a_node_took_in_earlier_runs(alice):
    first = start({"tasks": [node("a")]}, alice)
    attempts(1)
    first = lifecycle.pause(Task.objects.get(pk=first.pk), alice)
    first = go_on(lifecycle.resume(first, alice))
    row = Node.objects.get(task=first)
    begin = row.began_at - timedelta(hours=1)
    Node.objects.filter(pk=row.pk).update(began_at=begin, ended_at=begin + timedelta(seconds=630))
    Event.objects.filter(task=first, kind="task.paused").update(at=begin + timedelta(seconds=20))
    Event.objects.filter(task=first, kind="task.resumed").update(at=begin + timedelta(seconds=620))

    standing._history.cache_clear()

    assert first.status == "completed"
    assert standing.history(first.revision_id, 1) == {0: 30.0}


def test_a_node_that_asks_is_not_stalled_but_asking(alice):
    approval = {"title": "Send it?", "users": ["alice"]}
    task = start({"tasks": [{"name": "ask", "result_keys": ["said"], "approval": approval}]}, alice)
    attempts(1)
    assert Approval.objects.filter(task=task).count() == 1
    Node.objects.filter(task=task).update(began_at=clock.now() - timedelta(days=2))

    [ask] = of(task).nodes

    assert (ask.look, ask.is_stalled) == ("asking", False)


def test_times_of_earlier_runs_are_what_is_expected(alice):
    graph = {"tasks": [node("a"), node("b", "a")]}
    first = ran(graph, alice)
    Run.objects.filter(task=first).update(ended_at=clock.now())
    row = Node.objects.get(task=first, number=1)
    Node.objects.filter(pk=row.pk).update(ended_at=row.began_at + timedelta(seconds=42))
    second = Task.objects.create(
        template=first.template, revision=first.revision, kind="workflow", title="again", origin="test",
        requester=alice, queue="default", rank=1, available_at=clock.now(), created_at=clock.now(),
        updated_at=clock.now(),
    )  # fmt: skip

    assert [round(each.expected) for each in of(second).nodes] == [0, 42]


def test_what_a_node_waits_for_is_met_pending_or_lost(alice):
    graph = {
        "inputs": ["name"],
        "tasks": [
            node("a"), node("broken", script=BREAK, on_failure="continue"),
            node("last", "name", "a", "broken", {"task": "a", "state": "failed"}, {"task": "a", "state": "ended"}),
            node("later", {"event": "told", "key": "word"}, "a"),
            node("after", "later"),
        ],
    }  # fmt: skip
    task = ran(graph, alice, name="Ada")

    said = [(each.says, each.because) for each in recovery.waits(task, 2)]

    assert said == [
        ("met", "given"), ("met", ""), ("lost", "“broken” has failed"), ("lost", "“a” made none"), ("met", ""),
    ]  # fmt: skip
    assert [each.says for each in recovery.waits(task, 3)] == ["pending", "met"]
    assert [each.says for each in recovery.waits(task, 4)] == ["pending"]


def test_what_several_nodes_wait_for_costs_what_one_costs(alice, django_assert_num_queries):
    """Also where a default is no simple value."""
    stand_in = {"key": "broken", "default": {"a": 1}}
    graph = {
        "tasks": [node("broken", script=BREAK, on_failure="continue"), *(node(f"n{n}", stand_in) for n in range(9))]
    }
    task = ran(graph, alice)

    with django_assert_num_queries(1):
        found = recovery.waits_of(task, range(1, 10))

    assert {number: [each.says for each in waits] for number, waits in found.items()} == {
        key: ["lost"] for key in range(1, 10)
    }


def test_a_graph_that_waits_for_nothing_asks_nothing_of_the_events(alice):
    task = ran({"tasks": [node("a")]}, alice)

    assert recovery.waits(task, 0) == []


def test_values_come_masked_and_cut_in_pages(alice, settings):
    secret = settings.SECRET_KEY
    graph = {"tasks": [node("a", result=f"the key is {secret}"), node("b", result="x" * 5_000), node("c", result=[1])]}
    task = ran(graph, alice)

    first, second, third = recovery.values(task.pk)

    assert (first.key, first.node, first.text) == ("a", 0, "the key is •••")
    assert (second.size, len(second.text or "")) == (5_002, recovery.MAX_SHOWN)
    assert third.text == "[1]"
    assert recovery.values(task.pk, node=2) == [third]
    assert recovery.values(task.pk, after=first.id, most=1) == [second]


def test_a_dropped_value_has_no_text(alice):
    task = ran({"tasks": [node("a")]}, alice)
    Value.objects.filter(task=task).update(text=None)

    assert [each.text for each in recovery.values(task.pk)] == [None]


def test_recovery_names_what_a_retry_would_repeat_and_nothing_else(alice):
    graph = {"tasks": [
        node("a"), node("each", "a", script=UNLESS_TWO, parameters={"item": "{item}"}, expansion_config=EACH),
        node("c", "each", on_failure="stop"), node("d", "a"),
    ]}  # fmt: skip
    task = ran(graph, alice)

    found = recovery.recovery(task)

    assert task.status == "failed"
    assert (found.generation, found.repeated) == (0, (1,))
    assert found.open_items[1][0] == 2
    assert found.kept == 2
    assert found.waiting == (2,)


def test_no_look_grows_with_the_graph(alice):
    roster.register(["default"])
    small = ran({"tasks": [node("a"), node("each", "a", expansion_config=EACH)]}, alice)
    names = [f"n{number}" for number in range(60)]
    tasks = [node(name, *names[:number][-2:]) for number, name in enumerate(names)]
    expanded = [node(f"x{number}", expansion_config=EACH) for number in range(10)]
    large = ran({"tasks": [*tasks, *expanded]}, alice)
    assert (small.status, large.status) == ("completed", "completed")

    looks: list[list[int]] = []
    for task in (small, large):
        of_revision(task.revision_id)
        standing._history.cache_clear()
        numbers = []
        for look in (lambda task=task: of(task), lambda task=task: recovery.waits(task, 1),
                     lambda task=task: recovery.recovery(task), lambda task=task: recovery.values(task.pk)):  # fmt: skip
            with CaptureQueriesContext(
                connection,
            ) as asked:
                look()
            numbers.append(len(asked))
        looks.append(numbers)

    assert looks[0] == looks[1]
    assert looks[1] == [9, 1, 2, 1]
