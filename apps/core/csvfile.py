"""CSV that a spreadsheet cannot mistake for formulas (RELIABILITY H5).

Texts are always quoted. A text that a spreadsheet could run gets a leading apostrophe, at its beginning and also behind
a `;`, a tab or a line break inside it: a program set to another separator splits there and would see a new cell.
Numbers are written as numbers, so -12.50 stays -12.50.
"""

import csv
import io
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from apps.core.errors import InvalidInput

NUMBER = re.compile(r"-?\d+(\.\d+)?")
# A trigger, also in the full-width and small forms that spreadsheets normalise, behind anything they skip.
TRIGGER = re.compile(
    r"""(\A|[;\t\r\n])((?:[^\S\t\r\n]|["'\ufeff\u200b-\u200f\u2060\u00ad])*)(?=[=+\-@＝＋－＠﹦﹢﹣﹫−])"""
)
MARKED = re.compile(
    r"""(\A|[;\t\r\n])'((?:[^\S\t\r\n]|["'\ufeff\u200b-\u200f\u2060\u00ad])*)(?=[=+\-@＝＋－＠﹦﹢﹣﹫−])"""
)
BREAK_FIRST = re.compile(r"\A[\t\r\n]")


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, bom: bool = True) -> bytes:
    """The file: UTF-8 (with the mark that makes Excel read it as UTF-8), CRLF, a header line.

    Cells: str, int, Decimal, float, bool ("true"), date, datetime (ISO), None (empty). Raises InvalidInput that names
    the row for another type or another number of cells.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow([harmless(column) for column in columns])
    for number, row in enumerate(rows, 1):
        if len(row) != len(columns):
            raise InvalidInput(f"row {number} has {len(row)} cells, the header has {len(columns)}")
        writer.writerow([_cell(value, number) for value in row])
    return out.getvalue().encode("utf-8-sig" if bom else "utf-8", "replace")


def harmless(text: str) -> str:
    """`text`, so changed that no spreadsheet takes it for a formula."""
    kept = "".join(c for c in text if c in "\t\r\n" or unicodedata.category(c) != "Cc")
    if NUMBER.fullmatch(kept):
        return kept
    marked = TRIGGER.sub(r"\1'\2", kept)
    return "'" + marked if BREAK_FIRST.match(marked) else marked


def original(cell: str) -> str:
    """What `harmless` made this cell of, for files that come back edited; a text that begins with a break keeps its
    apostrophe, since somebody may have typed it."""
    bare = MARKED.sub(r"\1\2", cell)
    return bare if harmless(bare) == cell else cell


class _Digits(float):
    """A number that the csv module writes with exactly these digits."""

    def __new__(cls, text: str) -> "_Digits":
        number = super().__new__(cls, float(text))
        number.text = text
        return number

    text: str

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__


def _cell(value: Any, row: int) -> Any:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, Decimal):
        return _Digits(format(value, "f")) if value.is_finite() else ""
    if isinstance(value, int):
        return _Digits(str(value)) if abs(value) < 10**300 else str(value)
    if isinstance(value, float):
        return value
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise InvalidInput(f"row {row}: a {type(value).__name__} cannot be a cell; write a text, a number or a date")
