"""Everything that can be said about a workflow before it runs, all of it at once.

Linear in the size of the graph: 10,000 tasks, each with all there is, take about a second, and output rules beside that.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from apps.catalog.definition import Problem
from apps.core.mapping import check_rule
from apps.executors.workflow import asking, flow, mentions, reading
from apps.executors.workflow.faults import Fault, nearest, short
from apps.executors.workflow.fields import MAX_FAULTS
from apps.executors.workflow.flow import about
from apps.executors.workflow.graph import Graph, Node, OutputRule
from apps.executors.workflow.wiring import wire

MAX_SCRIPTS = 100
"""Different inline scripts in one workflow: each is type-checked, which takes some 50 ms."""
MAX_RULES = 1_000
"""Different output rules: each takes about a millisecond."""
MAX_APPROVALS = 500
"""Different approvals: each takes a millisecond."""

Names = Callable[[], Collection[str]]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the installation has. None: not judged (a file is read where nothing is installed)."""

    inputs: Mapping[str, str] = field(default_factory=dict)
    """Names that the run begins with besides the graph's own inputs (its parameters) → JSON type, or nothing."""
    classes: Names | None = None
    tools: Names | None = None
    templates: Names | None = None
    script_problems: Callable[[str], Sequence[Problem]] | None = None
    """What is wrong with the text of a script."""


NOTHING_KNOWN = Known()


def check(document: Any, known: Known = NOTHING_KNOWN) -> list[Fault]:
    """All that is wrong with the JSON of a workflow, at most MAX_FAULTS. Never raises, whatever the document is."""
    found = reading.read(document)
    if not found.graph.nodes:
        return list(found.faults)
    return [*found.faults, *islice(check_graph(found.graph, known), MAX_FAULTS - len(found.faults))]


def check_graph(graph: Graph, known: Known = NOTHING_KNOWN) -> Iterator[Fault]:
    """What is wrong with the whole of a graph; its fields have been judged by `reading.read`."""
    wiring = wire(graph)
    inputs = {**known.inputs, **{each.name: each.type for each in graph.inputs}}
    yield from _names(graph)
    yield from flow.check(graph, wiring, inputs)
    yield from mentions.check(graph, wiring, inputs)
    yield from _Installed(known).check(graph)


def inputs_of(parameter_schema: Any) -> dict[str, str]:
    """What a template's parameters are to its workflow: `Known.inputs`. A draft's schema may be anything."""
    described = parameter_schema.get("properties") if isinstance(parameter_schema, dict) else None
    types = {
        name: each.get("type") if isinstance(each, dict) else None
        for name, each in (described if isinstance(described, dict) else {}).items()
    }
    return {name: type_ if isinstance(type_, str) else "" for name, type_ in types.items()}


def _names(graph: Graph) -> Iterator[Fault]:
    seen: set[str] = set()
    for group in graph.groups:
        if group.name in seen:
            message = f"Two groups are called “{group.name}”."
            yield Fault(code="CFG_003", message=message, place=f"{group.place}.name", details={"group": group.name})
        seen.add(group.name)
    first: dict[str, Node] = {}
    for node in graph.nodes:
        if first.setdefault(node.name, node) is not node:
            message = f"Two tasks are called “{node.name}”: in “{first[node.name].group}” and in “{node.group}”."
            yield Fault(code="CFG_003", message=message, place=f"{node.place}.name", details=about(node, field="name"))


class _Installed:
    """Are the classes, tools, templates, scripts and paths there, and right? Each list is asked for once, if at all."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.lists: dict[str, frozenset[str]] = {}
        self.scripts: dict[str, Sequence[Problem]] = {}
        self.judged: dict[str, dict[str, Sequence[tuple[str, str]]]] = {}

    def check(self, graph: Graph) -> Iterator[Fault]:
        for node in graph.nodes:
            if node.runner and node.runner.kind == "agent_class":
                classes = self._names("classes", self.known.classes)
                yield from self._unknown(node, "agent_class", node.runner.subject, classes, "CFG_004", "class")
            if node.runner and node.runner.kind == "template":
                templates = self._names("templates", self.known.templates)
                yield from self._unknown(node, "template", node.runner.subject, templates, "CFG_005", "template")
            yield from self._tools(node)
            yield from self._script(node)
            yield from self._rules(node)
            yield from self._approval(node)

    def _names(self, kind: str, ask: Names | None) -> frozenset[str] | None:
        if ask is None:
            return None
        if kind not in self.lists:
            self.lists[kind] = frozenset(ask())
        return self.lists[kind]

    def _tools(self, node: Node) -> Iterator[Fault]:
        named = [(f"tools.{number}", tool) for number, tool in enumerate(node.tools)]
        if node.validator and node.validator.tool:
            named.append(("validator_tool", node.validator.tool))
        if node.runner and node.runner.kind == "tool":
            named.append(("tool", node.runner.subject))
        for place, tool in named:
            yield from self._unknown(node, place, tool, self._names("tools", self.known.tools), "CFG_006", "tool")

    def _unknown(
        self, node: Node, place: str, name: str, known: frozenset[str] | None, code: str, what: str
    ) -> Iterator[Fault]:
        if known is not None and name not in known:
            message = f"There is no {what} “{short(name)}”.{nearest(name, known)}"
            details = about(node, field=place.partition(".")[0], key=name)
            yield Fault(code=code, message=message, place=f"{node.place}.{place}", details=details)

    def _script(self, node: Node) -> Iterator[Fault]:
        if node.runner is None or node.runner.kind != "script":
            return
        text, place = node.runner.subject, f"{node.place}.script"
        if text not in self.scripts and len(self.scripts) >= MAX_SCRIPTS:
            message = f"There are more than {MAX_SCRIPTS} different scripts. Make templates of them."
            yield Fault(code="CFG_008", message=message, place=place, details=about(node, field="script"))
            return
        if text not in self.scripts:
            self.scripts[text] = self.known.script_problems(text) if self.known.script_problems else ()
        for problem in self.scripts[text]:
            message = f"Line {problem.line}: {problem.message}" if problem.line else problem.message
            details = about(node, field="script", line=problem.line)
            yield Fault(code="CFG_010", message=message, place=place, details=details, severity=problem.severity)

    def _rules(self, node: Node) -> Iterator[Fault]:
        for rule in node.outputs:
            for path, message in self._once("output rules", MAX_RULES, _for_any_key(rule), _rule_problems):
                place = f"{rule.place}.{path}".rstrip(".")
                yield Fault(code="PROC_002", message=message, place=place, details=about(node, key=rule.result_key))

    def _approval(self, node: Node) -> Iterator[Fault]:
        if node.runner is None or node.runner.approval is None:
            return
        for path, message in self._once("approvals", MAX_APPROVALS, node.runner.approval, asking.problems):
            details = about(node, field="approval", invalid_fields={path: message})
            yield Fault(
                code="CFG_001", message=message, place=f"{node.place}.approval.{path}".rstrip("."), details=details
            )

    def _once(
        self,
        what: str,
        most: int,
        given: Mapping[str, Any],
        judge: Callable[[Mapping[str, Any]], Sequence[tuple[str, str]]],
    ) -> Sequence[tuple[str, str]]:
        """(path, message) of what is wrong; equal ones are judged once, and no more than `most` different ones."""
        seen, text = self.judged.setdefault(what, {}), json.dumps(given, sort_keys=True)
        if text not in seen:
            is_too_many = len(seen) >= most
            seen[text] = [("", f"There are more than {most:,} different {what}.")] if is_too_many else judge(given)
        return seen[text]


def _for_any_key(rule: OutputRule) -> dict[str, Any]:
    """Rules that differ in their key only are the same to output mapping."""
    return {**rule.rule, "result_key": "key"}


def _rule_problems(rule: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(problem.path, problem.message) for problem in check_rule(rule)]
