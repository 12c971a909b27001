"""What a run has so far, what its nodes wait for, and what a repair of it would do. Reads only, in pages."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Literal

from apps.core import codec
from apps.core.masking import mask
from apps.executors.workflow.graph import Dependency
from apps.executors.workflow.running import kept, mending, starting, store
from apps.executors.workflow.running.context import inputs
from apps.executors.workflow.running.kept import Kept
from apps.executors.workflow.running.loaded import Loaded, of_revision
from apps.executors.workflow.running.results import plain
from apps.executors.workflow.running.standing import ENDED, Standing, State
from apps.tasks.models import Branch, Node, Run, Task, Value

MAX_SHOWN = 2_000
"""Characters of a value on a page; the whole of it is in the API."""
MAX_READ = 200_000
"""A longer text is not taken apart to be shown: its beginning is."""
PAGE = 50
MAX_TASKS = 500
"""Tasks that are named to be repeated; there may be more."""

REPAIRED_BY = ("state", "because", "generation", "round", "tries", "error", "notes")
"""What a repair goes by."""

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
class Expansion:
    """What is left of an expanded node, as long as it is given the same items: if not, all are made."""

    total: int
    kept: int
    """Items whose results stay."""
    failed: int
    """Tasks of its last try that failed or were cancelled."""
    ended: int
    """Items whose tasks have ended, one way or another."""
    open_items: tuple[int, ...]
    """Those that a repair repeats, or that have still to complete: at most MAX_TASKS."""

    @property
    def left(self) -> int:
        """How many these are."""
        return self.total - self.kept


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
    expansions: Mapping[int, Expansion]
    """Expanded nodes that are to be repeated, or have not got to their end."""

    @property
    def open_items(self) -> Mapping[int, tuple[int, ...]]:
        return {number: each.open_items for number, each in self.expansions.items()}


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
    rows = Node.objects.filter(task_id=task.pk).values_list("number", *REPAIRED_BY)
    standings = {each: Standing(number=each, **dict(zip(REPAIRED_BY, values, strict=True))) for each, *values in rows}
    run = Run.objects.filter(pk=task.pk).first()
    everything = run is not None and run.is_forgotten
    gone = store.gone(task.pk) if task.is_final else set()
    again = set(mending.repeated(loaded, standings, gone=gone, everything=everything))
    ended = {number for number, each in standings.items() if each.state in ENDED}
    unfinished = [
        each
        for number, each in sorted(standings.items())
        if _is_expanded(loaded, each) and (number in again or each.state != State.COMPLETED)
    ]
    return Recovery(
        generation=run.generation if run else 0,
        kept=sum(each.state == State.COMPLETED for number, each in standings.items() if number not in again),
        repeated=tuple(sorted(again & ended)),
        waiting=tuple(node.number for node in loaded.graph.nodes if node.number not in ended),
        expansions=_expansions(task.pk, loaded, unfinished[:PAGE], everything=everything),
    )


def items_to_repeat(task: Task) -> list[tuple[str, int, int]]:
    """(node, how many of its items a repair makes again, of how many), of expanded nodes that have failed."""
    loaded, run = of_revision(task.revision_id), Run.objects.filter(pk=task.pk).first()
    rows = Node.objects.filter(task_id=task.pk, state=State.FAILED).values_list("number", *REPAIRED_BY)
    failed = [
        Standing(number=each, **dict(zip(REPAIRED_BY, values, strict=True)))
        for each, *values in rows.order_by("number")[:PAGE]
    ]
    found = _expansions(
        task.pk, loaded, [each for each in failed if _is_expanded(loaded, each)],
        everything=run is not None and run.is_forgotten,
    )  # fmt: skip
    return [(loaded.graph.nodes[number].name, each.left, each.total) for number, each in found.items()]


def _is_expanded(loaded: Loaded, standing: Standing) -> bool:
    return loaded.graph.nodes[standing.number].expansion is not None and standing.tries > 0


def _expansions(
    task_id: int, loaded: Loaded, standings: Sequence[Standing], *, everything: bool
) -> dict[int, Expansion]:
    """Two queries for each such node, of which there are few: an expansion ends the run or is forgiven."""
    names = {each.branch: each for each in standings}
    newest = {branch.name: branch for branch in Branch.objects.filter(task_id=task_id, name__in=names)}
    found = {}
    for name, each in names.items():
        is_kept = not everything and (each.state not in ENDED or kept.is_kept(loaded.graph.nodes[each.number], each))
        if (branch := newest.get(name)) is not None:
            found[each.number] = _expansion(task_id, branch, kept.of(each), is_kept=is_kept)
    return found


def _expansion(task_id: int, branch: Branch, known: Kept | None, *, is_kept: bool) -> Expansion:
    before = known.count if known and known.branch == branch.name else 0
    total = branch.total + before
    known = known or Kept(branch=branch.name, digest="", total=total)
    done = set(starting.completed(task_id, known)) if is_kept else set()
    return Expansion(
        total=total, kept=len(done), failed=branch.failed + branch.cancelled,
        ended=before + branch.total - branch.outstanding,
        open_items=tuple(islice((item for item in range(total) if item not in done), MAX_TASKS)),
    )  # fmt: skip
