"""`{name}` in texts and parameters.

    {customer}             a key of the context
    {item.id}, {rows.0.x}  a path into it
    {name|nobody}          with a default, for when it is not there or null
    {{ and }}              a brace

A text that is one placeholder and nothing else gives the value itself, where values are filled: `"{customers}"` in the
parameters is the list. Its default is read as JSON if it is any: `"{limit|5}"` gives the number 5. In all other places
a value is written as text: texts as they are, all else as JSON.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from apps.executors.workflow.faults import Fault, WorkflowError, listed, nearest, short
from apps.executors.workflow.paths import ABSENT, look_up, segments

MAX_FILLED = 1_000_000  # characters of one text, once filled
MAX_REMEMBERED = 1_000  # characters

SYSTEM: Final[Mapping[str, str]] = {
    "task_id": "number of the task that runs this node",
    "workflow_id": "number of the task that runs the workflow",
    "task_name": "name of the node",
    "group_name": "name of its group",
    "date": "the day the workflow began, 2026-11-21",
    "iteration": "round of the loop, from 1; 1 outside of a loop",
}
"""What every node may name."""

EXPANDED: Final[Mapping[str, str]] = {
    "item": "the item; with several arrays an object of all variables",
    "index": "place of the item, from 0",
    "total": "how many items there are",
    "parent": "name of the node that was expanded",
}
"""What a node with an expansion_config may name besides, and its variables and identifiers."""

RESERVED: Final = frozenset({*SYSTEM, *EXPANDED, "all", "any", "not"})
"""No key, variable or identifier may be called so."""

_PART = re.compile(r"\{\{|\}\}|\{([^{}|]*)(?:\|([^{}]*))?\}|[{}]")  # no alternative can be tried twice: linear


@dataclass(frozen=True, slots=True)
class Placeholder:
    text: str
    """As it was written, without the braces."""
    path: tuple[str, ...]
    default: str | None


@dataclass(frozen=True, slots=True)
class Parsed:
    parts: tuple[str | Placeholder, ...]
    wrong: tuple[str, ...]
    """What is not written correctly: messages."""

    @property
    def placeholders(self) -> Iterator[Placeholder]:
        return (part for part in self.parts if isinstance(part, Placeholder))


def parse(text: str) -> Parsed:
    """A text in its parts. Never raises. Short ones, which come again with every item, are remembered."""
    return _remembered(text) if len(text) <= MAX_REMEMBERED else _parse(text)


@lru_cache(maxsize=4096)
def _remembered(text: str) -> Parsed:
    return _parse(text)


def _parse(text: str) -> Parsed:
    parts: list[str | Placeholder] = []
    wrong: list[str] = []
    end = 0
    for found in _PART.finditer(text):
        if found.start() > end:
            parts.append(text[end : found.start()])
        end = found.end()
        parts.append(_part(found, wrong))
    if end < len(text):
        parts.append(text[end:])
    return Parsed(tuple(parts), tuple(wrong))


def _part(found: re.Match[str], wrong: list[str]) -> str | Placeholder:
    raw, path = found.group(), found.group(1)
    if raw in ("{{", "}}"):
        return raw[0]
    if path is None:
        wrong.append(
            f"The brace at character {found.start() + 1} is open or closed alone; a brace itself is {raw * 2}."
        )
        return raw
    parts = segments(path.strip())
    if parts is None:
        wrong.append(f"“{short(raw)}” is no placeholder. Write {{name}}, {{name.part}} or {{name|default}}.")
        return raw
    return Placeholder(raw[1:-1], parts, found.group(2))


def in_value(value: Any) -> Iterator[tuple[str, str]]:
    """(dotted path below the value, text) for every text in it that may hold placeholders."""
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, str):
            if "{" in item or "}" in item:
                yield path, item
        elif isinstance(item, dict | list):
            children = item.items() if isinstance(item, dict) else enumerate(item)
            stack.extend((f"{path}.{name}", child) for name, child in children)


def fill(text: str, context: Mapping[str, Any], *, place: str = "") -> str:
    """The text with its placeholders filled. Raises WorkflowError: CTX_001 names all that are missing, CTX_002, CTX_004."""
    parsed = _usable(text, place)
    _require([parsed], context, place)
    filled, length = [], 0
    for part in parsed.parts:
        filled.append(part if isinstance(part, str) else _as_text(_value(part, context)))
        length += len(filled[-1])
        if length > MAX_FILLED:
            message = f"The filled text has more than {MAX_FILLED:,} characters. Pass large values as parameters."
            raise WorkflowError(Fault(code="CTX_004", message=message, place=place))
    return "".join(filled)


def fill_value(value: Any, context: Mapping[str, Any], *, place: str = "") -> Any:
    """A copy of a JSON value with the placeholders in all its texts filled; names of properties are left alone.

    Raises WorkflowError as `fill`, naming what is missing in the whole value.
    """
    _require([_usable(text, place) for _, text in in_value(value)], context, place)
    return _filled(value, context, place)


def _filled(value: Any, context: Mapping[str, Any], place: str) -> Any:
    if isinstance(value, str):
        parts = parse(value).parts
        if len(parts) == 1 and isinstance(parts[0], Placeholder):
            return _value(parts[0], context, as_json=True)
        return fill(value, context, place=place)
    if isinstance(value, dict):
        return {name: _filled(item, context, place) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, context, place) for item in value]
    return value


def _usable(text: str, place: str) -> Parsed:
    parsed = parse(text)
    if parsed.wrong:
        raise WorkflowError(*(Fault(code="CTX_002", message=message, place=place) for message in parsed.wrong))
    return parsed


def _require(texts: list[Parsed], context: Mapping[str, Any], place: str) -> None:
    missing = {
        ".".join(each.path): each
        for parsed in texts
        for each in parsed.placeholders
        if each.default is None and look_up(context, each.path) is ABSENT
    }
    if not missing:
        return
    names = ", ".join(f"“{{{name}}}”" for name in missing)
    hint = nearest(next(iter(missing)), context) if len(missing) == 1 else f" There are: {listed(context)}."
    message = f"There is no value for {names}.{hint}"
    details = {"missing_fields": list(missing), "available": sorted(context)[:100]}
    raise WorkflowError(Fault(code="CTX_001", message=message, place=place, details=details))


def _value(placeholder: Placeholder, context: Mapping[str, Any], *, as_json: bool = False) -> Any:
    value = look_up(context, placeholder.path)
    if (value is ABSENT or value is None) and placeholder.default is not None:
        return _literal(placeholder.default) if as_json else placeholder.default
    return value


def _literal(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return text


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
