"""The graph by numbers, against the standard library and against slow and plain ways to say the same."""

from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.executors.workflow import reading
from apps.executors.workflow.checking import check
from apps.executors.workflow.wiring import cycles, waves, wire

SIZE = 8
edges = st.sets(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)), max_size=20)


def neighbours(pairs):
    """(before, after) of pairs (node, what it waits for)."""
    before = [sorted(need for number, need in pairs if number == node) for node in range(SIZE)]
    after = [sorted(number for number, need in pairs if need == node) for node in range(SIZE)]
    return before, after


def reachable(after, start):
    seen, todo = set(), list(after[start])
    while todo:
        number = todo.pop()
        if number not in seen:
            seen.add(number)
            todo += after[number]
    return seen


@settings(deadline=None)
@given(edges)
def test_waves_are_those_of_the_standard_library(pairs):
    before, after = neighbours(pairs)
    sorter = TopologicalSorter(dict(enumerate(before)))
    try:
        sorter.prepare()
    except CycleError:
        assert sum(map(len, waves(before, after))) < SIZE
        assert list(cycles(before, after))
        return
    expected = []
    while sorter.is_active():
        expected.append(sorted(sorter.get_ready()))
        sorter.done(*expected[-1])
    assert waves(before, after) == expected
    assert list(cycles(before, after)) == []


@settings(deadline=None)
@given(edges)
def test_cycles_are_the_nodes_that_reach_themselves(pairs):
    before, after = neighbours(pairs)
    ways = [reachable(after, number) for number in range(SIZE)]
    expected = {
        frozenset(other for other in ways[number] if number in ways[other])
        for number in range(SIZE)
        if number in ways[number]
    }

    found = list(cycles(before, after))

    assert {frozenset(component) for component, _ in found} == expected
    for component, circle in found:
        assert circle[0] == circle[-1] == min(component)
        assert all(next_ in after[number] for number, next_ in pairwise(circle))
        assert len(set(circle)) == len(circle) - 1


joins = st.sampled_from(["all", "any", "structured", {"at_least": 1}, {"at_least": 2}])
entries = st.tuples(st.integers(0, SIZE), st.sampled_from(["", "?"]))  # SIZE is a key that nothing makes
graphs = st.lists(
    st.tuples(joins, st.lists(entries, max_size=3, unique_by=lambda each: each[0])), min_size=SIZE, max_size=SIZE
)


@settings(deadline=None)
@given(graphs)
def test_what_never_runs_is_what_no_round_of_running_reaches(described):
    tasks = [
        {
            "name": f"T{number}",
            "template": "t",
            "result_keys": [f"k{number}"],
            "join": join,
            "dependencies": [f"k{need}{mark}" for need, mark in needs],
        }
        for number, (join, needs) in enumerate(described)
    ]
    wiring = wire(reading.read({"tasks": tasks}).graph)
    on_circle = {number for component, _ in cycles(wiring.before, wiring.after) for number in component}
    runs: set[int] = set()
    while True:
        more = {
            number
            for number, (join, needs) in enumerate(described)
            if number not in on_circle and _can_run(join, [need for need, mark in needs if not mark], runs)
        }
        if more == runs:
            break
        runs = more
    blocked = {f"T{number}" for number in range(SIZE) if number not in runs}

    faults = check({"tasks": tasks})

    named = {task for fault in faults for task in fault.details.get("tasks", [])}
    causes = {fault.details["task"] for fault in faults if fault.code in ("DEP_001", "DEP_005")}
    circles = {f"T{number}" for number in on_circle}
    assert named <= blocked
    assert blocked <= named | causes | circles


def _can_run(join, required, runs):
    met = sum(1 for need in required if need in runs)
    if join == "all":
        return met == len(required)
    if isinstance(join, dict):
        return met >= join["at_least"]
    return met >= min(1, len(required))
