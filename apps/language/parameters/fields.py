"""A parameter schema as a list of places to fill."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

START_WORDS = frozenset({"start", "from", "since", "begin", "beginning", "first"})
END_WORDS = frozenset({"end", "to", "until", "till", "last", "through"})
_NO_NOUNS = """
include includes included including with has have is show add use enable filter filters status statuses list number count
num max min total of the id ids name format type output
"""
MONEY_WORDS = frozenset({"amount", "price", "budget", "fee", "cost"})
PERCENT_WORDS = frozenset({"percent", "percentage", "discount", "vat"})
NO_NOUNS = frozenset(_NO_NOUNS.split())
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True, kw_only=True)
class Field:
    """One value that can be read. `path` is dotted; `is_required` also means that all above it is required."""

    path: str
    name: str
    schema: Mapping[str, Any]
    is_required: bool

    @property
    def title(self) -> str:
        return str(self.schema.get("title") or " ".join(self.words)).strip()

    @property
    def words(self) -> list[str]:
        return [piece.lower() for piece in _PIECE.findall(self.name)]

    @property
    def nouns(self) -> list[str]:
        """What the parameter is about: `includeServices` is about services."""
        return [word for word in self.words if word not in NO_NOUNS]

    @property
    def kind(self) -> str:
        kinds = self.schema.get("type", "")
        return str(next((kind for kind in kinds if kind != "null"), "")) if isinstance(kinds, list) else str(kinds)

    @property
    def choices(self) -> list[Any]:
        """The values of an enumeration, of the field or of its items."""
        items = self.schema.get("items", {}) if self.kind == "array" else self.schema
        return list(items.get("enum", []))

    @property
    def synonyms(self) -> Mapping[str, list[str]]:
        """Other words for a value, by the value as text."""
        given = [self.schema.get("items", {}).get("x-synonyms"), self.schema.get("x-synonyms")]
        return {value: words for each in given if isinstance(each, Mapping) for value, words in each.items()}

    @property
    def units(self) -> list[str]:
        """What a number counts: the last noun of its name, a title of one word, and the words of `x-synonyms`."""
        given = self.schema.get("x-synonyms")
        title = self.title.lower()
        words = [*self.nouns[-1:], *([title] if title.isalpha() else []), *(given if isinstance(given, list) else [])]
        return [word for word in dict.fromkeys(str(word).lower() for word in words) if word not in NO_NOUNS]

    @property
    def names(self) -> list[str]:
        """`x-names`: what the parameter is called in sentences, in any language."""
        given = self.schema.get("x-names")
        return [word.lower() for word in given if isinstance(word, str)] if isinstance(given, list) else []

    @property
    def quantity(self) -> str:
        """money, percent, duration or nothing: `x-quantity`, or what the name says."""
        given = self.schema.get("x-quantity")
        if given in ("money", "percent", "duration"):
            return str(given)
        words = set(self.words)
        return "money" if words & MONEY_WORDS else "percent" if words & PERCENT_WORDS else ""

    @property
    def is_moment(self) -> bool:
        return self.kind == "string" and self.schema.get("format") == "date-time"

    @property
    def looks_forward(self) -> bool:
        """`x-looks`: "forward" where a day without a year is one to come."""
        return self.schema.get("x-looks") == "forward"

    @property
    def markers(self) -> list[str]:
        """`x-after`: words behind which a text stands, such as "to" in "say hello to Alice".

        A choice with them is read behind them, or where it is all that is said.
        """
        given = self.schema.get("x-after")
        return [word for word in given if isinstance(word, str)] if isinstance(given, list) else []

    @property
    def takes_lines(self) -> bool:
        """`x-lines`: the lines below a sentence are its texts."""
        return self.kind == "array" and self.schema.get("x-lines") is True

    @property
    def is_date(self) -> bool:
        return self.kind == "string" and self.schema.get("format") == "date"

    @property
    def has_default(self) -> bool:
        return "default" in self.schema


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two dates side by side that hold a period; both days are included."""

    path: str
    title: str
    start: Field
    end: Field


def fields(schema: Mapping[str, Any]) -> list[Field]:
    """All leaves, in the schema's order."""
    return list(_leaves(schema, schema.get("$defs", {}), "", True))


def pairs(found: list[Field]) -> list[Pair]:
    """Start and end dates under one parent."""
    by_parent: dict[str, list[Field]] = {}
    for field in found:
        if field.is_date or field.is_moment:
            by_parent.setdefault(field.path.rpartition(".")[0], []).append(field)
    made = []
    for parent, dates in by_parent.items():
        starts = [field for field in dates if START_WORDS.intersection(field.words)]
        ends = [field for field in dates if END_WORDS.intersection(field.words) and field not in starts]
        for start, end in zip(starts, ends, strict=False):
            made.append(Pair(path=parent, title=parent.rpartition(".")[2] or "period", start=start, end=end))
    return made


def _leaves(schema: Mapping[str, Any], defs: Mapping[str, Any], path: str, required: bool) -> Iterator[Field]:
    needed = schema.get("required", [])
    for name, part in schema.get("properties", {}).items():
        child = _resolved(part, defs)
        inner_path = f"{path}.{name}" if path else name
        is_required = required and name in needed and "default" not in child
        if "properties" in child:
            yield from _leaves(child, defs, inner_path, is_required)
        else:
            yield Field(path=inner_path, name=name, schema=child, is_required=is_required)


def _resolved(part: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follows `$ref`; the schema was checked, so there are no circles, and a bound is kept nevertheless."""
    for _ in range(20):
        if "$ref" not in part:
            return part
        beside = {word: value for word, value in part.items() if word != "$ref"}
        part = {**defs.get(str(part["$ref"]).removeprefix("#/$defs/"), {}), **beside}
    return {}
