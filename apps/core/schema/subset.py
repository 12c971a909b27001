"""The subset of JSON Schema 2020-12 that a parameter schema may use, and the check of a schema against it.

| type | its keywords |
|---|---|
| object | properties (needed), required, additionalProperties: false (what applies when it is left out) |
| array | items (needed), minItems, maxItems, uniqueItems |
| string | minLength, maxLength, pattern (RE2), format: date, date-time, email |
| integer, number | minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf |
| boolean | |

Everywhere: title, description, default, examples, enum, const, $comment and x-…. `type` is one name, or [name, "null"].
The top is an object and may have $schema and $defs; `$ref` points to `#/$defs/name`, never in a circle.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jsonschema_specifications
from jsonschema import Draft202012Validator

from apps.core import regex
from apps.core.schema import plain
from apps.core.schema.dialect import FORMATS, Dialect
from apps.core.schema.wording import did_you_mean

DRAFT = "https://json-schema.org/draft/2020-12/schema"
MAX_SUBSCHEMAS = 500  # with every reference counted as often as it is used
MAX_LEVELS = 8
MAX_CHOICES = 200
MAX_DEFINITIONS = 100
NAME = r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$"

ANYWHERE = frozenset({"type", "title", "description", "default", "examples", "enum", "const", "$comment"})
BESIDE_REF = frozenset({"$ref", "title", "description", "default", "examples", "$comment"})
ONLY_AT_TOP = frozenset({"$schema", "$defs"})
_NUMERIC = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
BY_TYPE: Mapping[str, frozenset[str]] = {
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "array": frozenset({"items", "minItems", "maxItems", "uniqueItems"}),
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "integer": _NUMERIC,
    "number": _NUMERIC,
    "boolean": frozenset(),
}
_BOUNDS = (
    ("minimum", "maximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing to repair in a schema; `path` is dotted, empty for the top."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def check_schema(schema: Any) -> list[Problem]:
    """What keeps `schema` from being used for parameters; empty when it is fine. Never touches the network."""
    if said := plain.objection(schema, plain.SCHEMA):
        return [Problem(path=said[0], message=said[1])]
    if not isinstance(schema, dict):
        return [Problem(path="", message='A schema is an object: {"type": "object", "properties": {…}}.')]
    return list(_against_metaschema(schema)) or list(_Check(schema).problems())


@cache
def _metaschema() -> Draft202012Validator:
    # Without a format checker: it would compile each `pattern` with Python's re.
    return Draft202012Validator(
        Draft202012Validator.META_SCHEMA, registry=jsonschema_specifications.REGISTRY, format_checker=None
    )


def _against_metaschema(schema: dict[str, Any]) -> Iterator[Problem]:
    for error, _ in zip(_metaschema().iter_errors(schema), range(20), strict=False):
        path = [str(part) for part in error.absolute_path]
        message = f"{error.message[:300]}."
        if path and path[-1] == "type" and isinstance(error.instance, str):
            message = f"“{error.instance[:40]}” is not a type.{did_you_mean(error.instance, BY_TYPE)}"
        yield Problem(path=".".join(path), message=message)


class _Check:
    """One walk over one schema that is already valid JSON Schema and small."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.root = root
        self.defs: dict[str, Any] = root.get("$defs", {})
        self.sizes: dict[str, tuple[int, int]] = {}

    def problems(self) -> Iterator[Problem]:
        if self.root.get("type") != "object":
            yield Problem(path="", message='The top must be {"type": "object", "properties": {…}}.')
            return
        if self.root.get("$schema", DRAFT) != DRAFT:
            yield Problem(path="$schema", message=f"Only {DRAFT} is understood. Write that, or leave it out.")
        if len(self.defs) > MAX_DEFINITIONS:
            yield Problem(path="$defs", message=f"There are more than {MAX_DEFINITIONS} definitions. Make it simpler.")
            return
        found = list(self._of(self.root, "", top=True))
        for name, definition in self.defs.items():
            found += self._of(definition, f"$defs.{name}")
        yield from found
        if not found:  # what follows needs references that can be followed
            yield from self._expansion() or self._unsatisfiable()

    def _of(self, schema: Any, path: str, *, top: bool = False) -> Iterator[Problem]:
        if not isinstance(schema, dict):
            yield Problem(path=path, message="Describe the value with a type; true and false are not supported.")
            return
        yield from self._keywords(schema, path, top=top)
        if "$ref" in schema:
            yield from self._reference(schema["$ref"], path)
            return
        yield from self._values(schema, path)
        if _type(schema) == "object":
            yield from self._object(schema, path)
        elif _type(schema) == "array":
            yield from self._array(schema, path)

    def _keywords(self, schema: dict[str, Any], path: str, *, top: bool) -> Iterator[Problem]:
        type_ = _type(schema)
        if "$ref" in schema:
            allowed = BESIDE_REF
        elif type_ is None:
            given = ", ".join(BY_TYPE)
            yield Problem(path=path, message=f'Give a "type": one of {given}, or a list of one and "null".')
            return
        else:
            allowed = ANYWHERE | BY_TYPE[type_] | (ONLY_AT_TOP if top else frozenset())
        for word in schema:
            if word not in allowed and not word.startswith("x-"):
                yield Problem(path=_join(path, word), message=_unknown_keyword(word, allowed, type_ or "$ref"))

    def _reference(self, ref: str, path: str) -> Iterator[Problem]:
        name = ref.removeprefix("#/$defs/")
        if name == ref or name not in self.defs:
            known = ", ".join(f"#/$defs/{each}" for each in self.defs) or "none are defined"
            yield Problem(
                path=_join(path, "$ref"), message=f"“{ref[:80]}” must point into this schema's own $defs: {known}."
            )

    def _values(self, schema: dict[str, Any], path: str) -> Iterator[Problem]:
        if schema.get("format", "date") not in FORMATS:
            message = f"“{schema['format']}” is not supported. Use one of {', '.join(FORMATS)}."
            yield Problem(path=_join(path, "format"), message=message)
        if "pattern" in schema and (said := regex.problem(schema["pattern"])):
            yield Problem(path=_join(path, "pattern"), message=said)
        for low, high in _BOUNDS:
            if low in schema and high in schema and schema[low] > schema[high]:
                message = f"{low} {schema[low]} is above {high} {schema[high]}; nothing can satisfy both."
                yield Problem(path=_join(path, low), message=message)
        if "enum" in schema and not 1 <= len(schema["enum"]) <= MAX_CHOICES:
            yield Problem(path=_join(path, "enum"), message=f"Give between 1 and {MAX_CHOICES} choices.")

    def _object(self, schema: dict[str, Any], path: str) -> Iterator[Problem]:
        if "properties" not in schema:
            yield Problem(path=path, message='An object needs "properties", so that a form can be drawn.')
            return
        if schema.get("additionalProperties", False) is not False:
            yield Problem(path=_join(path, "additionalProperties"), message="Only false is supported.")
        properties = schema["properties"]
        for name in schema.get("required", []):
            if name not in properties:
                message = f"“{name}” is required but not described.{did_you_mean(name, properties)}"
                yield Problem(path=_join(path, "required"), message=message)
        for name, child in properties.items():
            child_path = _join(path, "properties", name)
            if regex.search(NAME, name) is None:
                message = "Names have up to 64 letters, digits, _ and -, and begin with a letter or _."
                yield Problem(path=child_path, message=message)
            yield from self._of(child, child_path)
            if isinstance(child, dict) and "x-not-before" in child:
                yield from self._not_before(child, properties, child_path)

    def _not_before(self, child: dict[str, Any], properties: dict[str, Any], path: str) -> Iterator[Problem]:
        other = child["x-not-before"]
        if not isinstance(other, str) or not isinstance(properties.get(other), dict) or properties[other] is child:
            yield Problem(path=_join(path, "x-not-before"), message="Name another property of the same object.")
            return
        if _order(child) is None or _order(child) != _order(properties[other]):
            message = f"This and “{other}” must both be dates, both moments or both numbers."
            yield Problem(path=_join(path, "x-not-before"), message=message)

    def _array(self, schema: dict[str, Any], path: str) -> Iterator[Problem]:
        if "items" not in schema:
            yield Problem(path=path, message='A list needs "items" that say what it holds.')
        else:
            yield from self._of(schema["items"], _join(path, "items"))

    def _expansion(self) -> list[Problem]:
        """References must end, and must not multiply."""
        try:
            size, levels = self._size(self.root, ())
        except _Circle as circle:
            return [Problem(path=f"$defs.{circle}", message="It contains itself. References may not go in a circle.")]
        if levels > MAX_LEVELS:
            return [Problem(path="", message=f"It is nested more than {MAX_LEVELS} levels deep. Flatten it.")]
        if size > MAX_SUBSCHEMAS:
            message = f"With its references it has {size:,} parts; {MAX_SUBSCHEMAS} are the most. Make it simpler."
            return [Problem(path="", message=message)]
        return []

    def _size(self, schema: dict[str, Any], trail: tuple[str, ...]) -> tuple[int, int]:
        """(parts, levels) with references followed; each definition is measured once."""
        if "$ref" in schema:
            name = schema["$ref"].removeprefix("#/$defs/")
            if name in trail:
                raise _Circle(name)
            if name not in self.sizes:
                self.sizes[name] = self._size(self.defs[name], (*trail, name))
            return self.sizes[name]
        inner = [self._size(child, trail) for _, child in _children(schema)]
        return 1 + sum(size for size, _ in inner), 1 + max((levels for _, levels in inner), default=0)

    def _unsatisfiable(self) -> Iterator[Problem]:
        """Defaults and choices that the rest of their description refuses."""
        dialect = Dialect(self.root)
        parts = [*_parts(dialect.root, ""), *((f"$defs.{name}", part) for name, part in dialect.defs.items())]
        for path, part in parts:
            for word, values in _samples(part):
                if not all(dialect.accepts(value, part) for value in values):
                    message = "It does not satisfy the rest of its own description. Correct one of them."
                    yield Problem(path=_join(path, word), message=message)


class _Circle(Exception):
    """The name of a definition that leads back to itself."""


def _unknown_keyword(word: str, allowed: frozenset[str], type_: str) -> str:
    hint = did_you_mean(word, sorted(allowed))
    return f"“{word[:40]}” is not supported beside {type_}.{hint}" if hint else f"“{word[:40]}” is not supported here."


def _type(schema: Mapping[str, Any]) -> str | None:
    given = schema.get("type")
    if isinstance(given, list):
        names = [name for name in given if name != "null"]
        given = names[0] if len(names) == 1 and len(given) == 2 else None
    return given if isinstance(given, str) and given in BY_TYPE else None


def _order(schema: Mapping[str, Any]) -> str | None:
    if _type(schema) in ("integer", "number"):
        return "number"
    return schema.get("format") if schema.get("format") in ("date", "date-time") else None


def _children(schema: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, child in schema.get("properties", {}).items():
        yield f"properties.{name}", child
    if "items" in schema:
        yield "items", schema["items"]


def _samples(part: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    if "default" in part:
        yield "default", [part["default"]]
    if "const" in part:
        yield "const", [part["const"]]
    if "enum" in part:
        yield "enum", part["enum"]


def _parts(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for step, child in _children(schema):
        yield from _parts(child, _join(path, step))


def _join(*parts: str) -> str:
    return ".".join(part for part in parts if part)
