"""Is a value plain JSON of a bearable size? Looks without recursion, so that no nesting can exhaust the stack."""

import math
from dataclasses import dataclass
from typing import Any

LARGEST_INTEGER = 2**63


@dataclass(frozen=True, kw_only=True)
class Caps:
    depth: int
    values: int
    characters: int


PARAMETERS = Caps(depth=20, values=10_000, characters=262_144)
SCHEMA = Caps(depth=32, values=5_000, characters=65_536)


def objection(value: Any, caps: Caps) -> tuple[str, str] | None:
    """(path, what to do) for the first thing that is not plain JSON or exceeds `caps`, else None."""
    stack: list[tuple[Any, tuple[str, ...]]] = [(value, ())]
    values = characters = 0
    known: set[str] = set()  # names of properties that are right: a large document repeats a few
    while stack:
        item, path = stack.pop()
        values += 1
        characters += len(item) if isinstance(item, str) else 1
        if isinstance(item, dict | list) and item:
            if len(path) >= caps.depth:
                return _dotted(path), f"It is nested more than {caps.depth} levels deep. Flatten it."
            if isinstance(item, dict):
                if new := item.keys() - known:
                    if said := next(filter(None, map(_objection_to_key, new)), None):
                        return _dotted(path), said
                    known |= new
                characters += sum(map(len, item))
            for name, child in item.items() if isinstance(item, dict) else enumerate(item):
                if type(child) is str and child.isascii() and "\0" not in child:  # most of what a large document holds
                    values, characters = values + 1, characters + len(child)
                else:
                    stack.append((child, (*path, str(name))))
        elif said := _objection_to_one(item):
            return _dotted(path), said
        if characters > caps.characters:
            return "", f"It is longer than {caps.characters:,} characters. Send less."
        if values > caps.values:
            return "", f"It holds more than {caps.values:,} values. Send fewer."
    return None


def _objection_to_one(item: Any) -> str | None:
    kind = type(item)
    if item is None or kind in (bool, dict, list):
        return None
    if kind is str:
        return _objection_to_text(item)
    if kind is int:
        return None if abs(item) < LARGEST_INTEGER else "The number has too many digits. Give a smaller one, or text."
    if kind is float:
        return None if math.isfinite(item) else "Give a finite number."
    return f"A value of type {kind.__name__} is not JSON. Give text, a number, true, false, null, a list or an object."


def _objection_to_key(key: Any) -> str | None:
    if type(key) is not str:
        return f"The name {str(key)[:40]!r} is not text. Names of properties are text."
    return _objection_to_text(key)


def _objection_to_text(text: str) -> str | None:
    """The databases refuse both: NUL in PostgreSQL's text, surrogates in UTF-8."""
    if "\0" in text:
        return "The text holds a NUL character. Remove it."
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        return "The text holds half a character (a lone surrogate). Type it again."
    return None


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(part[:80] for part in path[:20])
