"""Parameters by their schema: capped, tidied, filled, validated, and refused in words that say what to do."""

import json
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from apps.core.errors import InvalidInput
from apps.core.schema import plain
from apps.core.schema.dialect import Dialect
from apps.core.schema.filling import fill
from apps.core.schema.subset import check_schema
from apps.core.schema.wording import complaints

MAX_ERRORS = 50


def validate(parameters: Any, schema: Any) -> dict[str, Any]:
    """A fresh, complete and valid copy of `parameters`.

    1. Refuses what is not plain JSON or exceeds the caps of `plain.PARAMETERS`, before anything looks deeper.
    2. Drops the blanks ("", [], {}, null) of forms where the schema refuses them.
    3. Fills in defaults, also nested ones.
    4. Validates. Nothing is fetched; patterns are RE2's.

    Raises InvalidInput: `fields` maps dotted paths to what to do; code `invalid_schema` means the schema is at fault.
    """
    if said := plain.objection(parameters, plain.PARAMETERS):
        raise _refusal({said[0]: said[1]})
    dialect = _dialect_of(schema)
    if not isinstance(parameters, dict):
        raise _refusal({"": 'Give the parameters as an object: {"name": value, …}.'})
    filled = fill(parameters, dialect)
    fields: dict[str, str] = {}
    for error in islice(dialect.errors(filled), MAX_ERRORS):
        for path, message in complaints(error):
            fields.setdefault(path, message)
    if fields:
        raise _refusal(fields)
    result: dict[str, Any] = filled
    return result


def matches(parameters: Mapping[str, Any], condition: Any) -> bool:
    """Whether what the condition, a schema, names of these parameters satisfies it. Nothing is filled in.

    What it does not name may be anything; a property that is absent satisfies it unless it is `required`.
    """
    dialect = _dialect_of(condition)
    return dialect.accepts(_named(parameters, dialect.root, dialect), dialect.root)


def _named(value: Any, schema: Mapping[str, Any], dialect: Dialect) -> Any:
    """The value without the properties that the schema does not name: its objects are closed."""
    schema = dialect.resolve(schema)
    if isinstance(value, Mapping) and "properties" in schema:
        named = schema["properties"]
        return {name: _named(value[name], named[name], dialect) for name in value if name in named}
    if isinstance(value, list) and "items" in schema:
        return [_named(each, schema["items"], dialect) for each in value]
    return value


def _refusal(fields: dict[str, str]) -> InvalidInput:
    path, message = next(iter(fields.items()))
    if len(fields) > 1:
        return InvalidInput(f"{len(fields)} parameters need attention: {', '.join(sorted(fields))}.", fields=fields)
    return InvalidInput(f"{path}: {message}" if path else message, fields=fields)


def _dialect_of(schema: Any) -> Dialect:
    if said := plain.objection(schema, plain.SCHEMA):
        raise _unusable(*said)
    return _usable(json.dumps(schema))


@lru_cache(maxsize=256)
def _usable(text: str) -> Dialect:
    """Keyed by the schema's whole text, so a new revision can never meet an old entry."""
    schema = json.loads(text)
    if problems := check_schema(schema):
        raise _unusable(problems[0].path, problems[0].message)
    return Dialect(schema)


def _unusable(path: str, message: str) -> InvalidInput:
    where = f" at {path}" if path else ""
    return InvalidInput(f"The parameter schema cannot be used{where}: {message}", code="invalid_schema")
