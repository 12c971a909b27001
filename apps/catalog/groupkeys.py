"""Keys that group tasks by their parameters: `{client_id}`, `{region}/{period.year}`. Names in braces, nothing else."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

PLACE = re.compile(r"\{([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)\}")
LONGEST = 200


def value(expression: str, parameters: Mapping[str, Any]) -> str:
    """The expression with each place filled from the parameters (a missing one: empty), at most 200 characters.

    A longer value keeps its beginning and ends in a digest of the whole, so that different values stay different.
    """
    if not expression:
        return ""
    filled = PLACE.sub(lambda place: _text(_look_up(parameters, place[1])), expression)
    if len(filled) <= LONGEST:
        return filled
    return filled[: LONGEST - 33] + "#" + hashlib.blake2b(filled.encode(), digest_size=16).hexdigest()


def problem(expression: Any, schema: Any) -> str:
    """What is wrong with the expression for parameters of this JSON Schema; empty when nothing is."""
    if not isinstance(expression, str) or len(expression) > LONGEST:
        return f"Give a text of up to {LONGEST} characters: {{client_id}}."
    if not expression:
        return ""
    if not PLACE.search(expression) or set("{}") & set(PLACE.sub("", expression)):
        return "Name parameters in braces: {client_id}, or {region}/{period.year}."
    known = schema.get("properties", {}) if isinstance(schema, dict) else {}
    unknown = [name for name in PLACE.findall(expression) if name.partition(".")[0] not in known]
    return f"There is no parameter “{unknown[0].partition('.')[0]}”." if unknown else ""


def _look_up(parameters: Any, path: str) -> Any:
    for name in path.split("."):
        parameters = parameters.get(name) if isinstance(parameters, Mapping) else None
    return parameters


def _text(found: Any) -> str:
    if found is None:
        return ""
    return found if isinstance(found, str) else json.dumps(found, sort_keys=True, ensure_ascii=False)
