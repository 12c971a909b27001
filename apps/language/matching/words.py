"""From text to the words that tell templates apart."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module

LANGUAGES = {"en": "apps.language.matching.english"}
MAX_TEXT = 2000
_WORD = re.compile(r"\w+(?:'\w+)?")


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What matching needs of a language."""

    empty: frozenset[str]
    same: Mapping[str, str]
    endings: tuple[tuple[str, str], ...]
    """(ending, what replaces it): the first that fits is taken off."""
    unchanged: tuple[str, ...]
    """Endings that only look like those."""

    def words(self, text: str) -> list[str]:
        """The words that carry meaning, in one form each."""
        plain = unicodedata.normalize("NFKC", text[:MAX_TEXT]).casefold().replace("’", "'")
        return [self.form(word) for word in _WORD.findall(plain) if word not in self.empty]

    def form(self, word: str) -> str:
        stem = self._stem(word.removesuffix("'s"))
        return self.same.get(word) or self.same.get(stem, stem)

    def _stem(self, word: str) -> str:
        if len(word) < 4 or word.endswith(self.unchanged):
            return word
        for ending, instead in self.endings:
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                return word.removesuffix(ending) + instead
        return word


@lru_cache
def vocabulary(locale: str) -> Vocabulary:
    """The vocabulary of the locale's language; English where there is none."""
    language = locale.replace("_", "-").split("-")[0].lower()
    found: Vocabulary = import_module(LANGUAGES.get(language, LANGUAGES["en"])).VOCABULARY
    return found
