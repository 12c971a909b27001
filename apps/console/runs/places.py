"""Where in the text of a JSON document a dotted place such as `groups.0.tasks.3.name` is. One pass over the text."""

import json
import re
from collections.abc import Collection

_SPACE = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"[^\s,\]}]+")
_DECODER = json.JSONDecoder(strict=False)


def offsets(text: str, places: Collection[str]) -> dict[str, int]:
    """Of each place, where its value begins, or that of the nearest one around it. `text` is JSON of bounded depth."""
    wanted = {ancestor for place in places for ancestor in _ancestors(place)}
    found: dict[str, int] = {}
    _walk(text, _skip(text, 0), "", wanted, found)
    return {place: next(found[each] for each in _ancestors(place) if each in found) for place in places}


def line_of(text: str, offset: int) -> int:
    """From 1."""
    return text.count("\n", 0, offset) + 1


def _ancestors(place: str) -> list[str]:
    """Itself first, the whole document last."""
    parts = place.split(".") if place else []
    return [".".join(parts[:length]) for length in range(len(parts), -1, -1)]


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _walk(text: str, at: int, place: str, wanted: Collection[str], found: dict[str, int]) -> int:
    """The end of the value that begins at `at`."""
    if place in wanted:
        found.setdefault(place, at)
    if text[at] == "{":
        return _members(text, at, place, wanted, found)
    if text[at] == "[":
        return _elements(text, at, place, wanted, found)
    if text[at] == '"':
        return _DECODER.raw_decode(text, at)[1]
    word = _WORD.match(text, at)
    return word.end() if word else at + 1


def _members(text: str, at: int, place: str, wanted: Collection[str], found: dict[str, int]) -> int:
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)  # the colon
        at = _skip(text, _walk(text, at, _below(place, name), wanted, found))
        if text[at] == ",":
            at = _skip(text, at + 1)
    return at + 1


def _elements(text: str, at: int, place: str, wanted: Collection[str], found: dict[str, int]) -> int:
    at, number = _skip(text, at + 1), 0
    while text[at] != "]":
        at = _skip(text, _walk(text, at, _below(place, number), wanted, found))
        if text[at] == ",":
            at = _skip(text, at + 1)
        number += 1
    return at + 1


def _below(place: str, name: str | int) -> str:
    return f"{place}.{name}" if place else str(name)
