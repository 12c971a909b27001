"""What reading values needs of a language."""

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module

LANGUAGES = {"en": "apps.language.parameters.english"}


@dataclass(frozen=True, kw_only=True)
class Phrases:
    without: tuple[str, ...]
    including: tuple[str, ...]
    every: tuple[str, ...]
    joining: tuple[str, ...]
    is_: tuple[str, ...]
    """What may stand between a parameter's name and its value."""
    no_plural: str
    """An ending to ignore when two nouns are compared."""


@lru_cache
def phrases(locale: str) -> Phrases:
    """Those of the locale's language; English where there are none."""
    language = locale.replace("_", "-").split("-")[0].lower()
    found: Phrases = import_module(LANGUAGES.get(language, LANGUAGES["en"])).PHRASES
    return found
