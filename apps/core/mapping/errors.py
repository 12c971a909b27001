"""What can go wrong when results are written into a document: one error, which names the rule, the path and the value."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from apps.core.errors import InvalidInput
from apps.core.jsonpath.errors import Reason

RULE, MISSING, FORMAT, VARIABLE, KIND = "EXEC_020", "EXEC_021", "EXEC_022", "EXEC_023", "EXEC_024"
NOTHING, GAP, LIMIT, MODE, OUTSIDE = "EXEC_025", "EXEC_026", "EXEC_027", "EXEC_028", "EXEC_029"
DOCUMENTATION = "docs/authors/mapping.md#errors"

CODES: Mapping[str, tuple[str, str]] = {
    RULE: ("The rule cannot be used.", "Correct the fields that are named."),
    MISSING: ("There is no result for the rule.", "Let a task produce it, or make the rule `optional`."),
    FORMAT: ("The data is not as the format says.", "Correct the task's instructions or the format."),
    VARIABLE: (
        "A variable has no value, or not one that can stand there.",
        "Correct its name; a place is a whole number.",
    ),
    KIND: ("Something else stands on the way.", "Correct the path, or the rule that wrote it."),
    NOTHING: ("A filter selects nothing.", "Write that part first, or correct the filter."),
    GAP: ("A place lies behind the end of its list.", "Write in order, use `append`, or set `gaps`."),
    LIMIT: ("A limit is reached, or the value is not JSON.", "Write less, or into several documents."),
    MODE: ("The data does not fit the mode.", "Give `extend` a list, and `merge` objects with their key."),
    OUTSIDE: ("A result's own path leads out of its rule's.", "Correct the tool's or agent's answer."),
}
"""What each code means, and what to do."""

BY_REASON: Mapping[Reason, str] = {
    "kind": KIND,
    "nothing": NOTHING,
    "gap": GAP,
    "limit": LIMIT,
    "variable": VARIABLE,
}


class MappingError(InvalidInput):
    """`details`: rule (number from 1), result_key, path (as the rule says it), at (the place), value (cut short), fields."""

    type = "TaskExecutionError"  # as of all codes that begin with EXEC

    def __init__(self, code: str, message: str, *, details: Mapping[str, Any], suggestions: Sequence[str] = ()) -> None:
        super().__init__(message, code=code)
        self.details = dict(details)
        self.suggestions = [each for each in suggestions if each]

    def as_json(self) -> dict[str, Any]:
        return {
            "type": self.type,
            "code": self.code,
            "message": self.message,
            "details": self.details,
            "recovery": {"suggestions": self.suggestions or [CODES[self.code][1]], "documentation": DOCUMENTATION},
        }


def in_short(value: Any) -> str:
    """A value as JSON, as far as somebody needs to see it to recognise it."""
    text = json.dumps(value, ensure_ascii=False, default=repr) if not isinstance(value, list | dict) else _start(value)
    return text if len(text) <= 200 else text[:199] + "…"


def _start(value: list[Any] | dict[str, Any]) -> str:
    """Without writing out all of a large one."""
    if isinstance(value, list):
        items = [in_short(each) if not isinstance(each, list | dict) else "…" for each in value[:8]]
        return f"[{', '.join([*items, '…'] if len(value) > 8 else items)}]"
    shown = [f"{json.dumps(str(name)[:40])}: {_scalar(item)}" for name, item in list(value.items())[:8]]
    return f"{{{', '.join([*shown, '…'] if len(value) > 8 else shown)}}}"


def _scalar(value: Any) -> str:
    return "…" if isinstance(value, list | dict) else in_short(value)
