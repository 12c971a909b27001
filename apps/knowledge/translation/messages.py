"""Messages to translate, as people paste them: plain lines, `key = text`, columns of a spreadsheet, CSV, JSON.

Keys are read only where every line has one, so that a text with an equals sign or a comma in it stays a text.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DEEPEST = 20
KEY_NAMES = frozenset({"key", "id", "name", "code", "identifier", "schlüssel", "ключ", "clave", "clé"})
TEXT_NAMES = frozenset({
    "text", "source", "message", "value", "string", "en", "english", "quelle", "текст", "texto", "texte",
})  # fmt: skip
_ASSIGNMENT = re.compile(r"\s*[\"']?([\w.\-/:]+)[\"']?\s*=\s*(\S.*?)\s*;?\s*")


@dataclass(frozen=True, kw_only=True)
class Message:
    """`key` is empty where the messages have none."""

    key: str
    text: str


def read(lines: Sequence[str]) -> list[Message]:
    """The messages of the lines; those without a text are left out."""
    found = _json("\n".join(lines)) or _columns(lines) or _assignments(lines) or [_message("", line) for line in lines]
    return [each for each in found if each.text.strip()]


def _message(key: str, text: str) -> Message:
    return Message(key=key.strip(), text=text)


def _json(text: str) -> list[Message]:
    """An object of key and text, also with objects inside (`menu.file`), or a list of texts."""
    if not text.lstrip().startswith(("{", "[")):
        return []
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if isinstance(found, list):
        return [_message("", each) for each in found] if all(isinstance(each, str) for each in found) else []
    return list(_flat(found, "", DEEPEST)) if isinstance(found, dict) else []


def _flat(found: Mapping[str, Any], above: str, deeper: int) -> Iterator[Message]:
    for key, value in found.items():
        if isinstance(value, dict) and deeper:
            yield from _flat(value, f"{above}{key}.", deeper - 1)
        elif isinstance(value, str):
            yield _message(f"{above}{key}", value)


def _columns(lines: Sequence[str]) -> list[Message]:
    """Two columns of a spreadsheet (tabs), or CSV whose first line names a key and a text."""
    if lines and all("\t" in line for line in lines):
        rows = [line.split("\t") for line in lines]
        return [_message(row[0], row[1].strip()) for row in (rows[1:] if _is_head(rows[0]) else rows)]
    for mark in (",", ";"):
        try:
            rows = [row for row in csv.reader([f"{line}\n" for line in lines], delimiter=mark) if row]
        except csv.Error:
            continue
        if len(rows) > 1 and _is_head(rows[0]) and all(len(row) > 1 for row in rows):
            return [_message(row[0], row[1].rstrip("\n")) for row in rows[1:]]
    return []


def _is_head(row: Sequence[str]) -> bool:
    names = [cell.strip().lower() for cell in row[:2]]
    return len(names) == 2 and names[0] in KEY_NAMES and names[1] in TEXT_NAMES


def _assignments(lines: Sequence[str]) -> list[Message]:
    found = [_ASSIGNMENT.fullmatch(line) for line in lines]
    pairs = [match for match in found if match]
    return [_message(match[1], _unquoted(match[2])) for match in pairs] if len(pairs) == len(found) else []


def _unquoted(text: str) -> str:
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if is_quoted else text
