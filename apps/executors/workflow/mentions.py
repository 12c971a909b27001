"""What is wrong with what a node's texts, parameters, conditions and rules name."""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.executors.workflow import asking, conditions
from apps.executors.workflow.conditions import Condition
from apps.executors.workflow.faults import Fault, nearest, short
from apps.executors.workflow.flow import about
from apps.executors.workflow.graph import EVERYTHING, Graph, Node
from apps.executors.workflow.parts import CLEANUP_FIELDS
from apps.executors.workflow.placeholders import EXPANDED, RESERVED, SYSTEM, Placeholder, in_value, parse
from apps.executors.workflow.wiring import Wiring

UNWAITED = "which this task does not wait for"


class Scope:
    """What one node may name. Inputs and system values are shared by all nodes and looked at last."""

    def __init__(self, node: Node, wiring: Wiring, shared: frozenset[str]) -> None:
        self.node, self.wiring, self.shared = node, wiring, shared
        self.waited = {each.key for each in node.dependencies if each.key and each.kind != "prerequisite"}
        self.unsure = {each.key for each in node.dependencies if each.is_optional and not each.is_required}
        self.own: set[str] = set(node.result_keys) if node.loop else set()
        self.expanded: set[str] = set()
        if node.expansion:
            self.expanded = {*EXPANDED, *(array.variable for array in node.expansion.arrays)}
            self.expanded |= {name for name, _ in node.expansion.identifiers}

    def has(self, name: str, *, in_text: bool, own: bool = False) -> bool:
        return (
            name in self.waited
            or name in self.shared
            or (in_text and (name in self.expanded or name in self.own))
            or (own and name in self.node.result_keys)
        )

    def fault(self, name: str, place: str, said: str, code: str) -> Fault:
        """The name is not there for this node: is it another task's, or nobody's?"""
        makers = self.wiring.producers.get(name)
        details = about(self.node, key=name, missing_fields=[name])
        if makers and self.node.number not in makers:
            is_named = any(each.key == name for each in self.node.dependencies)
            message = f"{said} uses “{name}”, {'but waits for it as a prerequisite only' if is_named else UNWAITED}."
            advice = (
                f"Make the dependency on “{name}” one of kind data."
                if is_named
                else f"Add “{name}” to the dependencies."
            )
            return Fault(code="CTX_003", message=message, place=place, details=details, suggestions=(advice,))
        known = {*self.waited, *self.expanded, *self.shared}
        return Fault(
            code=code,
            message=f"{said} names “{name}”, which is not there.{nearest(name, known)}",
            place=place,
            details=details,
        )


def check(graph: Graph, wiring: Wiring, inputs: Mapping[str, str]) -> Iterator[Fault]:
    shared = frozenset({*SYSTEM, *inputs})
    yield from _reserved_inputs(graph, inputs)
    for node in graph.nodes:
        scope = Scope(node, wiring, shared)
        yield from _reserved(node)
        yield from _texts(node, scope)
        yield from _conditions(node, scope)
        yield from _expansion(node)
        yield from _rules(node, scope)
        yield from _tasks(node, wiring)
    yield from _outputs(graph, wiring, inputs)


def _reserved_inputs(graph: Graph, inputs: Mapping[str, str]) -> Iterator[Fault]:
    """Also among the parameters, which are declared elsewhere."""
    places = {each.name: each.place for each in graph.inputs}
    for name in sorted(RESERVED.intersection(inputs)):
        message = f"“{name}” has a meaning of its own and can be no input or parameter."
        yield Fault(code="CTX_006", message=message, place=places.get(name, ""), details={"key": name})


def _reserved(node: Node) -> Iterator[Fault]:
    places = [(f"{node.place}.result_keys", key) for key in node.result_keys]
    if node.expansion:
        at = f"{node.place}.expansion_config"
        variables = [array.variable for array in node.expansion.arrays if array.variable != "item"]
        places += [(f"{at}.array_mapping.{name}", name) for name in variables]
        places += [(f"{at}.identifiers.{name}", name) for name, _ in node.expansion.identifiers]
    for place, name in places:
        if name in RESERVED:
            message = f"“{name}” has a meaning of its own."
            yield Fault(code="CTX_006", message=message, place=place, details=about(node, key=name))


def _texts(node: Node, scope: Scope) -> Iterator[Fault]:
    for place, text in _texts_of(node):
        parsed = parse(text)
        for message in parsed.wrong:
            yield Fault(code="CTX_002", message=message, place=place, details=about(node))
        for placeholder in parsed.placeholders:
            yield from _placeholder(placeholder, place, scope)
    for rule in node.outputs:  # how a path is written, core.mapping judges
        for placeholder in parse(rule.output_path).placeholders:
            yield from _placeholder(placeholder, f"{rule.place}.output_path", scope)


def _texts_of(node: Node) -> Iterator[tuple[str, str]]:
    """(place, text) of all that may hold placeholders."""
    values: list[tuple[str, Any]] = [
        ("message_template", node.message_template),
        ("shared_instructions", node.shared_instructions),
    ]
    if node.parameters:
        values.append(("parameters", node.parameters))
    if node.validator:
        values.append(("validator_prompt", node.validator.prompt))
    if node.expansion:
        values.append(("expansion_config.name", node.expansion.name))
    if node.runner and node.runner.approval:
        values.append(("approval", asking.filled_fields(node.runner.approval)))
    for name, value in values:
        if value and (not isinstance(value, str) or "{" in value or "}" in value):
            for path, text in in_value(value):
                yield f"{node.place}.{name}{path}", text


def _placeholder(placeholder: Placeholder, place: str, scope: Scope) -> Iterator[Fault]:
    name = placeholder.path[0]
    if not scope.has(name, in_text=True):
        if placeholder.default is None:
            yield scope.fault(name, place, f"{{{short(placeholder.text)}}}", "CTX_001")
        elif name in scope.wiring.producers:
            yield scope.fault(name, place, f"{{{short(placeholder.text)}}}", "CTX_003")
    elif placeholder.default is None and (name in scope.unsure or name in scope.own):
        why = "the first round does not have it" if name in scope.own else "the task does not need it to run"
        message = f"“{name}” may be absent, because {why}. Give a default: {{{placeholder.text}|…}}."
        yield Fault(
            code="CTX_001", message=message, place=place, details=about(scope.node, key=name), severity="warning"
        )


def _conditions(node: Node, scope: Scope) -> Iterator[Fault]:
    asked: list[tuple[str, Condition, bool]] = []
    if node.condition:
        asked.append(("condition", node.condition, False))
    if node.loop:
        asked.append((f"loop.{'until' if node.loop.is_until else 'while'}", node.loop.condition, True))
    for name, all_of_them in (("preconditions", node.preconditions), ("postconditions", node.postconditions)):
        for number, each in enumerate(all_of_them):
            asked.append((f"{name}.{number}.if", each.condition, name == "postconditions"))
    for place, condition, is_after in asked:
        for name in dict.fromkeys(path[0] for path in conditions.paths(condition)):
            if not scope.has(name, in_text=False, own=is_after):
                yield scope.fault(name, f"{node.place}.{place}", "The condition", "CTX_005")


def _expansion(node: Node) -> Iterator[Fault]:
    if node.expansion is None:
        return
    at, expansion = f"{node.place}.expansion_config", node.expansion
    variables = {"item", "index", *(array.variable for array in expansion.arrays)}
    for name, path in expansion.identifiers:
        if path[0] not in variables:
            message = (
                f"The identifier “{name}” begins with “{path[0]}”, which is no variable.{nearest(path[0], variables)}"
            )
            yield Fault(
                code="PROC_001", message=message, place=f"{at}.identifiers.{name}", details=about(node, key=name)
            )
    written = [len(array.items) for array in expansion.arrays if array.items is not None]
    if expansion.type == "zip" and len(set(written)) > 1:
        message = f"Arrays are zipped item by item; these have {' and '.join(map(str, written))} items."
        yield Fault(code="PROC_001", message=message, place=f"{at}.array_mapping", details=about(node))
    if node.runner and node.runner.kind == "approval":
        message = "People are asked once: an approval cannot be expanded. Expand a template that asks."
        yield Fault(code="PROC_001", message=message, place=at, details=about(node))


def _rules(node: Node, scope: Scope) -> Iterator[Fault]:
    for rule in node.outputs:
        if rule.result_key not in node.result_keys:
            message = (
                f"“{rule.result_key}” is none of the task's result_keys.{nearest(rule.result_key, node.result_keys)}"
            )
            yield Fault(
                code="PROC_002",
                message=message,
                place=f"{rule.place}.result_key",
                details=about(node, key=rule.result_key),
            )
    keys = [(f"cleanup.{name}", key) for name in CLEANUP_FIELDS for key in getattr(node.cleanup, name)]
    for name, key in sorted(keys):
        if not scope.has(key, in_text=False, own=True):
            yield scope.fault(key, f"{node.place}.{name}", "The cleanup", "CTX_001")


def _tasks(node: Node, wiring: Wiring) -> Iterator[Fault]:
    for name in node.cancels:
        if name != EVERYTHING and (name not in wiring.number or name == node.name):
            own = name == node.name
            message = (
                "A task cannot cancel itself." if own else f"There is no task “{name}”.{nearest(name, wiring.number)}"
            )
            yield Fault(
                code="CFG_012", message=message, place=f"{node.place}.cancels", details=about(node, dependency=name)
            )


def _outputs(graph: Graph, wiring: Wiring, inputs: Mapping[str, str]) -> Iterator[Fault]:
    known = {*wiring.producers, *inputs}
    named = [(f"outputs.{name}", path[0]) for name, path in graph.outputs.items()]
    drops = graph.housekeeping.drops
    named += sorted((f"cleanup.{name}", key) for name in CLEANUP_FIELDS for key in getattr(drops, name))
    for place, key in named:
        if key not in known:
            message = f"Nothing produces “{key}”.{nearest(key, known)}"
            yield Fault(code="DEP_001", message=message, place=place, details={"key": key, "missing_fields": [key]})
