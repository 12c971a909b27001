"""What came in from outside, one file each: intake papers of customers, batches of new customers.

The setting INBOX is the folder: `customers/V-1001.json`, `batches/spring.csv`. A name is a plain word, so that it never
leads out of the folder.
"""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

from django.conf import settings

from apps.core.errors import ToolError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
MAX_BYTES = 5_000_000
MAX_ROWS = 10_000


def customer(number: Any) -> dict[str, Any]:
    """The papers of one customer. ToolError: LookupError when there are none, ValueError when they cannot be read."""
    text = _text("customers", number, "json")
    try:
        papers = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ToolError(f"The papers of {number} are not JSON: {error}", kind="ValueError") from None
    if not isinstance(papers, dict):
        raise ToolError(f"The papers of {number} must be one JSON object.", kind="ValueError")
    return papers


def batch(name: Any) -> list[dict[str, str]]:
    """The rows of a CSV file with a header line, at most 10,000; every value is text, as it stands there."""
    rows = list(
        csv.DictReader(io.StringIO(_text("batches", name, "csv")), restval="", restkey="beyond the last column")
    )
    if len(rows) > MAX_ROWS:
        message = f"The batch {name} has {len(rows):,} rows; {MAX_ROWS:,} are the most. Split it."
        raise ToolError(message, kind="ValueError")
    return [
        {str(key): " ".join(value) if isinstance(value, list) else value for key, value in row.items()} for row in rows
    ]


def _text(folder: str, name: Any, extension: str) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ToolError(f"“{str(name)[:64]}” is no name here: letters, digits, _ and - only.", kind="ValueError")
    path = Path(settings.INBOX) / folder / f"{name}.{extension}"
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        there = sorted(each.stem for each in path.parent.glob(f"*.{extension}"))
        known = f" There are: {', '.join(there[:20])}." if there else ""
        raise ToolError(f"There is nothing in {folder} called {name}.{known}", kind="LookupError") from None
    except OSError as error:
        raise ToolError(f"{path.name} cannot be read: {error.strerror}.", kind="OSError", transient=True) from None
    if len(content) > MAX_BYTES:
        raise ToolError(f"{path.name} is larger than {MAX_BYTES:,} bytes.", kind="ValueError")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ToolError(f"{path.name} is not UTF-8 (byte {error.start}).", kind="ValueError") from None
