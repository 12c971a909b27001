"""What the context of a run holds, key by key: who makes each, who wrote it and when, and why it is not there. Reads only."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from django.db.models import Q
from django.db.models.functions import Substr

from apps.core import codec
from apps.core.masking import mask
from apps.executors.workflow import recovery
from apps.executors.workflow.paths import ABSENT
from apps.executors.workflow.running.context import inputs
from apps.executors.workflow.running.loaded import Loaded, of_revision
from apps.executors.workflow.running.standing import ENDED, State
from apps.tasks.models import Node, Task, Value

MAX_READ = 20_000
"""Characters of a longer value are not taken apart in a list: its beginning is shown."""
MOST_WRITINGS = 100

Kind = Literal["input", "event", "result"]
Is = Literal["there", "awaited", "missing", "dropped"]
WORDS = {State.FAILED: "failed", State.SKIPPED: "was skipped", State.CANCELLED: "was cancelled"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Writing:
    """That a value was written. `node` None: it came from outside, as an event."""

    node: int | None
    round: int
    at: datetime
    size: int
    """Characters, as it is encoded."""
    is_current: bool
    is_kept: bool
    """False for one that was dropped, or that is large and has a newer one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    key: str
    kind: Kind
    state: Is
    why: str
    """Why it is not there, or not any more."""
    makers: tuple[int, ...]
    """Nodes whose result it is: several are alternatives of a choice."""
    users: tuple[int, ...]
    """Nodes that wait for it."""
    written: Writing | None
    """The current value; None for an input, which the run began with."""


def keys(task: Task) -> list[Key]:
    """All that the workflow declares: inputs, then events, then results in the order of the nodes."""
    loaded = of_revision(task.revision_id)
    given = inputs(loaded, task.parameters)
    seen = _Seen(loaded, _nodes(task.pk), _written(task.pk), is_over=task.is_final)
    declared = dict.fromkeys([*given, *(each.name for each in loaded.graph.inputs)])
    found = [seen.input(key, key in given) for key in declared]
    events: defaultdict[str, list[int]] = defaultdict(list)
    for waiting in loaded.of_event.values():
        for number, place in waiting:
            events[loaded.graph.nodes[number].dependencies[place].key].append(number)
    found += [seen.event(key, tuple(users)) for key, users in events.items()]
    return found + [seen.result(key, makers) for key, makers in loaded.wiring.producers.items()]


def value(task: Task, key: str) -> Any:
    """The current value in full, or ABSENT."""
    given = inputs(of_revision(task.revision_id), task.parameters)
    if key in given:
        return given[key]
    rows = Value.objects.filter(task_id=task.pk, key=key, is_current=True, text__isnull=False)
    text = rows.values_list("text", flat=True).first()
    return ABSENT if text is None else codec.decode(text)


def history(task_id: int, key: str) -> list[Writing]:
    """The newest of what was written under this key, the oldest first."""
    rows = Value.objects.filter(task_id=task_id, key=key).order_by("-pk")
    return [_writing(*row) for row in _columns(rows)[:MOST_WRITINGS]][::-1]


def texts(task: Task, shown: Sequence[Key]) -> dict[str, str | None]:
    """The current values of these keys as people read them: masked and cut. None: it is not there."""
    given = inputs(of_revision(task.revision_id), task.parameters)
    found: dict[str, str | None] = dict.fromkeys((each.key for each in shown), None)
    found |= {key: recovery.shown(codec.encode(given[key])) for key in found if key in given}
    rows = Value.objects.filter(task_id=task.pk, key__in=list(found), is_current=True, text__isnull=False)
    for key, size, text in rows.annotate(begin=Substr("text", 1, MAX_READ)).values_list("key", "size", "begin"):
        found[key] = recovery.shown(text) if size <= MAX_READ else mask(text, recovery.MAX_SHOWN)
    return found


@dataclass(frozen=True)
class _Seen:
    loaded: Loaded
    nodes: Mapping[int, tuple[str, str]]
    """State and reason."""
    written: Mapping[str, Writing]
    is_over: bool

    def input(self, key: str, is_given: bool) -> Key:
        return self._key(key, "input", "there" if is_given else "missing", "" if is_given else "it was not given")

    def event(self, key: str, users: tuple[int, ...]) -> Key:
        state: Is = "missing" if self.is_over else "awaited"
        why = "it did not come" if self.is_over else "nobody has sent it"
        return replace(self._of_row(key, "event", state, why), users=users)

    def result(self, key: str, makers: tuple[int, ...]) -> Key:
        untold = [number for number in makers if not self._has_ended(number)]
        if untold and not self.is_over:
            name, state = self._name(untold[0]), self.nodes.get(untold[0], ("waiting",))[0]
            return self._of_row(key, "result", "awaited", f"“{name}” is {state}", makers)
        return self._of_row(key, "result", "missing", self._end(untold[0] if untold else makers[0]), makers)

    def _of_row(self, key: str, kind: Kind, else_: Is, why: str, makers: tuple[int, ...] = ()) -> Key:
        row = self.written.get(key)
        if row is None:
            return self._key(key, kind, else_, why, makers)
        if not row.is_kept:
            return self._key(key, kind, "dropped", "it was removed by a clean-up", makers, row)
        return self._key(key, kind, "there", "", makers, row)

    def _key(
        self, key: str, kind: Kind, state: Is, why: str, makers: tuple[int, ...] = (), written: Writing | None = None
    ) -> Key:
        users = dict.fromkeys(number for number, _ in self.loaded.of_key.get(key, ()))
        return Key(
            key=key, kind=kind, state=state, why=why, makers=makers, users=tuple(users), written=written
        )  # fmt: skip

    def _has_ended(self, number: int) -> bool:
        return number in self.nodes and self.nodes[number][0] in ENDED

    def _name(self, number: int) -> str:
        return self.loaded.graph.nodes[number].name

    def _end(self, number: int) -> str:
        state, reason = self.nodes.get(number, ("", ""))
        word = WORDS.get(State(state), "made none") if self._has_ended(number) else "has not run to its end"
        return f"“{self._name(number)}” {word}" + (f": {reason}" if reason else "")


def _nodes(task_id: int) -> dict[int, tuple[str, str]]:
    rows = Node.objects.filter(task_id=task_id).values_list("number", "state", "reason")
    return {number: (state, reason) for number, state, reason in rows.iterator()}


def _written(task_id: int) -> dict[str, Writing]:
    rows = Value.objects.filter(task_id=task_id, is_current=True)
    return {key: _writing(*row) for key, *row in _columns(rows, "key").iterator()}


def _columns(rows: Any, *before: str) -> Any:
    columns = (*before, "node", "round", "written_at", "size", "is_current", "is_kept")
    return rows.annotate(is_kept=Q(text__isnull=False)).values_list(*columns)


def _writing(node: int | None, round_: int, at: datetime, size: int, is_current: bool, is_kept: bool) -> Writing:
    return Writing(node=node, round=round_, at=at, size=size, is_current=is_current, is_kept=is_kept)


def names(loaded: Loaded, numbers: Iterable[int]) -> list[str]:
    return [loaded.graph.nodes[number].name for number in numbers]
