"""JSON that came from outside: what is not as documented is refused, whatever it is."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from apps.chat.platforms.contract import Refused

LONGEST_ID = 200


def json_object(body: bytes) -> dict[str, Any]:
    """Raises Refused (400)."""
    try:
        found = json.loads(body.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError):  # RecursionError: 100,000 brackets
        raise Refused("The body is not JSON in UTF-8.", status=400) from None
    if not isinstance(found, dict):
        raise Refused("The body is not a JSON object.", status=400)
    return found


def branch(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object that stands there, {} where nothing does. Raises Refused."""
    found = document.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Refused(f"“{name}” is not an object.", status=400)
    return found


def identifier(document: Mapping[str, Any], name: str) -> str:
    """An id, a text or a whole number, as a text; never shortened: two of them must not become one. Raises Refused."""
    found = document.get(name)
    if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 2**63:
        return str(found)
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST_ID or not found.isprintable():
        raise Refused(f"“{name}” is not an id of 1 to {LONGEST_ID} characters.", status=400)
    return found


def moment(seconds: object) -> datetime | None:
    """Of a number of seconds since 1970; None for what is none."""
    if not isinstance(seconds, int) or not 0 < seconds < 2**33:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)
