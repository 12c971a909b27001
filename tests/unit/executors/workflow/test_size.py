"""Work grows with the graph and not faster: calls of functions are counted, which no busy machine changes."""

import sys
from collections.abc import Callable

import pytest

from apps.executors.workflow import wiring
from apps.executors.workflow.checking import Known, check
from apps.executors.workflow.planning import plan

KNOWN = Known(templates=lambda: ["t"], inputs={"x": "string"})


def calls(work: Callable[[], object]) -> int:
    """How many functions `work` calls, Python's and C's."""
    counted = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted


def tasks(size: int, needs: Callable[[int], list[int]]) -> dict:
    return {
        "tasks": [
            {
                "name": f"T{n}",
                "template": "t",
                "result_keys": [f"k{n}"],
                "dependencies": [f"k{need}" for need in needs(n)],
                "message_template": f"{n}: {{x}}",
            }
            for n in range(size)
        ]
    }


def layers(size: int) -> dict:
    return tasks(size, lambda n: [need for need in (n - 50, n - 51, n - 52) if need >= 0])


SHAPES = {
    "layers": layers,
    "chain": lambda size: tasks(size, lambda n: [n - 1] if n else []),
    "join": lambda size: tasks(size, lambda n: list(range(n)) if n == size - 1 else []),
    "ring": lambda size: tasks(size, lambda n: [(n - 1) % size]),
    "rings": lambda size: tasks(size, lambda n: [n ^ 1]),
    "behind a ring": lambda size: tasks(size, lambda n: [max(n - 1, 0)]),
    "behind nothing": lambda size: tasks(size, lambda n: [n - 1 if n else size]),
    "nothing": lambda size: tasks(size, lambda n: [n + size]),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_check_is_linear(shape):
    check(shape(100), KNOWN)  # fills what is remembered
    small, large = (shape(size) for size in (300, 1200))

    assert calls(lambda: check(large, KNOWN)) < 4.5 * calls(lambda: check(small, KNOWN))


def test_ten_thousand_tasks_pass():
    assert check(layers(10_000), KNOWN) == []


def test_a_plan_is_linear():
    def listed(size: int) -> list[dict]:
        return [{"id": n, "dependencies": [need for need in (n - 9, n - 10) if need >= 0]} for n in range(size)]

    small, large = (listed(size) for size in (250, 1000))
    assert calls(lambda: plan(large)) < 4.5 * calls(lambda: plan(small))
    assert calls(lambda: plan(large, workers=5)) < 5 * calls(lambda: plan(small, workers=5))


def test_too_many_edges_are_refused_before_they_are_followed(monkeypatch):
    monkeypatch.setattr(wiring, "MAX_EDGES", 20)
    faults = check(tasks(12, lambda n: list(range(n))), KNOWN)
    assert [fault.code for fault in faults] == ["CFG_008"]


def test_faults_are_counted_out():
    assert len(check(SHAPES["nothing"](2_000), KNOWN)) == 500
    assert len(check({"tasks": [{"nam": n} for n in range(2_000)]}, KNOWN)) == 500
