"""Messages to translate, as people paste them: plain lines, `key = text`, columns of a spreadsheet, CSV, JSON.

Keys are read only where every line has one, so that a text with an equals sign or a comma in it stays a text. What is
pasted comes from anybody: each pattern here takes time in proportion to the text.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.core.errors import InvalidInput

DEEPEST = 20
KEY_NAMES = frozenset({"key", "id", "name", "code", "identifier", "schlüssel", "ключ", "clave", "clé"})
TEXT_NAMES = frozenset({
    "text", "source", "message", "value", "string", "en", "english", "quelle", "текст", "texto", "texte",
})  # fmt: skip
_KEY = re.compile(r"[\"']?([\w.\-/:]+)[\"']?")
_QUOTED = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*;?""")
_LIKE_JSON = re.compile(r"""\s*(?:\{\s*"(?:[^"\\]|\\.)*"\s*:.*\}|\[\s*["{].*\])\s*""", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Message:
    """`key` is empty where the messages have none."""

    key: str
    text: str


def read(lines: Sequence[str]) -> list[Message]:
    """The messages of the lines; those without a text are left out. InvalidInput for JSON that is broken."""
    found = _json("\n".join(lines)) or _columns(lines) or _assignments(lines) or [_message("", line) for line in lines]
    return [each for each in found if each.text.strip()]


def _message(key: str, text: str) -> Message:
    return Message(key=key.strip(), text=text)


def _json(text: str) -> list[Message]:
    """An object of key and text, also with objects and lists inside (`menu.file`), or a list of texts or of rows."""
    if not text.lstrip().startswith(("{", "[")):
        return []
    try:
        found = json.loads(text)
    except RecursionError:
        return []
    except ValueError as error:
        if not _LIKE_JSON.fullmatch(text):
            return []
        raise InvalidInput(
            f"This looks like JSON and cannot be read: {error}. Mend it, or paste plain lines."
        ) from None
    if isinstance(found, list):
        return _listed(found)
    return list(_flat(found, "", DEEPEST)) if isinstance(found, dict) else []


def _listed(found: Sequence[Any]) -> list[Message]:
    """Of texts, or of objects that name their text (and key) as the head of a CSV would; nothing of anything else."""
    read = [_message("", each) if isinstance(each, str) else _named(each) for each in found]
    return [each for each in read if each] if all(read) else []


def _named(row: Any) -> Message | None:
    said = {name.lower(): value for name, value in row.items()} if isinstance(row, dict) else {}
    texts = [value for name, value in said.items() if name in TEXT_NAMES and isinstance(value, str)]
    keys = [str(value) for name, value in said.items() if name in KEY_NAMES and isinstance(value, str | int)]
    return _message(keys[0] if keys else "", texts[0]) if texts else None


def _flat(found: Mapping[str, Any], above: str, deeper: int) -> Iterator[Message]:
    for key, value in found.items():
        inner = {str(place): each for place, each in enumerate(value)} if isinstance(value, list) else value
        if isinstance(inner, dict) and deeper:
            yield from _flat(inner, f"{above}{key}.", deeper - 1)
        elif isinstance(inner, str):
            yield _message(f"{above}{key}", inner)


def _columns(lines: Sequence[str]) -> list[Message]:
    """Two columns of a spreadsheet (tabs), or CSV whose first line names a key and a text."""
    if lines and all("\t" in line for line in lines):
        rows = [line.split("\t") for line in lines]
        found = [_message(row[0], row[1].strip()) for row in (rows[1:] if _is_head(rows[0]) else rows)]
        return found if any(each.text for each in found) else []
    for mark in (",", ";"):
        try:
            rows = [row for row in csv.reader([f"{line}\n" for line in lines], delimiter=mark) if row]
        except csv.Error:
            continue
        if len(rows) > 1 and _is_head(rows[0]) and all(len(row) > 1 for row in rows):
            return _of_rows(rows, mark)
    return []


def _of_rows(rows: Sequence[Sequence[str]], mark: str) -> list[Message]:
    """A text that has the mark in it and no quotes around it is put together again, where it can only be the text."""
    width = len(rows[0])
    if width > 2 and any(len(row) > width for row in rows):
        return []
    return [_message(row[0], (mark.join(row[1:]) if width == 2 else row[1]).rstrip("\n")) for row in rows[1:]]


def _is_head(row: Sequence[str]) -> bool:
    names = [cell.strip().lower() for cell in row[:2]]
    return len(names) == 2 and names[0] in KEY_NAMES and names[1] in TEXT_NAMES


def _assignments(lines: Sequence[str]) -> list[Message]:
    found = [line.partition("=") for line in lines]
    keys = [_KEY.fullmatch(key.strip()) for key, mark, _ in found if mark]
    pairs = [(key[1], _unquoted(text.strip())) for key, (_, _, text) in zip(keys, found, strict=False) if key]
    is_keyed = len(pairs) == len(found) and any(text for _, text in pairs)
    return [_message(key, text) for key, text in pairs] if is_keyed else []


def _unquoted(text: str) -> str:
    found = _QUOTED.fullmatch(text)
    return found[1][1:-1] if found else text
