"""Variables in paths: {index}, {item.id}. They get their values after the path has been read, never as its text."""

import re
from collections.abc import Mapping
from typing import Any

from apps.core.jsonpath.errors import NoPlace
from apps.core.schema.wording import did_you_mean

NAME = r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*"
IN_BRACES = rf"\{{{NAME}\}}"
_PIECES = re.compile(rf"(\{{\{{|\}}\}}|{IN_BRACES})")


def value_of(name: str, variables: Mapping[str, Any]) -> Any:
    """What `item.address.0.city` stands for. Raises NoPlace that says which part there is not, and what there is."""
    value: Any = variables
    gone: list[str] = []
    for part in name.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise _unknown(name, ".".join(gone), part, value)
        gone.append(part)
    return value


def _unknown(name: str, gone: str, part: str, value: Any) -> NoPlace:
    known = list(value) if isinstance(value, Mapping) else []
    there = f" There are: {', '.join(str(each)[:40] for each in known[:12])}." if known else ""
    where = f"{{{gone}}} has no “{part}”" if gone else f"there is no variable “{part}”"
    return NoPlace(
        f"{{{name}}} has no value: {where}",
        reason="variable",
        suggestion=(did_you_mean(part, known).strip() if known else "") or there.strip(),
    )


def pieces(name: str) -> list[tuple[str, bool]] | None:
    """A quoted name in parts, (text, False) or (variable, True); None: a brace stands alone. {{ and }} are braces."""
    found: list[tuple[str, bool]] = []
    for number, piece in enumerate(_PIECES.split(name)):
        if number % 2 == 0:
            if "{" in piece or "}" in piece:
                return None
            found.append((piece, False))
        else:
            found.append((piece[0], False) if piece in ("{{", "}}") else (piece[1:-1], True))
    return [each for each in found if each[0]]
