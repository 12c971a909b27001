"""How we read JSON Schema: 2020-12, with an empty registry, patterns in RE2 and three strict formats.

An object takes only the properties that it describes, also when `additionalProperties` is left out.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError as NotAnAddress
from django.core.validators import validate_email
from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators
from referencing import Registry

from apps.core import regex

FORMATS = ("date", "date-time", "email")
ORDER = "x-order"  # our own keyword: [[earlier, later]], gathered from the properties' `x-not-before`


def parse_date(text: str) -> date:
    """A date as 2024-12-31 only (Python alone would take 20241231 and week dates too). Raises ValueError."""
    if len(text) != 10 or not text.isascii() or not text[4] == text[7] == "-":
        raise ValueError("a date is written YYYY-MM-DD")
    return date.fromisoformat(text)


def parse_moment(text: str) -> datetime:
    """A moment with its zone, after RFC 3339: 2024-12-31T09:00:00Z. Raises ValueError."""
    if len(text) > 40 or text[10:11] not in ("T", "t", " "):
        raise ValueError("a moment is written YYYY-MM-DDThh:mm:ssZ")
    parse_date(text[:10])
    moment = datetime.fromisoformat(text.upper())
    if moment.tzinfo is None:
        raise ValueError("the zone is missing")
    return moment


class Dialect:
    """Validates by one schema that `check_schema` has passed."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.root = _closed(root)
        self.defs: dict[str, Any] = self.root.get("$defs", {})
        self._validator = _Validator(self.root, registry=Registry(), format_checker=_formats)

    def accepts(self, value: Any, part: Mapping[str, Any]) -> bool:
        return bool(self._validator.evolve(schema=part).is_valid(value))

    def errors(self, value: Any) -> Iterator[ValidationError]:
        return iter(self._validator.iter_errors(value))

    def resolve(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        """`part`, or what it refers to with the words that stand beside the reference on top."""
        while "$ref" in part:
            beside = {word: value for word, value in part.items() if word != "$ref"}
            part = {**self.defs[part["$ref"].removeprefix("#/$defs/")], **beside}
        return part


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """A copy that says explicitly what this dialect implies."""
    copy = dict(schema)
    if "properties" in schema:
        copy["properties"] = {name: _closed(child) for name, child in schema["properties"].items()}
        copy["additionalProperties"] = False
        copy[ORDER] = [
            [child["x-not-before"], name] for name, child in schema["properties"].items() if "x-not-before" in child
        ]
    if "items" in schema:
        copy["items"] = _closed(schema["items"])
    if "$defs" in schema:
        copy["$defs"] = {name: _closed(child) for name, child in schema["$defs"].items()}
    return copy


def _check_pattern(_: Any, pattern: str, text: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(text, str):
        return
    if len(text) > regex.MAX_TEXT:
        yield ValidationError(f"longer than {regex.MAX_TEXT} characters")
    elif regex.search(pattern, text) is None:
        yield ValidationError("does not match")


def _check_unique(_: Any, wanted: bool, items: Any, schema: Any) -> Iterator[ValidationError]:
    """In one pass: the library compares lists of objects pair by pair."""
    if wanted and isinstance(items, list):
        seen = {json.dumps(item, sort_keys=True) for item in items}
        if len(seen) < len(items):
            yield ValidationError("holds the same item twice")


def _check_order(_: Any, pairs: list[list[str]], value: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    for earlier, later in pairs:
        are_given = earlier in value and later in value
        if are_given and _is_before(value[later], value[earlier], schema["properties"][later]):
            yield ValidationError("runs backwards", path=[later], instance=value, validator_value=[earlier, later])


def _is_before(one: Any, other: Any, schema: Mapping[str, Any]) -> bool:
    """False also when either is not what its own description says: that is another error's business."""
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (one, other))
    if numbers:
        return bool(one < other)
    parse = {"date": parse_date, "date-time": parse_moment}.get(schema.get("format", ""))
    if parse is None or not isinstance(one, str) or not isinstance(other, str):
        return False
    try:
        return parse(one) < parse(other)
    except ValueError:
        return False


_Validator = validators.extend(
    Draft202012Validator, {"pattern": _check_pattern, "uniqueItems": _check_unique, ORDER: _check_order}
)
_formats = FormatChecker(formats=())


@_formats.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(parse_date(value))


@_formats.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or bool(parse_moment(value))


@_formats.checks("email", raises=NotAnAddress)
def _is_email(value: object) -> bool:
    if isinstance(value, str):
        validate_email(value)
    return True
