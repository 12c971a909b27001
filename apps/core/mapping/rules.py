"""Rules (which result goes where, and how) and envelopes (a result on its way)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from apps.core.errors import InvalidInput
from apps.core.jsonpath import BadPath, Target, target
from apps.core.mapping import errors
from apps.core.mapping.errors import MappingError, in_short
from apps.core.mapping.formats import BadFormat, Format, read_format
from apps.core.schema import Problem, plain

MAX_RULE = plain.SCHEMA


class Mode(StrEnum):
    """What becomes of what stands at the path already."""

    REPLACE = "replace"  # it goes
    APPEND = "append"  # it is a list: the data becomes its last item
    EXTEND = "extend"  # it is a list: so is the data, whose items come behind
    MERGE = (
        "merge"  # it is a list of objects: those of the data with the same `merge_key` are merged, others come behind
    )


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Made by `read_rule`."""

    result_key: str
    target: Target
    format: Format | None = None
    mode: Mode = Mode.REPLACE
    merge_key: str = ""
    fill_gaps: bool = False
    is_optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """One result. Its own `path`, when it has one, is used instead of the rule's and must lie below its fixed part."""

    result_key: str
    data: Any
    path: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"result_key": self.result_key, "path": self.path, "data": self.data}


_TEXT = {"type": "string", "minLength": 1, "maxLength": 200}
_RULE = read_format(
    {
        "result_key": _TEXT,
        "output_path": {"type": "string", "minLength": 1},
        "format?": "any",
        "mode?": {"type": "string", "enum": [mode.value for mode in Mode]},
        "merge_key?": _TEXT,
        "gaps?": {"type": "string", "enum": ["refuse", "null"]},
        "optional?": "boolean",
    }
)
FIELDS = frozenset(_RULE.schema["properties"])
_ENVELOPE = read_format({"result_key": _TEXT, "path?": "string", "data": "any"})


def check_rule(described: Any) -> list[Problem]:
    """All that keeps a rule, as JSON, from being used; empty when it is fine."""
    if said := plain.objection(described, MAX_RULE):
        return [Problem(path=said[0], message=said[1])]
    problems = [Problem(path=each.path, message=each.message) for each in _RULE.complaints(described, noun="field")]
    if problems:
        return problems
    try:
        target(described["output_path"])
    except BadPath as error:
        problems.append(Problem(path="output_path", message=error.message))
    try:
        read_format(described.get("format", "any"))
    except BadFormat as error:
        problems += [Problem(path=f"format.{path}".strip("."), message=said) for path, said in error.fields.items()]
    if (described.get("mode") == Mode.MERGE) != ("merge_key" in described):
        message = 'The mode "merge" needs it, and no other: the property by which items are the same, such as "id".'
        problems.append(Problem(path="merge_key", message=message))
    return problems


def read_rule(described: Any, *, number: int = 1) -> Rule:
    """The rule that JSON describes; `number` is its place among its kind, for the error. Raises MappingError."""
    if problems := check_rule(described):
        key = described.get("result_key", "") if isinstance(described, dict) else ""
        raise MappingError(
            errors.RULE,
            f"Rule {number} cannot be used: {problems[0]}",
            details={
                "rule": number,
                "result_key": key if isinstance(key, str) else "",
                "path": in_short(described.get("output_path", "")) if isinstance(described, dict) else "",
                "value": in_short(described),
                "fields": {each.path: each.message for each in problems},
            },
        )
    return Rule(
        result_key=described["result_key"],
        target=target(described["output_path"]),
        format=read_format(described["format"]) if "format" in described else None,
        mode=Mode(described.get("mode", Mode.REPLACE)),
        merge_key=described.get("merge_key", ""),
        fill_gaps=described.get("gaps") == "null",
        is_optional=described.get("optional", False),
    )


def read_envelope(described: Any, *, variables: Mapping[str, Any] | None = None) -> Envelope:
    """The envelope that a tool or an agent answered with: {"result_key": …, "path": …, "data": …}. Raises InvalidInput."""
    if said := _ENVELOPE.complaints(described, noun="field"):
        fields = {each.path: each.message for each in said}
        raise InvalidInput(f"The answer is no envelope: {said[0].path}: {said[0].message}", fields=fields)
    return Envelope(
        result_key=described["result_key"],
        data=described["data"],
        path=described.get("path", ""),
        variables=variables or {},
    )
