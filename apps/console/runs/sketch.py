"""A graph as somebody writes it: what is wrong with it and where, what it looks like, and its plan."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from apps.catalog.definition import Definition
from apps.console.runs import places
from apps.console.runs.drawing import Drawing, plain
from apps.console.runs.layout import layout
from apps.console.words import count
from apps.core import durations
from apps.core.schema import plain as bounds
from apps.executors.workflow import checking, kind, planning, reading
from apps.executors.workflow.faults import Fault
from apps.executors.workflow.graph import Graph
from apps.executors.workflow.wiring import wire

MAX_TEXT = 8_000_000
STARTER: dict[str, Any] = {
    "tasks": [
        {"name": "First", "script": "def run(params):\n    return [1, 2, 3]\n"},
        {"name": "Second", "script": "def run(params):\n    return sum(params['first'])\n", "dependencies": ["first"]},
    ]
}
"""What the first graph of a template begins with: it can be published as it stands."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A fault with its place in the text: `offset` counts characters, `line` from 1."""

    fault: Fault
    offset: int
    line: int

    def as_json(self) -> dict[str, Any]:
        said = self.fault
        return {"code": said.code, "severity": said.severity, "message": said.message, "place": said.place,
                "offset": self.offset, "line": self.line}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """`graph` and `drawing` are None for a text that cannot be read at all."""

    document: Any = None
    graph: Graph | None = None
    drawing: Drawing | None = None
    faults: list[Found] = field(default_factory=list)
    plan: list[tuple[str, str]] = field(default_factory=list)
    offsets: dict[str, int] = field(default_factory=dict)
    """Of the tasks that are drawn, by their places."""

    @property
    def errors(self) -> int:
        return sum(each.fault.severity == "error" for each in self.faults)


def sketch(text: str, definition: Definition) -> Sketch:
    """Never raises, whatever the text is. `definition`: what the graph is a part of."""
    document, unread = _document(text)
    if unread is not None:
        return Sketch(faults=[unread])
    if bounds.objection(document, reading.CAPS):
        return Sketch(faults=[Found(fault=each, offset=0, line=1) for each in checking.check(document)])
    whole = replace(definition, kind="workflow", graph=document)
    faults = checking.check(document, kind.known(whole))
    graph = reading.read(document).graph
    found = layout(graph, wire(graph)) if graph.nodes else None
    drawn = [graph.nodes[box.nodes[0]].place for box in found.boxes] if found else []
    at = places.offsets(text, [*(fault.place for fault in faults), *drawn])
    return Sketch(
        document=document,
        graph=graph,
        drawing=plain(found, graph) if found else None,
        faults=[Found(fault=each, offset=at[each.place], line=places.line_of(text, at[each.place])) for each in faults],
        plan=plan(graph) if graph.nodes else [],
        offsets={place: at[place] for place in drawn},
    )


def _document(text: str) -> tuple[Any, Found | None]:
    if len(text) > MAX_TEXT:
        return None, _unread(f"The text is longer than {MAX_TEXT:,} characters.", 0, text)
    try:
        return json.loads(text, parse_constant=_refused), None
    except json.JSONDecodeError as error:
        return None, _unread(f"This is no JSON: {error.msg}, at line {error.lineno}.", error.pos, text)
    except (RecursionError, ValueError):
        return None, _unread("This is nested too deeply, or a number in it cannot be kept.", 0, text)


def _refused(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _unread(message: str, offset: int, text: str) -> Found:
    return Found(fault=Fault(code="CFG_001", message=message), offset=offset, line=places.line_of(text, offset))


def plan(graph: Graph) -> list[tuple[str, str]]:
    """(what, how much), for people."""
    made = planning.plan_of(graph)
    path = made.critical_path
    shown = " → ".join(path if len(path) <= 6 else [*path[:3], "…", *path[-2:]])
    return [
        ("Waves", f"{len(made.waves):,}"),
        ("Tasks", count(len(graph.nodes), "task")),
        ("It takes about", durations.describe(made.seconds)),
        ("One after another", durations.describe(made.work)),
        ("Side by side", f"× {made.parallelisation:.1f}"),
        ("Longest way", shown or "–"),
    ]
