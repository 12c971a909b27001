"""How long a task will probably take, in how many stages, and how demanding it is: pure functions.

A template says what it works through at the top of its parameter schema: `"x-counts": "invoices"`. Then the count
drives the estimate; without one, the revision's own figures do. Once there is a history, that does.

What asks the language model can say how much: `"x-tokens": {"read": 55, "write": 30, "texts": "messages"}` are the tokens for
each of what is counted, besides those of the texts in the parameter `messages`, which are read and written. With `"question":
500, "batch": 25` each question to the model costs 500 more, and is about 25 of them at most.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

from apps.catalog.definition import Definition
from apps.catalog.models import TemplateRevision

Complexity = Literal["low", "medium", "high"]


@dataclass(frozen=True, kw_only=True)
class Rate:
    seconds_each: float
    at_least: int
    steps: int


@dataclass(frozen=True, kw_only=True)
class Past:
    """A completed task of the same template: its running time and, if known, how many items it had."""

    seconds: float
    count: int | None = None


@dataclass(frozen=True, kw_only=True)
class Estimate:
    seconds: int
    steps: int
    complexity: Complexity


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a language model will read and write. `count`: how many items are counted, `known` of them need no model."""

    read: int
    write: int
    count: int
    known: int = 0

    @property
    def total(self) -> int:
        return self.read + self.write


RATES: Mapping[str, Rate] = {
    "invoices": Rate(seconds_each=1.5, at_least=300, steps=8),
    "clients": Rate(seconds_each=2.0, at_least=180, steps=6),
    "translations": Rate(seconds_each=3.0, at_least=120, steps=4),
}
DEFAULT_MESSAGES = 50
DEFAULT_LANGUAGES = 8
CHARACTERS_PER_TOKEN = 3
"""Fewer than of English text: translations are written in other scripts, too."""
USUAL_TEXT = 45
"""Characters of a text that nobody has given yet."""


def estimate(
    definition: Definition | TemplateRevision,
    parameters: Mapping[str, Any] | None = None,
    *,
    counts: Mapping[str, int] | None = None,
    history: Sequence[Past] = (),
) -> Estimate:
    """`counts` maps what the template works through (invoices, clients, translations) to how many there are."""
    schema, stages = definition.parameter_schema, definition.stages
    # A draft may hold anything here, and its page shows an estimate too.
    unit = str(schema.get("x-counts", "")) if isinstance(schema, dict) else ""
    rate = RATES.get(unit)
    count = _count(unit, parameters or {}, counts or {})
    steps = (len(stages) if isinstance(stages, list) else 0) or (rate.steps if rate else definition.estimated_steps)
    seconds = math.ceil(_from_history(history, count) or _from_rate(rate, count) or definition.estimated_seconds)
    return Estimate(seconds=seconds, steps=steps, complexity=complexity(seconds, steps, definition.memory_mb))


def tokens(schema: Any, parameters: Mapping[str, Any], *, known: int = 0) -> Tokens | None:
    """None where the schema says nothing about tokens. `known`: how many of what is counted are known already."""
    rule = schema.get("x-tokens") if isinstance(schema, dict) else None
    if not isinstance(rule, dict):
        return None
    count = _count(str(schema.get("x-counts", "")), parameters, {}) or 1
    known = min(known, count)
    each = (
        math.ceil(_text_length(parameters.get(str(rule.get("texts")))) / CHARACTERS_PER_TOKEN) if "texts" in rule else 0
    )
    read, write = (_natural(rule.get(name)) + each for name in ("read", "write"))
    asked = _questions(schema, rule, parameters, count - known) * _natural(rule.get("question"))
    return Tokens(read=(count - known) * read + asked, write=(count - known) * write, count=count, known=known)


def _questions(schema: Any, rule: Mapping[str, Any], parameters: Mapping[str, Any], count: int) -> int:
    """At least one for each language: a question is about one."""
    languages = parameters.get("languages") if schema.get("x-counts") == "translations" else [None]
    return max(
        math.ceil(count / (_natural(rule.get("batch")) or count or 1)),
        min(_length(languages, DEFAULT_LANGUAGES), count),
    )


def counted(schema: Any, parameters: Mapping[str, Any]) -> int | None:
    """How many items the parameters themselves tell of what the schema counts; None where they do not tell."""
    unit = str(schema.get("x-counts", "")) if isinstance(schema, dict) else ""
    return _count(unit, parameters, {})


def _text_length(texts: Any) -> float:
    """Of the usual text among them."""
    if not isinstance(texts, list) or not texts:
        return USUAL_TEXT
    return sum(len(str(text)) for text in texts) / len(texts)


def _natural(number: Any) -> int:
    return number if isinstance(number, int) and number > 0 else 0


def complexity(seconds: float, steps: int, memory_mb: int) -> Complexity:
    if seconds > 600 or steps > 8 or memory_mb > 1024:
        return "high"
    if seconds > 300 or steps > 5 or memory_mb > 512:
        return "medium"
    return "low"


def _count(unit: str, parameters: Mapping[str, Any], counts: Mapping[str, int]) -> int | None:
    if unit in counts:
        return counts[unit]
    if unit == "translations":
        return _length(parameters.get("messages"), DEFAULT_MESSAGES) * _length(
            parameters.get("languages"), DEFAULT_LANGUAGES
        )
    given = parameters.get(unit)
    return len(given) if isinstance(given, list) else None


def _length(value: Any, default: int) -> int:
    return len(value) if isinstance(value, list) and value else default


def _from_rate(rate: Rate | None, count: int | None) -> float | None:
    if rate is None:
        return None
    return max(rate.at_least, rate.seconds_each * (count or 0))


def _from_history(history: Sequence[Past], count: int | None) -> float | None:
    """The usual time, scaled to the count where both are known; the median, so that one stuck task does not count."""
    if not history:
        return None
    paces = [past.seconds / past.count for past in history if past.count]
    if count and paces:
        return median(paces) * count
    return median(past.seconds for past in history)
