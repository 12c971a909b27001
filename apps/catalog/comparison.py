"""What changed from one revision to the next, as rows of two columns."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from apps.catalog.definition import Definition

CONTEXT = 3
MAX_LINES = 5_000  # comparing takes up to the product of the lengths


@dataclass(frozen=True, kw_only=True)
class Line:
    number: int
    text: str
    state: Literal["same", "add", "del"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line on each side; None where the other side has no counterpart. Both None: unchanged lines are left out."""

    old: Line | None
    new: Line | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    title: str
    rows: list[Row]
    added: int
    removed: int
    is_too_long: bool = False


def compare(old: Definition, new: Definition) -> list[Comparison]:
    """The parts that differ: the script, and everything else as one readable JSON text."""
    parts = [
        _compare("Script", old.script, new.script),
        _compare("Definition", _rest_as_text(old), _rest_as_text(new)),
    ]
    return [part for part in parts if part.rows or part.is_too_long]


def _compare(title: str, old: str, new: str) -> Comparison:
    before, after = old.splitlines(), new.splitlines()
    if before == after:
        return Comparison(title=title, rows=[], added=0, removed=0)
    if max(len(before), len(after)) > MAX_LINES:
        return Comparison(title=title, rows=[], added=0, removed=0, is_too_long=True)
    rows = list(_rows(before, after))
    return Comparison(
        title=title,
        rows=rows,
        added=sum(row.new is not None and row.new.state == "add" for row in rows),
        removed=sum(row.old is not None and row.old.state == "del" for row in rows),
    )


def _rows(before: list[str], after: list[str]) -> Iterator[Row]:
    for number, group in enumerate(SequenceMatcher(a=before, b=after).get_grouped_opcodes(CONTEXT)):
        if number:
            yield Row(old=None, new=None)
        for kind, old_start, old_end, new_start, new_end in group:
            states: tuple[Literal["same", "del"], Literal["same", "add"]]
            states = ("same", "same") if kind == "equal" else ("del", "add")
            for offset in range(max(old_end - old_start, new_end - new_start)):
                old, new = old_start + offset, new_start + offset
                yield Row(
                    old=Line(number=old + 1, text=before[old], state=states[0]) if old < old_end else None,
                    new=Line(number=new + 1, text=after[new], state=states[1]) if new < new_end else None,
                )


def _rest_as_text(definition: Definition) -> str:
    fields = definition.as_fields()
    fields.pop("script")
    return json.dumps(fields, indent=2, ensure_ascii=False)
