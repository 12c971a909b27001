"""JSON → Graph. What is missing or wrong is noted, and read as its default, so that all of it is found at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.core.schema import plain
from apps.executors.workflow.faults import Fault, WorkflowError, short
from apps.executors.workflow.fields import Fields, Notes
from apps.executors.workflow.graph import Graph, Group, Housekeeping, Input, Node, OnFailure
from apps.executors.workflow.nodes import NodeReader
from apps.executors.workflow.parts import JSON_TYPES, drops, timeouts, validation
from apps.executors.workflow.paths import ABSENT, is_name, segments

MAX_NODES = 10_000
MAX_GROUPS = 1_000
MAX_INPUTS = 500
MAX_OUTPUTS = 500
CAPS = plain.Caps(depth=32, values=400_000, characters=8_000_000)

FOR_ALL: tuple[OnFailure, ...] = ("stop", "continue", "skip")

GRAPH_FIELDS = frozenset({
    "name", "description", "groups", "task_groups", "tasks", "inputs", "outputs", "at_once", "timeouts", "on_failure",
    "validation", "cleanup",
})  # fmt: skip
GROUP_FIELDS = frozenset({"name", "description", "tasks"})
INPUT_FIELDS = frozenset({"type", "optional", "default", "description"})
CLEANUP_FIELDS = frozenset({"before", "after", "on_error", "triggers", "retention"})
TRIGGER_FIELDS = frozenset({"completion", "session_end", "error", "memory_percent"})
RETENTION_FIELDS = frozenset({"session", "results", "errors"})


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What could be read, and what is wrong with the fields; the whole is checked by `checking`."""

    graph: Graph
    faults: tuple[Fault, ...]


def read(document: Any) -> Reading:
    """A workflow from its JSON. Never raises, and looks at hostile input within a bound."""
    notes = Notes()
    if said := plain.objection(document, CAPS):
        notes.add(Fault(code="CFG_008", message=said[1], place=said[0]))
        document = {}
    graph = _graph(Fields(document, "", notes, GRAPH_FIELDS), notes, is_judged=not said)
    return Reading(graph=graph, faults=tuple(notes.faults))


def load(document: Any) -> Graph:
    """The graph of a document that has passed `checking.check`. Raises WorkflowError."""
    reading = read(document)
    if reading.faults:
        raise WorkflowError(*reading.faults)
    return reading.graph


def _graph(fields: Fields, notes: Notes, *, is_judged: bool) -> Graph:
    reader = NodeReader(notes, validation(fields), fields.word("on_failure", FOR_ALL, "stop"))
    groups = _groups(fields, reader, notes)
    if not reader.nodes and is_judged and not notes.faults:
        fields.missing("groups", 'Give at least one group with a task: [{"name": "Main", "tasks": […]}].')
    return Graph(
        groups=groups,
        nodes=tuple(reader.nodes),
        inputs=_inputs(fields, notes),
        outputs=_outputs(fields),
        description=fields.text("description", 10_000),
        at_once=fields.whole("at_once", 1, MAX_NODES),
        timeouts=timeouts(fields),
        housekeeping=_housekeeping(fields, notes),
    )


def _groups(fields: Fields, reader: NodeReader, notes: Notes) -> tuple[Group, ...]:
    """`tasks` at the top are one group; `task_groups` is another word for `groups`."""
    ways = [name for name in ("groups", "task_groups", "tasks") if name in fields]
    if len(ways) > 1:
        fields.note(ways[1], f"Give either {' or '.join(ways)}.")
    if ways[:1] == ["tasks"]:
        return (_group("Main", "", "", fields, reader),)
    found = []
    for place, given in fields.items(ways[0], MAX_GROUPS) if ways else ():
        group = Fields(given, place, notes, GROUP_FIELDS)
        name = group.needed_text("name", 120, "Name the group.")
        found.append(_group(name or place, group.text("description", 10_000), place, group, reader))
    return tuple(found)


def _group(name: str, description: str, place: str, fields: Fields, reader: NodeReader) -> Group:
    nodes: list[Node] = []
    for at, given in fields.items("tasks", MAX_NODES):
        if len(reader.nodes) >= MAX_NODES:
            fields.note("tasks", f"A workflow has up to {MAX_NODES:,} tasks. Split it.", code="CFG_008")
            break
        nodes.append(reader.read(given, at, name))
    return Group(name=name, description=description, place=place, nodes=tuple(nodes))


def _inputs(fields: Fields, notes: Notes) -> tuple[Input, ...]:
    """["customers", "note?"], {"customers": "array"}, or {"customers": {"type": "array", "default": []}}."""
    given: Any = fields.value("inputs", [])
    if isinstance(given, list):
        given = dict.fromkeys(fields.names("inputs", MAX_INPUTS), "")
    found = []
    for written, described in (given if isinstance(given, dict) else fields.mapping("inputs", MAX_INPUTS)).items():
        name, place = written.removesuffix("?"), fields.at(f"inputs.{short(written)}")
        if not is_name(name):
            fields.note(f"inputs.{short(written)}", f"“{short(name)}” is no key: letters, digits, _ and - only.")
            continue
        one = Fields(described if isinstance(described, dict) else {"type": described}, place, notes, INPUT_FIELDS)
        found.append(
            Input(
                name=name,
                type=one.word("type", ("", *JSON_TYPES), ""),
                is_optional=written.endswith("?") or one.truth("optional", False),
                default=one.value("default", ABSENT),
                place=place,
            )
        )
    return tuple(found)


def _outputs(fields: Fields) -> Mapping[str, tuple[str, ...]]:
    """["report"], or {"name": "report.file"}."""
    if isinstance(fields.value("outputs", []), list):
        return {name: (name,) for name in fields.names("outputs", MAX_OUTPUTS, are_keys=True)}
    found = {}
    for name, path in fields.mapping("outputs", MAX_OUTPUTS).items():
        parts = segments(path) if isinstance(path, str) else None
        if parts is None:
            fields.note(f"outputs.{short(name)}", "Give the path of a value: report, or report.file.")
        else:
            found[name] = parts
    return found


def _housekeeping(fields: Fields, notes: Notes) -> Housekeeping:
    if "cleanup" not in fields:
        return Housekeeping()
    cleanup = Fields(fields.value("cleanup"), fields.at("cleanup"), notes, CLEANUP_FIELDS)
    triggers = Fields(cleanup.value("triggers", {}), cleanup.at("triggers"), notes, TRIGGER_FIELDS)
    retention = Fields(cleanup.value("retention", {}), cleanup.at("retention"), notes, RETENTION_FIELDS)
    usual = Housekeeping()
    return Housekeeping(
        drops=drops(cleanup),
        on_completion=triggers.truth("completion", True),
        on_session_end=triggers.truth("session_end", True),
        on_error=triggers.truth("error", True),
        memory_percent=triggers.whole("memory_percent", 1, 100) or usual.memory_percent,
        keep_session=retention.duration("session") or usual.keep_session,
        keep_results=retention.duration("results") or usual.keep_results,
        keep_errors=retention.duration("errors") or usual.keep_errors,
    )
