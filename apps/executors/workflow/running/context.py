"""The shared context of a run: its inputs, what its nodes have made of them, and what the system says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from apps.core import codec
from apps.executors.contract import TaskFacts
from apps.executors.workflow.graph import Node
from apps.executors.workflow.paths import ABSENT
from apps.executors.workflow.running import results
from apps.executors.workflow.running.loaded import Loaded
from apps.executors.workflow.running.standing import Standing
from apps.tasks import sql
from apps.tasks.record import rows

MAX_VALUE = 20_000_000
"""Characters of one value."""
CURRENT = "SELECT key, text FROM tasks_value WHERE task_id = %s AND is_current AND text IS NOT NULL AND {these}"
MAX_HELD = 50_000_000
"""Characters of values that one attempt keeps in memory; beyond that they are read anew."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A value on its way to the context. `node` None: an input or an event; `text` None: dropped before it was there."""

    key: str
    node: int | None
    round: int
    text: str | None


@dataclass(kw_only=True)
class Context:
    """Obeys `ledger.World`. What is written waits in `written` and `dropped` for the attempt's next transaction."""

    loaded: Loaded
    task: TaskFacts
    written: dict[str, Written] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    _held: dict[str, Any] = field(default_factory=dict)
    _size: int = 0
    _inputs: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._inputs = inputs(self.loaded, self.task.parameters)

    @property
    def inputs(self) -> frozenset[str]:
        return frozenset(self._inputs)

    def fetch(self, nodes: Iterable[Node]) -> None:
        """Read at once what these nodes may name."""
        wanted = {key for node in nodes for key in keys_of(node)}
        missing = [key for key in wanted if key not in self._held and key not in self._inputs]
        if self._size > MAX_HELD:
            self.forget()
            missing = [key for key in wanted if key not in self._inputs and key not in self._held]
        if not missing:
            return
        these, values = rows.some("key", missing)
        found = dict(sql.rows(CURRENT.format(these=these), [self.task.id, values]))
        for key in missing:
            self._hold(key, found.get(key))

    def context(self, node: Node, standing: Standing) -> Mapping[str, Any]:
        self.fetch([node])
        found = {**self.system(node, standing), **self._inputs}
        defaults = {each.key: each.default for each in node.dependencies if each.key and each.default is not ABSENT}
        for key in keys_of(node):
            value = self._held.get(key, ABSENT)
            if value is ABSENT and key not in found:
                value = defaults.get(key, ABSENT)
            if value is not ABSENT:
                found[key] = value
        return found

    def system(self, node: Node, standing: Standing) -> dict[str, Any]:
        """`task_id` is filled once the node's task has its number (`starting`); a node without one has the run's."""
        return {
            "task_id": self.task.id,
            "workflow_id": self.task.id,
            "task_name": node.name,
            "group_name": node.group,
            "date": f"{self.task.created_at:%Y-%m-%d}",
            "iteration": standing.round,
        }

    def write(self, node: Node, standing: Standing, values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            self.put(key, value, node.number, standing.round)

    def put(self, key: str, value: Any, node: int | None = None, round_: int = 1) -> None:
        text = codec.without_halves(codec.encode(value))
        self.written[key] = Written(key=key, node=node, round=round_, text=text)
        self.dropped.discard(key)
        self._hold(key, text)

    def too_large(self, node: Node, values: Mapping[str, Any]) -> str | None:
        """Why these values cannot become values of the context."""
        for key, value in values.items():
            try:
                size = len(codec.encode(value))
            except codec.NotEncodable as error:
                return f"“{key}” of “{node.name}” cannot be recorded: {error}."
            if size > MAX_VALUE:
                return f"“{key}” of “{node.name}” is larger than 20 MB. Save it as a file and return a summary."
        return None

    def drop(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.dropped.add(key)
            self._held.pop(key, None)
            if key in self.written:
                self.written[key] = replace(self.written[key], text=None)

    def value(self, key: str) -> Any:
        """The current value of a key, or ABSENT."""
        if key in self._inputs:
            return self._inputs[key]
        if key not in self._held:
            these, values = rows.some("key", [key])
            found = sql.run(CURRENT.format(these=these), [self.task.id, values])
            self._hold(key, found[1] if found else None)
        return self._held[key]

    def forget(self) -> None:
        """What waits to be written stays."""
        texts = {key: each.text for key, each in self.written.items() if each.text is not None}
        self._held = {key: codec.decode(text) for key, text in texts.items()}
        self._size = sum(map(len, texts.values()))

    def _hold(self, key: str, text: str | None) -> None:
        self._held[key] = ABSENT if text is None else codec.decode(text)
        self._size += len(text or "")


def inputs(loaded: Loaded, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that a run begins with: its parameters, and the defaults of inputs that they do not name."""
    defaults = {each.name: each.default for each in loaded.graph.inputs if each.default is not ABSENT}
    return {**defaults, **parameters}


def keys_of(node: Node) -> set[str]:
    """What it may name besides inputs: what it waits for, and in a loop what it made itself the round before."""
    keys = {each.key for each in node.dependencies if each.key and each.kind != "prerequisite"}
    return keys | set(node.result_keys) if node.loop else keys


def misfit(node: Node, context: Mapping[str, Any]) -> str | None:
    """Which dependency has another type than the node declares, and how."""
    if not node.validation.check_dependencies:
        return None
    for each in node.dependencies:
        if each.type and each.key in context and not _is_of(context[each.key], each.type):
            return (
                f"“{node.name}” wants “{each.key}” to be of type {each.type}; it is {results.kind(context[each.key])}."
            )
    return None


def _is_of(value: Any, type_: str) -> bool:
    value = results.plain(value) if not isinstance(value, list | dict) else value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return {
        "string": isinstance(value, str), "number": is_number, "boolean": isinstance(value, bool),
        "integer": is_number and float(value).is_integer(), "array": isinstance(value, list | tuple),
        "object": isinstance(value, Mapping),
    }[type_]  # fmt: skip
