"""Decomposition without a model: a list of tasks with dependencies → waves, duration, critical path, what is wrong.

A task is {"id": …, "title": …, "dependencies": [ids], "estimated_seconds": 300, "complexity": "low"}. A task without a
duration is estimated by its complexity. Nobody waits for a whole wave: a task starts when what it depends on is done,
so with enough workers everything takes as long as the critical path.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from apps.catalog.estimate import Complexity, complexity
from apps.executors.workflow import reading
from apps.executors.workflow.checking import NOTHING_KNOWN, Known, check
from apps.executors.workflow.faults import Fault, listed
from apps.executors.workflow.fields import Fields, Notes
from apps.executors.workflow.graph import Graph
from apps.executors.workflow.wiring import cycles, waves, wire

MAX_TASKS = 10_000
SECONDS: dict[str, float] = {"low": 300.0, "medium": 900.0, "high": 1_800.0}
"""How long a task is taken to last that says its complexity only; one that says nothing is of medium complexity."""
TASK_FIELDS = frozenset({"id", "title", "description", "dependencies", "estimated_seconds", "complexity"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A task of a plan. `before` are the places of those it depends on."""

    id: str
    title: str
    seconds: float
    before: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`seconds`: with enough workers, or with as many as were given. Tasks on a circle are in no wave."""

    waves: tuple[tuple[str, ...], ...]
    seconds: float
    work: float
    """Seconds of all tasks one after another."""
    critical_path: tuple[str, ...]
    """The tasks that decide how long it takes, first to last."""
    complexity: Complexity
    faults: tuple[Fault, ...]

    @property
    def parallelisation(self) -> float:
        """How many tasks run at the same time on average; 1.0: one after another."""
        return self.work / self.seconds if self.seconds else 1.0

    @property
    def is_valid(self) -> bool:
        return not any(fault.severity == "error" for fault in self.faults)

    def as_json(self) -> dict[str, Any]:
        return {
            "waves": [list(wave) for wave in self.waves],
            "total_duration_seconds": round(self.seconds, 3),
            "work_seconds": round(self.work, 3),
            "parallelisation_factor": round(self.parallelisation, 2),
            "critical_path": list(self.critical_path),
            "complexity": self.complexity,
            "is_valid": self.is_valid,
            "problems": [fault.as_json() for fault in self.faults],
        }


def plan(tasks: Any, *, workers: int | None = None) -> Plan:
    """The plan for a list of tasks. Never raises: what is wrong is in `faults`, and the rest is planned.

    `workers`: how many tasks can run at once; None means any number.
    """
    notes = Notes()
    return _plan(_read(tasks, notes), notes, workers)


def plan_of(graph: Graph, *, workers: int | None = None) -> Plan:
    """The plan for a graph that has passed its check. A node without an estimate is of medium complexity."""
    wiring = wire(graph)
    steps = [
        Step(
            id=node.name,
            title=node.name,
            seconds=SECONDS["medium"] if node.estimated_seconds is None else node.estimated_seconds,
            before=wiring.before[node.number],
        )
        for node in graph.nodes
    ]
    return _plan(steps, Notes(), workers)


def plan_document(document: Any, known: Known = NOTHING_KNOWN, *, workers: int | None = None) -> Plan:
    """The plan for the JSON of a workflow. Never raises: what its check finds is in `faults`, and the rest is planned."""
    found = plan_of(reading.read(document).graph, workers=workers)
    faults = check(document, known)
    if not any(fault.severity == "error" for fault in faults):
        return replace(found, faults=(*faults, *found.faults))
    return replace(found, faults=(*faults, *(fault for fault in found.faults if fault.severity == "warning")))


def _plan(steps: Sequence[Step], notes: Notes, workers: int | None) -> Plan:
    before = [step.before for step in steps]
    after: list[list[int]] = [[] for _ in steps]
    for number, needs in enumerate(before):
        for need in needs:
            after[need].append(number)
    found = waves(before, after)
    for fault in (*_circles(steps, before, after), *_remarks(steps, found)):
        notes.add(fault)
    order = [number for wave in found for number in wave]
    path, longest = _critical_path(steps, order)
    return Plan(
        waves=tuple(tuple(steps[number].id for number in wave) for wave in found),
        seconds=longest if workers is None else _with_workers(steps, order, after, max(1, workers)),
        work=sum(steps[number].seconds for number in order),
        critical_path=tuple(steps[number].id for number in path),
        complexity=complexity(longest, len(found), 0),
        faults=tuple(notes.faults),
    )


def _read(tasks: Any, notes: Notes) -> list[Step]:
    if not isinstance(tasks, list) or not 0 < len(tasks) <= MAX_TASKS:
        message = f'Give a list of 1 to {MAX_TASKS:,} tasks: [{{"id": "1", "dependencies": []}}].'
        notes.add(Fault(code="CFG_001", message=message, place="tasks"))
        return []
    every = [Fields(each, f"tasks.{number}", notes, TASK_FIELDS) for number, each in enumerate(tasks)]
    number_of: dict[str, int] = {}
    ids = []
    for number, fields in enumerate(every):
        given = fields.value("id")
        if isinstance(given, int) and not isinstance(given, bool):
            given = str(given)
        if not isinstance(given, str) or not 0 < len(given) <= 200:
            fields.missing("id", "Give the task a text or a number of its own.")
            given = f"tasks.{number}"
        if given in number_of:
            fields.note("id", f"Two tasks have the id “{given}”.", code="CFG_003")
        number_of.setdefault(given, number)
        ids.append(given)
    return [_step(ids[number], number, fields, number_of) for number, fields in enumerate(every)]


def _step(id_: str, number: int, fields: Fields, number_of: dict[str, int]) -> Step:
    needs: dict[int, None] = {}
    for place, given in fields.items("dependencies", MAX_TASKS):
        need = number_of.get(str(given)) if isinstance(given, str | int) else None
        if need is None:
            message = f"“{str(given)[:60]}” is not the id of a task."
            where = place.removeprefix(f"{fields.place}.")
            advice = "Use the id of a task of this list, or add that task."
            fields.note(where, message, code="DEP_001", suggestion=advice, dependency=str(given)[:60])
        else:
            needs[need] = None
    usual = SECONDS[fields.word("complexity", tuple(SECONDS), "medium")]
    seconds = fields.number("estimated_seconds", 0, 31_536_000)
    return Step(
        id=id_, title=fields.text("title", 500, id_), seconds=usual if seconds is None else seconds, before=tuple(needs)
    )


def _circles(steps: Sequence[Step], before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]) -> Iterator[Fault]:
    for _, circle in cycles(before, after):
        names = [steps[number].id for number in circle]
        message = f"Tasks wait for each other in a circle: {' → '.join(names[:20])}."
        place = f"tasks.{circle[0]}.dependencies"
        yield Fault(code="DEP_003", message=message, place=place, details={"task": names[0], "cycle": names[:100]})


def _remarks(steps: Sequence[Step], found: Sequence[Sequence[int]]) -> Iterator[Fault]:
    """What is not wrong, but worth a look."""
    planned = {number for wave in found for number in wave}
    left = [step.id for number, step in enumerate(steps) if number not in planned]
    if left:
        message = (
            f"{len(left):,} of {len(steps):,} tasks are on a circle or behind one, and not planned: {listed(left)}."
        )
        yield Fault(code="DEP_004", message=message, place="tasks", details={"tasks": left[:100]})
    if len(planned) > 2 and len(found) == len(planned):
        message = "Every task waits for the one before it: nothing runs at the same time."
        yield Fault(code="DEP_007", message=message, place="tasks", severity="warning")


def _critical_path(steps: Sequence[Step], order: Sequence[int]) -> tuple[list[int], float]:
    """The longest way by seconds, and its length. `order` has each task behind those it depends on."""
    end: dict[int, float] = {}
    previous: dict[int, int | None] = {}
    for number in order:
        needs = steps[number].before
        last = max(needs, key=end.__getitem__) if needs else None
        previous[number] = last
        end[number] = steps[number].seconds + (end[last] if last is not None else 0.0)
    path: list[int] = []
    at = max(end, key=end.__getitem__) if end else None
    while at is not None:
        path.append(at)
        at = previous[at]
    return path[::-1], max(end.values(), default=0.0)


def _with_workers(steps: Sequence[Step], order: Sequence[int], after: Sequence[Sequence[int]], workers: int) -> float:
    """How long so many workers take that always begin the ready task with the longest way behind it."""
    rest: dict[int, float] = {}
    for number in reversed(order):
        rest[number] = steps[number].seconds + max((rest[each] for each in after[number] if each in rest), default=0.0)
    unmet = {number: len(steps[number].before) for number in order}
    ready = [(-rest[number], number) for number in order if not unmet[number]]
    heapq.heapify(ready)
    running: list[tuple[float, int]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < workers:
            _, number = heapq.heappop(ready)
            heapq.heappush(running, (now + steps[number].seconds, number))
        now, done = heapq.heappop(running)
        for next_ in after[done]:
            if next_ in unmet:
                unmet[next_] -= 1
                if not unmet[next_]:
                    heapq.heappush(ready, (-rest[next_], next_))
    return now
