"""Turns a validation error into sentences for the person who filled in the form: what is wrong, what to do."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from typing import Any, cast

from jsonschema import ValidationError
from rapidfuzz import fuzz, process

from apps.core import regex
from apps.core.schema import dialect

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_FORMATS = {
    "date": "Write the date as year-month-day, such as 2024-12-31.",
    "date-time": "Write the moment with its zone, such as 2024-12-31T09:00:00Z.",
    "email": "Write an e-mail address, such as alice@example.org.",
}


def did_you_mean(word: str, known: Collection[Any]) -> str:
    """' Did you mean “x”?' for the nearest of `known`, or nothing."""
    best = process.extractOne(
        word[:100], [str(each) for each in known], scorer=fuzz.ratio, score_cutoff=65, processor=str.lower
    )
    return f" Did you mean “{best[0]}”?" if best else ""


def complaints(error: ValidationError, *, noun: str = "parameter") -> Iterator[tuple[str, str]]:
    """(dotted path, what to do) for one error; more than one if several properties are missing or unknown.

    `noun` is what the schema's properties are to the reader.
    """
    path = ".".join(str(part) for part in error.absolute_path)
    word, value, given = str(error.validator), cast(Any, error.validator_value), cast(Any, error.instance)
    if word == "required":
        yield from _missing(value, given, _schema(error), path)
    elif word == "additionalProperties":
        yield from _unknown(given, _schema(error), path, noun)
    elif word == dialect.ORDER:
        yield path, _backwards(value, given, _schema(error), path)
    elif word in _SENTENCES:
        yield path, _SENTENCES[word](value, given, _schema(error))
    else:
        yield path, f"{error.message[:200]}."


def _schema(error: ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, Mapping) else {}


def _missing(required: list[str], given: Any, schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    described = schema.get("properties", {})
    for name in required:
        if name not in given:
            about = described.get(name, {}).get("description", "")
            yield _join(path, name), f"This is needed. {about}".strip()


def _unknown(given: Any, schema: Mapping[str, Any], path: str, noun: str) -> Iterator[tuple[str, str]]:
    known = list(schema.get("properties", {}))
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known) or (f" There are: {_listed(known)}." if known else " There are none.")
            yield _join(path, name[:80]), f"There is no {noun} “{name[:80]}”.{hint}"


def _choice(choices: list[Any], given: Any, _: Mapping[str, Any]) -> str:
    hint = did_you_mean(given, choices) if isinstance(given, str) else ""
    return f"{_shown(given)} is not one of the choices: {_listed(choices)}.{hint}"


def _type(wanted: Any, given: Any, _: Mapping[str, Any]) -> str:
    names = [wanted] if isinstance(wanted, str) else wanted
    return f"Give {' or '.join(_TYPES.get(name, name) for name in names)}, not {kind(given)}."


def _format(wanted: str, given: Any, _: Mapping[str, Any]) -> str:
    return f"{_shown(given)} is not valid here. {_FORMATS.get(wanted, '')}".strip()


def _pattern(_: str, given: Any, schema: Mapping[str, Any]) -> str:
    if len(given) > regex.MAX_TEXT:
        return f"It is longer than {regex.MAX_TEXT:,} characters, too long to be compared with the pattern."
    hint = schema.get("description") or f"It must match the pattern {schema.get('pattern', '')[:100]}"
    return f"{_shown(given)} does not look as expected. {str(hint).rstrip('.')}."


def _count(unit: str, at_least: bool) -> Callable[[int, Any, Mapping[str, Any]], str]:
    def sentence(limit: int, given: Any, _: Mapping[str, Any]) -> str:
        units = unit if limit == 1 else f"{unit}s"
        return f"Give {'at least' if at_least else 'at most'} {limit:,} {units}; there are {len(given):,}."

    return sentence


_SENTENCES: dict[str, Callable[[Any, Any, Mapping[str, Any]], str]] = {
    "enum": _choice,
    "type": _type,
    "format": _format,
    "pattern": _pattern,
    "const": lambda wanted, given, _: f"It must be {_shown(wanted)}, not {_shown(given)}.",
    "minimum": lambda limit, given, _: f"Give {limit:,} or more; {given:,} is too low.",
    "maximum": lambda limit, given, _: f"Give {limit:,} or less; {given:,} is too high.",
    "exclusiveMinimum": lambda limit, given, _: f"Give more than {limit:,}; {given:,} is too low.",
    "exclusiveMaximum": lambda limit, given, _: f"Give less than {limit:,}; {given:,} is too high.",
    "multipleOf": lambda step, given, _: f"Give a multiple of {step:,}; {given:,} is none.",
    "minLength": _count("character", at_least=True),
    "maxLength": _count("character", at_least=False),
    "minItems": _count("item", at_least=True),
    "maxItems": _count("item", at_least=False),
    "uniqueItems": lambda wanted, given, _: "The list holds the same item twice. Remove one of them.",
}


def _backwards(pair: list[str], given: Any, schema: Mapping[str, Any], path: str) -> str:
    """'The period ends on 31 December 2024, before it starts. Did you mean 31 December 2025?'"""
    earlier, later = pair
    properties = schema["properties"]
    values = {name: given[name] for name in pair}
    is_date = properties[later].get("format") == "date"
    if is_date and {earlier, later} == {"start", "end"}:
        whole = path.removesuffix(later).strip(".").rpartition(".")[2] or "period"
        title = str(schema.get("title") or whole).lower()
        said = f"The {title} ends on {_in_words(values[later])}, before it starts."
    else:
        names = {name: properties[name].get("title") or name for name in values}
        first, second = (_in_words(values[name]) if is_date else _shown(values[name]) for name in (later, earlier))
        said = f"{names[later]} is {first}, before {names[earlier]}, {second}."
    return said + (_nearest_year(values[earlier], values[later]) if is_date else "")


def _nearest_year(earlier: str, later: str) -> str:
    """The same day in the first year that makes sense, if it was near: most often the year was mistyped."""
    start, end = dialect.parse_date(earlier), dialect.parse_date(later)
    for year in (start.year, start.year + 1):
        if (end.month, end.day) != (2, 29) and year <= 9999 and (moved := end.replace(year=year)) >= start:
            return f" Did you mean {_in_words(moved.isoformat())}?" if year - end.year <= 2 else ""
    return ""


def _in_words(text: str) -> str:
    day: date = dialect.parse_date(text)
    return f"{day.day} {day:%B} {day.year}"


def kind(given: Any) -> str:
    if given is None:
        return "null"
    kinds = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return kinds.get(type(given), type(given).__name__)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return f"“{text if len(text) <= 60 else text[:59] + '…'}”" if isinstance(value, str) else text[:60]


def _listed(values: list[Any]) -> str:
    shown = ", ".join(str(value)[:60] for value in values[:12])
    return shown + (", …" if len(values) > 12 else "")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
