"""Names and dotted paths into the context of a run: `customer`, `customer.orders.0.total`."""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

MAX_SEGMENTS = 16
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


class Absent(Enum):
    """What a path answers that leads nowhere: null is a value of its own."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


def is_name(text: Any) -> bool:
    """Of a key: up to 64 letters, digits, _ and -, beginning with a letter or _."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def segments(path: str) -> tuple[str, ...] | None:
    """`a.b.0` in parts: a name, then names or numbers. None when it is no path."""
    parts = tuple(path.split("."))
    if len(parts) > MAX_SEGMENTS or not is_name(parts[0]):
        return None
    return parts if all(is_name(part) or _is_index(part) for part in parts[1:]) else None


def look_up(context: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """What the path leads to, or ABSENT."""
    value: Any = context
    for part in path:
        if isinstance(value, Mapping):
            value = value.get(part, ABSENT)
        elif isinstance(value, list | tuple) and _is_index(part):
            value = value[int(part)] if int(part) < len(value) else ABSENT
        else:
            return ABSENT
    return value


def _is_index(part: str) -> bool:
    return part.isascii() and part.isdecimal() and len(part) <= 6
