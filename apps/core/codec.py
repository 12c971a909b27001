"""The journal's codec: one tagged JSON for every value that may cross between script and host.

The same value gives the same text in every process, so a digest of the text compares two calls (dicts keep their
order, which the interpreter reproduces; sets are sorted). JSON's own types are written as they are; everything else
becomes an object with the single key `$` and a tag, for example `{"$": ["decimal", "1.10"]}`.
The text is ASCII (PostgreSQL's text type refuses NUL, JSON escapes it) and holds no NaN.
"""

import base64
import hashlib
import json
import math
import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any

VERSION = 1
_SURROGATES = re.compile(r"\\\\|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|\\ud[89a-f][0-9a-f]{2}")
"""In encoded text: an escaped backslash, a pair, or (the shortest alternative of six characters) half of one."""
MAX_DEPTH = 100


class NotEncodable(ValueError):
    """The value cannot be recorded; the message names what and where."""


def encode(value: Any) -> str:
    """The text that stands for `value`.

    Raises NotEncodable for objects, functions, generators, cycles and anything deeper than 100 levels.
    """
    return json.dumps(_pack(value, 0), separators=(",", ":"), allow_nan=False)


def decode(text: str) -> Any:
    """The value that `encode` was given; always fresh objects."""
    return _unpack(json.loads(text))


def without_halves(text: str) -> str:
    """An encoded text whose lone surrogates have become U+FFFD: the interpreter takes none, and they mean nothing."""
    if "\\ud" not in text:
        return text
    return _SURROGATES.sub(lambda found: "\\ufffd" if len(found[0]) == len("\\ud800") else found[0], text)


def digest(text: str) -> bytes:
    """16 bytes that stand for an encoded text when two calls are compared."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _pack(value: Any, depth: int) -> Any:
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        # Beyond 2**53 other JSON readers lose digits, and huge ones are quadratic to print in decimal.
        return value if -(2**53) < value < 2**53 else {"$": ["int", hex(value)]}
    if kind is float:
        return value if math.isfinite(value) else {"$": ["float", repr(value)]}
    if isinstance(value, str | int | float):  # subclasses: enumerations, safe strings
        return _pack(_plain(value), depth)
    if depth >= MAX_DEPTH:
        raise NotEncodable(f"the value is nested more than {MAX_DEPTH} levels deep; flatten it")
    if isinstance(value, list):
        return [_pack(item, depth + 1) for item in value]
    if isinstance(value, dict):
        if all(type(key) is str for key in value) and "$" not in value:
            return {key: _pack(item, depth + 1) for key, item in value.items()}
        return {"$": ["dict", [[_pack(k, depth + 1), _pack(v, depth + 1)] for k, v in value.items()]]}
    return {"$": _pack_tagged(value, depth)}


def _plain(value: str | int | float) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return str.__str__(value)  # str(value) of a safe string is that safe string again
    return int(value) if isinstance(value, int) else float(value)


def _pack_tagged(value: Any, depth: int) -> list[Any]:
    if isinstance(value, Decimal):
        return ["decimal", str(value)]
    if isinstance(value, datetime):
        return _pack_datetime(value)
    if isinstance(value, date):
        return ["date", value.isoformat()]
    if isinstance(value, timedelta):
        return ["timedelta", value.days, value.seconds, value.microseconds]
    if isinstance(value, bytes | bytearray):
        return ["bytes", base64.b64encode(value).decode()]
    if isinstance(value, tuple):
        return ["tuple", [_pack(item, depth + 1) for item in value]]
    if isinstance(value, frozenset | set):
        packed = [_pack(item, depth + 1) for item in value]
        name = "set" if isinstance(value, set) else "frozenset"
        return [name, sorted(packed, key=lambda item: json.dumps(item, sort_keys=True))]
    if isinstance(value, complex):
        return ["complex", repr(value.real), repr(value.imag)]
    raise NotEncodable(f"a value of type {type(value).__name__} cannot be recorded; pass plain data instead")


def _pack_datetime(value: datetime) -> list[Any]:
    offset = value.utcoffset()
    if offset is None:
        return ["datetime", value.isoformat()]
    return ["datetime", value.replace(tzinfo=None).isoformat(), offset.total_seconds()]


def _unpack(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpack(item) for item in value]
    if isinstance(value, dict):
        if len(value) == 1 and "$" in value:
            tag, *rest = value["$"]
            return UNPACKERS[tag](*rest)
        return {key: _unpack(item) for key, item in value.items()}
    return value


def _unpack_datetime(text: str, offset: float | None = None) -> datetime:
    moment = datetime.fromisoformat(text)
    if offset is None:
        return moment
    return moment.replace(tzinfo=UTC if offset == 0 else timezone(timedelta(seconds=offset)))


UNPACKERS: dict[str, Any] = {
    "int": lambda text: int(text, 16),
    "float": float,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "datetime": _unpack_datetime,
    "timedelta": lambda days, seconds, micro: timedelta(days=days, seconds=seconds, microseconds=micro),
    "bytes": base64.b64decode,
    "tuple": lambda items: tuple(_unpack(item) for item in items),
    "set": lambda items: {_unpack(item) for item in items},
    "frozenset": lambda items: frozenset(_unpack(item) for item in items),
    "complex": lambda real, imag: complex(float(real), float(imag)),
    "dict": lambda pairs: {_unpack(key): _unpack(item) for key, item in pairs},
}
