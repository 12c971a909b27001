"""Paths into parameters and their schema: `period.start`."""

from collections.abc import Mapping
from typing import Any

from apps.language.parameters.fields import fields


def covers(path: str, other: str) -> bool:
    """Whether one of them is the other, or holds it."""
    return path == other or other.startswith(f"{path}.") or path.startswith(f"{other}.")


def put_at(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    placed: dict[str, Any] = value
    return placed


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        name: merged(old[name], new[name]) for name in old.keys() & new.keys() if _are_objects(old[name], new[name])
    }
    return {**old, **new, **both}


def _are_objects(one: Any, other: Any) -> bool:
    return isinstance(one, Mapping) and isinstance(other, Mapping)


def value_at(parameters: Mapping[str, Any], path: str) -> Any:
    value: Any = parameters
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def without(parameters: Mapping[str, Any], path: str) -> dict[str, Any]:
    name, _, rest = path.partition(".")
    inner = parameters.get(name)
    if rest and isinstance(inner, Mapping):
        return {**parameters, name: without(inner, rest)}
    return {each: value for each, value in parameters.items() if each != name}


def schema_at(schema: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    for place in fields(schema):
        if place.path == path:
            return place.schema
    for name in path.split("."):
        schema = schema.get("properties", {}).get(name, {})
    return schema


def is_free_text(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "string" and "enum" not in schema and "format" not in schema
