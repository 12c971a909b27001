"""From text to the words that tell templates apart."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module

from rapidfuzz.distance import OSA

LANGUAGES = {"en": "apps.language.matching.english"}
MAX_TEXT = 2000
SLIP = 0.75
_WORD = re.compile(r"\w+(?:'\w+)?")


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What matching needs of a language."""

    empty: frozenset[str]
    same: Mapping[str, str]
    undoing: frozenset[str]
    not_an_order: tuple[str, ...]
    a_request: str
    background: tuple[str, ...]
    endings: tuple[tuple[str, str], ...]
    """(ending, what replaces it): the first that fits is taken off."""
    unchanged: tuple[str, ...]
    """Endings that only look like those."""

    def words(self, text: str, known: frozenset[str] = frozenset()) -> list[str]:
        """The words that carry meaning, in one form each; slips of the hand become the `known` word that was meant."""
        plain = unicodedata.normalize("NFKC", text[:MAX_TEXT]).casefold().replace("’", "'")
        found = _WORD.findall(plain)
        if known:
            # Words that need no form of their own stand for themselves here.
            right = known | self.empty | self.same.keys()
            found = [word if self.form(word) in right else _corrected(word, right) for word in found]
        return [self.form(word) for word in found if word not in self.empty]

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

    def is_order(self, text: str) -> bool:
        """False for questions about how things are done, and for what is forbidden."""
        return not any(re.search(pattern, self._plain(text)) for pattern in self.not_an_order)

    def is_request(self, text: str) -> bool:
        """True for sentences that begin as wishes do."""
        return re.search(self.a_request, self._plain(text)) is not None

    def _plain(self, text: str) -> str:
        return text[:MAX_TEXT].casefold().replace("’", "'").strip()


@lru_cache
def vocabulary(locale: str) -> Vocabulary:
    """The vocabulary of the locale's language; English where there is none."""
    language = locale.replace("_", "-").split("-")[0].lower()
    found: Vocabulary = import_module(LANGUAGES.get(language, LANGUAGES["en"])).VOCABULARY
    return found


def _corrected(word: str, known: frozenset[str]) -> str:
    """An unknown word of at least five letters becomes the known one that is a slip or two away."""
    if word in known or len(word) < 5 or not word.isalpha():
        return word
    near = [each for each in known if abs(len(each) - len(word)) <= 2 and each[:1] == word[:1] and len(each) >= 5]
    scored = sorted(((OSA.normalized_similarity(word, each), each) for each in near), reverse=True)
    return scored[0][1] if scored and scored[0][0] >= SLIP else word
