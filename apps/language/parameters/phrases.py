"""What reading values needs of a language."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from importlib import import_module
from typing import Any

from apps.language.dates import language_of

LANGUAGES = {
    "en": "apps.language.parameters.english",
    "de": "apps.language.parameters.german",
    "ru": "apps.language.parameters.russian",
    "es": "apps.language.parameters.spanish",
    "fr": "apps.language.parameters.french",
}
SHORTEST_GUEST = 4


@dataclass(frozen=True, kw_only=True)
class Phrases:
    without: tuple[str, ...]
    including: tuple[str, ...]
    adding: tuple[str, ...]
    """Before a choice: it comes on top of the default. Compare "only", which replaces it."""
    only: tuple[str, ...]
    every: tuple[str, ...]
    joining: tuple[str, ...]
    is_: tuple[str, ...]
    """What may stand between a parameter's name and its value."""
    ranking: tuple[str, ...]
    """What may stand between a number and what it counts: 15 largest clients."""
    no_plural: str
    """An ending to ignore when two nouns are compared."""
    numbers: Mapping[str, float]
    """Numbers in letters that add up; halves that stand before a group ("half a" million) too."""
    multiples: Mapping[str, int]
    """Words that hold number and noun: "twice" is two times."""
    times: frozenset[str]
    """Names of a parameter that such a word is for."""
    rates: str
    """Pattern of what follows a number of times that is a rate or a comparison: "a day", "as many"."""
    decimal: str = "."
    """What stands before the fraction of a number; the other of "." and "," groups thousands."""
    scales: Mapping[str, int] = field(default_factory=dict)
    """Words and letters behind a number that multiply it."""
    percent: tuple[str, ...] = ("%",)
    units: Mapping[str, str] = field(default_factory=dict)
    """Units of time: the word and the letter of ISO 8601 (T before hours, minutes and seconds)."""
    currencies: Mapping[str, str] = field(default_factory=dict)
    """Names of currencies and their codes."""
    hundreds: Mapping[str, int] = field(default_factory=dict)
    """Words that multiply the number before them."""
    dozens: Mapping[str, int] = field(default_factory=dict)
    halves: Mapping[str, float] = field(default_factory=dict)
    """What adds a half to the number before it."""
    leaving: Mapping[str, str] = field(default_factory=dict)
    """What stands behind a name, and the pattern before it, to leave it out: "leave the details out"."""
    narrowing: frozenset[str] = frozenset()
    """Words before what a request is narrowed to: a place, a person, a time."""
    markers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What this language says in place of the English words of `x-after`."""


@lru_cache
def table(language: str) -> Phrases:
    found: Phrases = import_module(LANGUAGES[language]).PHRASES
    return found


def phrases(text: str, locale: str) -> Phrases:
    """Those of the language that the text is in, and as guests the longer words of the others."""
    return merged(language_of(text, locale))


@lru_cache
def merged(language: str) -> Phrases:
    host = table(language)
    changes: dict[str, Any] = {}
    for each in fields(Phrases):
        own = getattr(host, each.name)
        others = [getattr(table(other), each.name) for other in LANGUAGES if other != language]
        if isinstance(own, tuple):
            changes[each.name] = own + tuple(word for words in others for word in words if _is_guest(word, own))
        elif isinstance(own, Mapping):
            guests = {word: value for words in others for word, value in words.items() if _is_guest(word, own)}
            changes[each.name] = {**guests, **own}
    return replace(host, **changes)


def _is_guest(word: str, own: object) -> bool:
    is_foreign_script = not word.isascii() and word.isalpha()
    return (len(word) >= SHORTEST_GUEST or is_foreign_script) and isinstance(own, (tuple, Mapping)) and word not in own
