"""Frozen dataclasses as plain JSON, and back by their type hints."""

import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


class Unreadable(ValueError):
    """It is not what was kept."""


def dumped(value: Any) -> Any:
    if is_dataclass(value):
        return {
            each.name: dumped(got) for each in fields(value) if not _is_default(each, got := getattr(value, each.name))
        }
    if isinstance(value, Mapping):
        return {str(name): dumped(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [dumped(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _is_default(each: Any, got: Any) -> bool:
    if isinstance(got, list):
        return each.default == () and not got
    return each.default is not MISSING and type(got) is type(each.default) and bool(got == each.default)


def loaded(kind: type[T], data: Any) -> T:
    """Raises Unreadable."""
    made: T = _object(kind, data)
    return made


def _object(kind: Any, data: Any) -> Any:
    if not isinstance(data, Mapping):
        raise Unreadable(f"{kind.__name__} is kept as an object")
    hints = _hints(kind)
    try:
        return kind(**{name: _value(hints[name], value) for name, value in data.items()})
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"{kind.__name__}: {error}") from error


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(hint: Any, value: Any) -> Any:
    origin, inside = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        (kind,) = (each for each in inside if each is not type(None))
        return None if value is None else _value(kind, value)
    if origin is Literal:
        return _of(value in inside, value)
    if origin is Sequence:
        return tuple(_value(inside[0], each) for each in _of(isinstance(value, list), value))
    if origin is Mapping:
        return {name: _value(inside[1], each) for name, each in _of(isinstance(value, Mapping), value).items()}
    return _plain(hint, value)


def _plain(hint: Any, value: Any) -> Any:
    if is_dataclass(hint):
        return _object(hint, value)
    if hint is datetime:
        return datetime.fromisoformat(value)
    if hint is float and isinstance(value, int):
        return float(value)
    return _of(type(value) is hint, value)


def _of(is_right: bool, value: Any) -> Any:
    if not is_right:
        raise Unreadable(f"{str(value)[:40]!r} is not what was kept")
    return value
