"""How long a run will still take: the longest way through what is left, by what its own nodes took."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.executors.workflow import outlook, reading
from apps.executors.workflow.running.loaded import Loaded, prepared
from apps.executors.workflow.running.standing import Standing, State

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def loaded(**waits_for: Any) -> Loaded:
    """Nodes by name: (what each waits for, estimated seconds)."""
    tasks = [
        {
            "name": name, "script": "def run(params):\n    return 1\n", "result_keys": [name],
            "dependencies": list(needs), **({} if seconds is None else {"estimated_seconds": seconds}),
        }
        for name, (needs, seconds) in waits_for.items()
    ]  # fmt: skip
    return prepared(reading.load({"tasks": tasks}))


def ended(number: int, seconds: float, state: State = State.COMPLETED) -> Standing:
    return Standing(number=number, state=state, began_at=NOW - timedelta(seconds=seconds), ended_at=NOW, tries=1)


def begun(number: int, seconds: float) -> Standing:
    return Standing(number=number, state=State.RUNNING, began_at=NOW - timedelta(seconds=seconds), tries=1)


DIAMOND: dict[str, Any] = {"a": ((), 10), "b": (("a",), 20), "c": (("a",), 100), "d": (("b", "c"), 5)}


def rest(graph: Loaded, *standings: Standing, **more: Any) -> outlook.Rest:
    by_number = {each.number: each for each in standings}
    return outlook.rest(
        graph, outlook.pace(graph, more.pop("history", {}), by_number), by_number, more.pop("shares", {}), NOW, **more
    )


def test_what_is_left_is_the_longest_way_and_not_the_sum():
    left = rest(loaded(**DIAMOND))

    assert (left.seconds, left.work) == (115.0, 135.0)
    assert list(left.until) == [10.0, 30.0, 110.0, 115.0]
    assert left.way == (0, 2, 3)


def test_what_has_ended_is_not_on_the_way():
    assert rest(loaded(**DIAMOND), ended(0, 10.0), ended(2, 100.0)).way == (1, 3)
    assert rest(loaded(a=((), 10)), ended(0, 10.0)).way == ()


def test_few_workers_make_it_longer_than_the_longest_way():
    graph = loaded(**{f"n{number}": ((), 10) for number in range(8)})

    assert rest(graph).seconds == 10.0
    assert rest(graph, lanes=2).seconds == 40.0


def test_nodes_that_ended_set_the_others_right():
    graph = loaded(**{f"n{number}": ((), 10) for number in range(30)})
    slow = [ended(number, 30.0) for number in range(28)]

    assert rest(graph, *slow).seconds == pytest.approx(10 * (28 * 30 + 20) / (28 * 10 + 20))
    assert rest(graph, slow[0]).seconds == pytest.approx(10 * (30 + 20) / (10 + 20))


def test_what_earlier_runs_took_counts_more_than_what_the_author_wrote():
    graph = loaded(**DIAMOND)

    assert rest(graph, history={2: 7.0}).seconds == 35.0


def test_nodes_of_which_nothing_is_known_take_as_long_as_others_of_the_kind_took():
    graph = loaded(a=((), None), b=(("a",), None), c=(("b",), 4))

    assert rest(graph).seconds == 124.0
    assert rest(graph, ended(0, 3.0)).seconds == 7.0


def test_a_node_that_failed_says_nothing_about_the_pace():
    graph = loaded(a=((), 10), b=((), 10))

    assert rest(graph, ended(0, 500.0, State.FAILED)).seconds == 10.0


def test_a_node_at_work_needs_what_is_left_of_it_and_never_nothing():
    graph = loaded(a=((), 100))

    assert rest(graph, begun(0, 30)).seconds == 70.0
    assert rest(graph, begun(0, 500)).seconds == 50.0


def test_the_time_that_a_node_waits_for_a_worker_is_no_work():
    graph = loaded(a=((), 100))

    assert rest(graph, begun(0, 5_000), idle={0}).seconds == 100.0
    assert rest(graph, begun(0, 5_000), shares={0: 0.25}, idle={0}).seconds == 75.0


def test_an_expansion_at_work_is_judged_by_its_items():
    graph = loaded(a=((), 100))

    assert rest(graph, begun(0, 30), shares={0: 0.25}).seconds == pytest.approx(90.0)


def test_a_node_that_is_tried_again_waits_for_its_next_try_first():
    graph = loaded(a=((), 10))
    waiting = Standing(number=0, tries=1, due_at=NOW + timedelta(seconds=7))

    assert rest(graph, waiting).seconds == 17.0


@pytest.mark.parametrize(("seconds", "expected", "is_stalled"), [(59, 1, False), (61, 1, True), (390, 100, False),
                                                                 (400, 100, True)])  # fmt: skip
def test_a_node_is_stalled_that_runs_far_longer_than_expected(seconds, expected, is_stalled):
    assert outlook.is_stalled(loaded(a=((), 1)), begun(0, seconds), expected, NOW) is is_stalled


def test_ten_thousand_nodes_in_a_row_are_no_recursion():
    graph = loaded(**{f"n{n}": ((f"n{n - 1}",) if n else (), 1) for n in range(10_000)})

    assert rest(graph).seconds == 10_000.0
