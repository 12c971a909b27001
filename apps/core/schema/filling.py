"""Tidies parameters before they are validated: forms send blanks for what is not filled in, and defaults are ours."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from apps.core.schema.dialect import Dialect

_BLANK: tuple[Any, ...] = ("", [], {}, None)


def fill(value: Any, dialect: Dialect) -> Any:
    """A copy of `value` without the blanks that its schema refuses, with the defaults of what is missing.

    A missing object is made from its own defaults if they are all that it needs. Whole floats become integers where
    the schema says integer (JSON does not tell 3.0 from 3). What is wrong otherwise stays, for the validation to name.
    """
    return _fill(value, dialect.root, dialect)


def _fill(value: Any, schema: Mapping[str, Any], dialect: Dialect) -> Any:
    schema = dialect.resolve(schema)
    if isinstance(value, dict) and "properties" in schema:
        return _fill_object(value, schema["properties"], dialect)
    if isinstance(value, list) and "items" in schema:
        return [_fill(item, schema["items"], dialect) for item in value]
    if isinstance(value, float) and value.is_integer() and "integer" in _types(schema):
        return int(value)
    return deepcopy(value)


def _fill_object(value: dict[str, Any], properties: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    filled = {}
    for name, item in value.items():
        if name not in properties:
            filled[name] = item
            continue
        item = _fill(item, properties[name], dialect)
        if not (_is_blank(item) and not dialect.accepts(item, properties[name])):
            filled[name] = item
    for name, schema in properties.items():
        if name not in filled:
            filled.update(_default(name, schema, dialect))
    return filled


def _default(name: str, schema: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    """{name: default}, or nothing."""
    described = dialect.resolve(schema)
    if "default" in described:
        return {name: _fill(described["default"], schema, dialect)}
    if "object" in _types(described):
        made = _fill({}, schema, dialect)
        if made and dialect.accepts(made, schema):
            return {name: made}
    return {}


def _is_blank(item: Any) -> bool:
    return any(type(item) is type(blank) and item == blank for blank in _BLANK)


def _types(schema: Mapping[str, Any]) -> list[str]:
    given = schema.get("type", [])
    return [given] if isinstance(given, str) else list(given)
