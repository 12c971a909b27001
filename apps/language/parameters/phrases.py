"""What reading values needs of a language."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module

LANGUAGES = {"en": "apps.language.parameters.english"}


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
    no_plural: str
    """An ending to ignore when two nouns are compared."""
    numbers: Mapping[str, int]
    """Numbers in letters, before the noun they count."""
    multiples: Mapping[str, int]
    """Words that hold number and noun: "twice" is two times."""
    times: frozenset[str]
    """Names of a parameter that such a word is for."""
    rates: str
    """Pattern of what follows a number of times that is a rate or a comparison: "a day", "as many"."""


@lru_cache
def phrases(locale: str) -> Phrases:
    """Those of the locale's language; English where there are none."""
    language = locale.replace("_", "-").split("-")[0].lower()
    found: Phrases = import_module(LANGUAGES.get(language, LANGUAGES["en"])).PHRASES
    return found
