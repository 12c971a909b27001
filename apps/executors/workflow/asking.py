"""The approvals of a workflow: written in its JSON, with placeholders, asked by `tasks.approvals`."""

from collections.abc import Mapping
from typing import Any

from apps.core.errors import InvalidInput
from apps.executors.workflow.placeholders import fill_value, in_value
from apps.tasks import approvals

UNFILLED = "form"
"""A JSON Schema, whose patterns have braces of their own."""


def question(given: Mapping[str, Any], context: Mapping[str, Any], *, place: str = "") -> approvals.Question:
    """What to ask, with the placeholders filled. Raises WorkflowError (a value is missing), InvalidInput (see there)."""
    filled = fill_value(filled_fields(given), context, place=place)
    return approvals.read({**given, **filled})


def problems(given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(dotted path, what to do) for what can be seen before values are there: fields with placeholders are asked later."""
    later = {name for name in ("data", "evidence") if next(in_value(given.get(name)), None)}
    try:
        approvals.read({name: value for name, value in given.items() if name not in later})
    except InvalidInput as error:
        return [(path, message) for path, message in error.fields.items() if path.partition(".")[0] not in later]
    return []


def filled_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields whose texts may hold placeholders."""
    return {name: value for name, value in given.items() if name != UNFILLED}
