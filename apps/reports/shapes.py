"""Check a value against a JSON Schema without opening any address (RELIABILITY H9)."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import jsonschema
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.exceptions import Unresolvable

from apps.core import regex
from apps.core.errors import ChantillyError

MOST_PROBLEMS = 20


class BadSchema(ChantillyError):
    """The schema is wrong, or points to another document."""

    code = "bad_schema"


def problems(value: Any, schema: Mapping[str, Any]) -> list[str]:
    """`path: message` for what is wrong, at most 20, in the order of the value; empty when it fits.

    Decimals count as numbers (exactly: no float in between), dates as ISO strings, tuples as arrays.
    """
    try:
        Draft202012Validator.check_schema(schema)
        validator = _validator()(schema, registry=Registry(), format_checker=Draft202012Validator.FORMAT_CHECKER)
        found = sorted(validator.iter_errors(_as_json(value)), key=lambda error: str(error.json_path))
    except jsonschema.SchemaError as error:
        raise BadSchema(f"the schema is wrong at {error.json_path}: {error.message[:200]}") from error
    except Unresolvable as error:
        raise BadSchema(f"the schema refers to {error.ref!r}, which is not in it; write it out") from error
    return [f"{error.json_path}: {error.message[:200]}" for error in found[:MOST_PROBLEMS]]


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[jsonschema.ValidationError]:
    """`pattern` in linear time: a nested quantifier must not hold the worker (RELIABILITY H10)."""
    try:
        found = isinstance(instance, str) and regex.search(pattern, instance)
    except regex.BadPattern as error:
        raise BadSchema(error.message) from error
    if isinstance(instance, str) and not found:
        yield jsonschema.ValidationError(f"{instance[:80]!r} does not match {pattern[:80]!r}")


def _validator() -> Any:
    def is_number(_checker: Any, instance: Any) -> bool:
        return isinstance(instance, int | float | Decimal) and not isinstance(instance, bool)

    checker = Draft202012Validator.TYPE_CHECKER.redefine("number", is_number)
    return jsonschema.validators.extend(Draft202012Validator, {"pattern": _pattern}, type_checker=checker)


def _as_json(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    return value
