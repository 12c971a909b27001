"""What tasks answered becomes values of the context: by key, or of many items together. Pure."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from apps.core import mapping
from apps.core.mapping import Envelope, MappingError
from apps.executors.workflow.faults import Fault, WorkflowError, listed
from apps.executors.workflow.flow import about
from apps.executors.workflow.graph import Expansion, Node, OutputRule, Retry
from apps.executors.workflow.paths import ABSENT, look_up

USUAL_RETRY = Retry()
MAX_LISTED = 5
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""In encoded text; not a backslash before u0000."""


class Unusable(WorkflowError):
    """The result of a node cannot be used as it is."""

    @property
    def fault(self) -> Fault:
        return self.faults[0]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One task of an expansion: `value` is what it answered, or None when it did not complete."""

    variables: Mapping[str, Any]
    is_completed: bool
    value: Any = None
    task_id: int | None = None


def fault(code: str, node: Node, message: str, **details: Any) -> Fault:
    return Fault(code=code, message=message, place=node.place, details=about(node, **details))


def listing(names: Sequence[str]) -> str:
    return listed(names) if len(names) > MAX_LISTED else ", ".join(f"“{name}”" for name in names)


def by_key(node: Node, value: Any) -> dict[str, Any]:
    """With one key the whole result lies under it; with several it is an object that has each of them.

    Raises Unusable when keys are missing (unless the node says `validate_result_keys: false`).
    """
    if len(node.result_keys) == 1:
        return {node.result_keys[0]: value}
    found = value if isinstance(value, Mapping) else {}
    missing = [key for key in node.result_keys if key not in found]
    if missing and node.validation.validate_result_keys:
        has = f"has {listing(sorted(map(str, found)))}" if found else f"is {kind(value)}"
        message = f"The result of “{node.name}” lacks {listing(missing)}: it {has}."
        raise Unusable(fault("EXEC_003", node, message, missing_fields=missing))
    return {key: found[key] for key in node.result_keys if key in found}


def merged(node: Node, items: Sequence[Item]) -> dict[str, Any]:
    """The results of an expansion's tasks, by key. Costs time by their number. Raises Unusable."""
    expansion = node.expansion
    assert expansion is not None
    each = [by_key(node, item.value) if item.is_completed else None for item in items]
    return {key: _together(node, expansion, key, items, each) for key in node.result_keys}


def _together(
    node: Node, expansion: Expansion, key: str, items: Sequence[Item], each: Sequence[Mapping[str, Any] | None]
) -> Any:
    if expansion.output_format == "index":
        return [None if values is None else values.get(key) for values in each]
    there = [
        (item, values[key]) for item, values in zip(items, each, strict=True) if values is not None and key in values
    ]
    if expansion.output_format == "separate":
        return {_name(expansion, item): value for item, value in there}
    return _without_duplicates(node, expansion, [value for _, value in there])


def _name(expansion: Expansion, item: Item) -> str:
    names = [item.variables.get(name) for name, _ in expansion.identifiers]
    return "/".join(map(str, names)) if names else str(item.variables["index"])


def _without_duplicates(node: Node, expansion: Expansion, values: list[Any]) -> list[Any]:
    if expansion.duplicates == "keep":
        return values
    places: dict[str, int] = {}
    kept: list[Any] = []
    for value in values:
        try:
            mark = _mark(value, expansion.duplicates_by)
        except NoJson as error:
            raise Unusable(fault("EXEC_013", node, f"A result of “{node.name}”: {error}.")) from None
        if mark not in places:
            places[mark] = len(kept)
            kept.append(value)
        elif expansion.duplicates == "last":
            kept[places[mark]] = value
        elif expansion.duplicates == "error":
            message = f"Two results of “{node.name}” are the same: {mark[:100]}."
            raise Unusable(fault("EXEC_008", node, message, field="duplicates"))
    return kept


def _mark(value: Any, path: tuple[str, ...]) -> str:
    found = look_up({"value": value}, ("value", *path))
    return json.dumps(plain(None if found is ABSENT else found), sort_keys=True)


def check_formats(node: Node, values: Mapping[str, Any]) -> None:
    """The values of a node that is no expansion, by the formats of its output rules. Raises Unusable."""
    if node.expansion is None:
        for rule in node.outputs:
            if "format" in rule.rule and rule.result_key in values:
                check_format(node, rule, values[rule.result_key])


def check_format(node: Node, rule: OutputRule, value: Any) -> None:
    """Raises Unusable."""
    try:
        wrong = mapping.read_format(rule.rule["format"]).complaints(plain(value))
    except NoJson as error:
        raise Unusable(fault("EXEC_013", node, f"“{rule.result_key}” of “{node.name}”: {error}.")) from None
    if wrong:
        where = f" at {wrong[0].path}" if wrong[0].path else ""
        message = f"“{rule.result_key}” of “{node.name}” is not as its format says{where}: {wrong[0].message}"
        details = {"path": rule.output_path, "value": mapping.in_short(plain(value))}
        invalid = {each.path: each.message for each in wrong}
        raise Unusable(fault("EXEC_015", node, message, key=rule.result_key, invalid_fields=invalid, **details))


def document(nodes: Iterable[tuple[Node, Sequence[Envelope]]]) -> Any:
    """The run's document: the rules of all nodes, in the order of the graph. Raises Unusable."""
    found: Any = {}
    for node, envelopes in nodes:
        try:
            found = mapping.apply(found, [_rule(rule) for rule in node.outputs], envelopes)
        except MappingError as error:
            details = {**error.details, "mapping_code": error.code}
            raise Unusable(fault("EXEC_015", node, f"“{node.name}”: {error.message}", **details)) from None
    return found


def _rule(rule: OutputRule) -> mapping.Rule:
    return mapping.read_rule({"optional": True, **rule.rule})


class NoJson(ValueError):
    """A value that has no place in JSON: says which."""


def plain(value: Any) -> Any:
    """As JSON has it: moments and decimals are texts. Raises NoJson."""
    try:
        text = json.dumps(value, default=_text, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise NoJson(str(error)) from None
    if NUL.search(text):
        raise NoJson("a text holds the character NUL, which cannot be kept")
    return json.loads(text)


def _text(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def kind(value: Any) -> str:
    words = {type(None): "null", str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list"}
    return words.get(type(value), type(value).__name__)
