"""JSON files with exact amounts.

A Decimal becomes a string with its digits (`"1234.50"`): most readers turn JSON numbers into binary floats, and an
amount must not change because somebody opened the file. Integers stay numbers, dates become ISO strings.
"""

import json
import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from apps.core.errors import InvalidInput

MAX_BYTES = 20 * 1024 * 1024
MAX_DEPTH = 100


def write(data: Any) -> bytes:
    """`data` as indented UTF-8. Raises InvalidInput for what JSON cannot hold (NaN, objects) and above 20 MB."""
    text = json.dumps(plain(data), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    encoded = text.encode("utf-8", "backslashreplace")  # a lone surrogate becomes the JSON escape \udxxx
    if len(encoded) > MAX_BYTES:
        raise InvalidInput(f"the file has {len(encoded):,} bytes, more than {MAX_BYTES:,}; write several files")
    return encoded


def plain(value: Any, depth: int = 0, path: str = "$") -> Any:
    """`value` out of JSON's own types only; see the module for how the others are written."""
    if depth > MAX_DEPTH:
        raise InvalidInput(f"{path[:80]} is nested more than {MAX_DEPTH} levels deep")
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else _refuse(value, path)
    if isinstance(value, float):
        return value if math.isfinite(value) else _refuse(value, path)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {_key(key): plain(item, depth + 1, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, depth + 1, f"{path}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, set | frozenset):
        return sorted((plain(item, depth + 1, path) for item in value), key=str)
    return _refuse(value, path)


def _key(key: Any) -> str:
    return str(plain(key))


def _refuse(value: Any, path: str) -> Any:
    raise InvalidInput(f"{path} is {value!r:.60}, which JSON cannot hold", fields={path: "use plain data"})
