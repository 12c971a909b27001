"""What a run has so far, what its nodes wait for, and what a repair of it would do. Reads only, in pages."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from apps.core import codec
from apps.core.masking import mask
from apps.executors.workflow.graph import Dependency
from apps.executors.workflow.graph import Node as Definition
from apps.executors.workflow.running import store
from apps.executors.workflow.running.context import inputs
from apps.executors.workflow.running.loaded import Loaded, of_revision
from apps.executors.workflow.running.results import plain
from apps.executors.workflow.running.standing import ENDED, MENDABLE, Standing, State
from apps.tasks.models import Branch, Node, Run, Task, Value
from apps.tasks.states import Status

MAX_SHOWN = 2_000
"""Characters of a value on a page; the whole of it is in the API."""
MAX_READ = 200_000
"""A longer text is not taken apart to be shown: its beginning is."""
PAGE = 50
MAX_TASKS = 500
"""Tasks that are named to be repeated; there may be more."""

Met = Literal["met", "pending", "lost"]


@dataclass(frozen=True, kw_only=True)
class Wait:
    """One dependency of a node. `by`: the nodes that can meet it; none for an input or an event."""

    dependency: Dependency
    says: Met
    because: str
    by: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ShownValue:
    """A value of the context as it may be shown: masked, and cut. `text` None: it was dropped."""

    id: int
    key: str
    node: int | None
    round: int
    is_current: bool
    text: str | None
    size: int
    written_at: datetime


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What a retry of the run would do: it repeats what did not get to its end, and nothing else."""

    generation: int
    kept: int
    """Nodes that are completed and stay so."""
    repeated: tuple[int, ...]
    """Nodes that are begun anew: failed, or skipped because another one failed."""
    waiting: tuple[int, ...]
    """Nodes that have not been begun, or not to their end."""
    open_items: Mapping[int, tuple[int, ...]]
    """Of expanded nodes that are not completed: items whose tasks have not completed, at most MAX_TASKS each."""


def waits(task: Task, number: int) -> list[Wait]:
    """What this node of the run waits for, or waited for, in the order of its dependencies."""
    return waits_of(task, [number])[number]


def waits_of(task: Task, numbers: Sequence[int]) -> dict[int, list[Wait]]:
    """The same of several nodes; not more queries than for one."""
    loaded = of_revision(task.revision_id)
    nodes = [loaded.graph.nodes[number] for number in numbers]
    sources = {node.number: [loaded.wiring.sources(each) for each in node.dependencies] for node in nodes}
    wanted = {source for each in sources.values() for found in each for source in found}
    columns = ("state", "because", "began_at", "notes")
    rows = Node.objects.filter(task_id=task.pk, number__in=wanted).values_list("number", *columns)
    standings = {each: Standing(number=each, **dict(zip(columns, values, strict=True))) for each, *values in rows}
    waits_for_events = any(each.event for node in nodes for each in node.dependencies)
    heard = set(store.events(task.pk)) if waits_for_events else set()
    given = set(inputs(loaded, task.parameters))
    seen = _Seen(loaded=loaded, standings=standings, heard=heard, given=given, is_over=task.is_final)
    return {
        node.number: [seen.wait(*each) for each in zip(node.dependencies, sources[node.number], strict=True)]
        for node in nodes
    }


@dataclass(frozen=True, kw_only=True)
class _Seen:
    loaded: Loaded
    standings: Mapping[int, Standing]
    heard: set[str]
    given: set[str]
    is_over: bool

    def wait(self, dependency: Dependency, by: tuple[int, ...]) -> Wait:
        says, because = self._says(dependency, by)
        return Wait(dependency=dependency, says=says, because=because, by=by)

    def _says(self, dependency: Dependency, by: tuple[int, ...]) -> tuple[Met, str]:
        if dependency.event:
            if dependency.event in self.heard:
                return "met", ""
            return ("lost", "it did not come") if self.is_over else ("pending", "it has not come yet")
        if dependency.task:
            return self._milestone(dependency, by)
        if not by:
            return ("met", "given") if dependency.key in self.given else ("lost", "it was not given")
        return self._value(dependency, by)

    def _value(self, dependency: Dependency, by: tuple[int, ...]) -> tuple[Met, str]:
        for number in by:
            each = self.standings.get(number)
            if each and each.state == State.COMPLETED and dependency.key not in each.notes.get("absent", ()):
                is_refused = dependency.kind == "validation" and dependency.key in each.notes.get("refused", ())
                return ("lost", "it is a rejection") if is_refused else ("met", "")
        if all(number in self.standings and self.standings[number].state in ENDED for number in by):
            return "lost", self._ends(by)
        return "pending", ""

    def _milestone(self, dependency: Dependency, by: tuple[int, ...]) -> tuple[Met, str]:
        each = self.standings.get(by[0]) or Standing(number=by[0])
        reached = {
            "started": each.began_at is not None,
            "running": each.began_at is not None,
            "ended": each.state in ENDED,
            "skipped": each.state in (State.SKIPPED, State.CANCELLED),
        }.get(dependency.state, each.state == dependency.state)
        if reached:
            return "met", ""
        return ("lost", self._ends(by)) if each.state in ENDED else ("pending", "")

    def _ends(self, by: tuple[int, ...]) -> str:
        """'“Ask” has failed'."""
        words = {State.COMPLETED: "made none", State.FAILED: "has failed", State.SKIPPED: "was skipped"}
        said = words.get(State(self.standings[by[0]].state), "was cancelled")
        return f"“{self.loaded.graph.nodes[by[0]].name}” {said}"


def values(
    task_id: int, *, node: int | None = None, after: int = 0, most: int = PAGE, is_current: bool | None = None
) -> list[ShownValue]:
    """Values of the context after this id, the oldest first: those of one node, or of all and of the outside."""
    rows = Value.objects.filter(task_id=task_id, pk__gt=after).order_by("pk")
    if node is not None:
        rows = rows.filter(node=node)
    if is_current is not None:
        rows = rows.filter(is_current=is_current)
    return [
        ShownValue(
            id=row.pk, key=row.key, node=row.node, round=row.round, is_current=row.is_current,
            text=None if row.text is None else shown(row.text), size=row.size, written_at=row.written_at,
        )
        for row in rows[:most]
    ]  # fmt: skip


def shown(text: str) -> str:
    """An encoded value as people read it."""
    if len(text) > MAX_READ:
        return mask(text[: 2 * MAX_SHOWN], MAX_SHOWN)
    value = codec.decode(text)
    said = value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)
    return mask(said, MAX_SHOWN)


def recovery(task: Task) -> Recovery:
    """At this moment. Of a run that goes on by itself: what it still has to do."""
    loaded = of_revision(task.revision_id)
    columns = ("state", "because", "generation", "round", "tries")
    rows = Node.objects.filter(task_id=task.pk).values_list("number", *columns)
    standings = {each: Standing(number=each, **dict(zip(columns, values, strict=True))) for each, *values in rows}
    run = Run.objects.filter(pk=task.pk).values_list("generation", flat=True).first()
    repeated = [number for number, each in standings.items() if _is_repeated(each)]
    ended = {number for number, each in standings.items() if each.state in ENDED}
    return Recovery(
        generation=run or 0,
        kept=sum(each.state == State.COMPLETED for each in standings.values()),
        repeated=tuple(sorted(repeated)),
        waiting=tuple(node.number for node in loaded.graph.nodes if node.number not in ended),
        open_items=_open_items(task.pk, [each for each in standings.values() if _is_unfinished(loaded, each)]),
    )


def _is_repeated(standing: Standing) -> bool:
    return standing.state == State.FAILED or (standing.state in ENDED and standing.because in MENDABLE)


def _is_unfinished(loaded: Loaded, standing: Standing) -> bool:
    node: Definition = loaded.graph.nodes[standing.number]
    return node.expansion is not None and standing.tries > 0 and standing.state != State.COMPLETED


def _open_items(task_id: int, standings: Sequence[Standing]) -> dict[int, tuple[int, ...]]:
    """One query for each such node, of which there are few: an expansion ends the run or is forgiven."""
    names = {each.branch: each.number for each in standings[:PAGE]}
    branches = Branch.objects.filter(task_id=task_id, name__in=names)
    return {names[branch.name]: _items_left(branch) for branch in branches}


def _items_left(branch: Branch) -> tuple[int, ...]:
    left = Task.objects.filter(branch=branch).exclude(status=Status.COMPLETED).order_by("item")
    return tuple(item for item in left.values_list("item", flat=True)[:MAX_TASKS] if item is not None)
