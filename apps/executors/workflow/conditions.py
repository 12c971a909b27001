"""Conditions over the context of a run: data, never code.

    {"risk.score": {"minimum": 0.8}}                   a path and a test, in the words of JSON Schema
    {"tier": "gold"}   {"tier": ["gold", "silver"]}    a value, or one of several
    {"report": {}}                                     is there, whatever it is
    {"note?": {"minLength": 1}}                        may be absent; without the ? what is absent fails
    {"orders": {"minItems": 1}}                        lists are tested by their length
    {"score": {"minimum": 1}, "tier": "gold"}          several paths: all of them
    {"any": [c, c]}   {"all": [c, c]}   {"not": c}     put together

Each test is one `schema.matches`, as the rules of priority have it: patterns are RE2's, nothing is fetched, and every
test ends in bounded time. docs/decisions/0015-conditions-as-data.md says why this and no expression language.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final, Literal

from apps.core.schema import check_schema, matches
from apps.executors.workflow.faults import short
from apps.executors.workflow.paths import ABSENT, look_up, segments

MAX_DEPTH = 8
MAX_TESTS = 100
MAX_LENGTH = 10_000  # characters of one test

_LENGTHS: Final = {"minItems": "minimum", "maxItems": "maximum"}
_BOUNDS: Final = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
_TYPE_OF_WORD: Final[Mapping[str, str]] = {
    **dict.fromkeys((*_BOUNDS, "multipleOf"), "number"),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), "string"),
    "properties": "object",
    "items": "array",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Test:
    path: tuple[str, ...]
    schema: Mapping[str, Any] | None
    """What `{"value": …}` must satisfy; None: it is there."""
    is_optional: bool = False
    is_of_length: bool = False
    """The schema is about the number of the list's items."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Combined:
    how: Literal["all", "any", "not"]
    parts: tuple["Condition", ...]


Condition = Test | Combined


@dataclass(frozen=True, kw_only=True)
class Read:
    """`condition` is None when anything is wrong; `wrong` is (dotted path below the condition, message)."""

    condition: Condition | None
    wrong: tuple[tuple[str, str], ...] = ()


def read(given: Any) -> Read:
    """A condition from its JSON. Never raises."""
    reader = _Reader()
    condition = reader.condition(given, "", 1)
    if reader.tests > MAX_TESTS:
        reader.wrong.append(("", f"There are more than {MAX_TESTS} tests in one condition. Decide it in a script."))
    return Read(condition=None if reader.wrong else condition, wrong=tuple(reader.wrong))


def holds(condition: Condition, context: Mapping[str, Any]) -> bool:
    """Whether the context satisfies it."""
    if isinstance(condition, Test):
        return _passes(condition, look_up(context, condition.path))
    if condition.how == "not":
        return not holds(condition.parts[0], context)
    return (all if condition.how == "all" else any)(holds(part, context) for part in condition.parts)


def paths(condition: Condition) -> Iterator[tuple[str, ...]]:
    """Every path that it looks at."""
    if isinstance(condition, Test):
        yield condition.path
    else:
        for part in condition.parts:
            yield from paths(part)


def _passes(test: Test, value: Any) -> bool:
    if value is ABSENT:
        return test.is_optional
    if test.schema is None:
        return True
    if test.is_of_length:
        return isinstance(value, list) and matches({"value": len(value)}, test.schema)
    return matches({"value": value.isoformat() if isinstance(value, date) else value}, test.schema)


class _Reader:
    """One walk over one condition."""

    def __init__(self) -> None:
        self.wrong: list[tuple[str, str]] = []
        self.tests = 0

    def condition(self, given: Any, place: str, depth: int) -> Condition | None:
        if not isinstance(given, dict) or not given:
            return self._refused(
                place, 'A condition is an object of paths and tests: {"risk.score": {"minimum": 0.8}}.'
            )
        if depth > MAX_DEPTH:
            return self._refused(place, f"It is nested more than {MAX_DEPTH} levels deep. Flatten it.")
        parts = [self._entry(name, test, f"{place}.{short(name)}".lstrip("."), depth) for name, test in given.items()]
        known = [part for part in parts if part is not None]
        return known[0] if len(known) == 1 else Combined(how="all", parts=tuple(known))

    def _entry(self, name: str, given: Any, place: str, depth: int) -> Condition | None:
        if name == "not":
            part = self.condition(given, place, depth + 1)
            return Combined(how="not", parts=(part,)) if part is not None else None
        if name == "all" or name == "any":
            if not isinstance(given, list) or not 1 <= len(given) <= MAX_TESTS:
                return self._refused(place, f"Give a list of 1 to {MAX_TESTS} conditions.")
            parts = [self.condition(each, f"{place}.{number}", depth + 1) for number, each in enumerate(given)]
            return Combined(how="any" if name == "any" else "all", parts=tuple(p for p in parts if p is not None))
        return self._test(name, given, place)

    def _test(self, name: str, given: Any, place: str) -> Test | None:
        self.tests += 1
        path = segments(name.removesuffix("?"))
        if path is None:
            return self._refused(
                place, f"“{short(name)}” is no path. Write a key, or key.part: letters, digits, _ and -."
            )
        is_of_length = isinstance(given, dict) and bool(given) and not given.keys() - _LENGTHS.keys()
        schema, said = _of_length(given) if is_of_length else _schema(given)
        if not said and schema is not None and self.tests <= MAX_TESTS:
            said = _objection(schema)
        if said:
            return self._refused(place, said)
        return Test(
            path=path,
            schema=None if schema is None else _wrapped(schema),
            is_optional=name.endswith("?"),
            is_of_length=is_of_length,
        )

    def _refused(self, place: str, message: str) -> Any:
        """None, which stands for a condition that could not be read."""
        self.wrong.append((place, message))
        return None


def _of_length(given: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    return {"type": "integer", **{_LENGTHS[word]: limit for word, limit in given.items()}}, ""


def _schema(given: Any) -> tuple[dict[str, Any] | None, str]:
    """(the schema of a test, or None for “is there”; what is wrong with it)."""
    if not isinstance(given, dict):
        given = {"enum": given} if isinstance(given, list) else {"const": given}
    if not given:
        return None, ""
    if "type" in given:
        return given, ""
    if "const" in given or "enum" in given:
        values = given["enum"] if "enum" in given else [given["const"]]
        types = {_type(value) for value in values} if isinstance(values, list) else set()
        named = types - {"null"}
        if len(named) > 1 or not types or None in types:
            return None, "Compare with one or more values of the same type: text, numbers, or true and false."
        type_ = next(iter(named), "string")
        return {"type": [type_, "null"] if "null" in types else type_, **given}, ""
    types = {_TYPE_OF_WORD[word] for word in given if word in _TYPE_OF_WORD}
    if len(types) != 1:
        return None, 'Give a value, a list of values, or a test: {"minimum": 1}, {"pattern": "^A"}, {"minItems": 1}.'
    return {"type": types.pop(), **given}, ""


def _type(value: Any) -> str | None:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "string" if isinstance(value, str) else None


def _wrapped(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"value": schema}, "required": ["value"]}


def _objection(schema: Mapping[str, Any]) -> str:
    """The first thing wrong with a test's schema, or nothing."""
    if _is_simple(schema):
        return ""
    text = json.dumps(_wrapped(schema), default=str)
    if len(text) > MAX_LENGTH:
        return f"A test has up to {MAX_LENGTH:,} characters. Decide it in a script."
    return _checked(text)


def _is_simple(schema: Mapping[str, Any]) -> bool:
    """A value to be equal to, or one bound: seen to be right at a hundredth of the cost of looking it up in JSON Schema."""
    if len(schema) != 2:
        return False
    type_, (word, value) = schema["type"], next(item for item in schema.items() if item[0] != "type")
    return (word == "const" and type_ == _type(value)) or (
        word in _BOUNDS and type_ in ("number", "integer") and _type(value) == "number"
    )


@lru_cache(maxsize=1024)
def _checked(schema: str) -> str:
    """Workflows repeat their tests, and this is slow."""
    problems = check_schema(json.loads(schema))
    return problems[0].message if problems else ""
