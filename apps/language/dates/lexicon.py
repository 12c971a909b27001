"""What a language must bring: words for canonical tokens. The rules never see a word.

A code is one character, so that rules are patterns over a string of codes:

    $                 season, with the month in which it begins
    d w f k m q h y   unit: day, week, fortnight, weekend, month, quarter, half-year, year
    M n               month by name; n if the word means something else too ("may")
    W v               weekday by name; v if the word means something else too ("sun")
    Q H               quarter, half with its number        Y  year
    #  t              number, ordinal                      R  today and its neighbours
    L a T N           last, past, this, next               r  rolling
    F O J V S B A     from, to, dash, until, since, before, after
    Z C o I U c       between, and, of, in/for/during, on/at/over, comma
    b i e             beginning, middle, end               E  ended, ending
    G D u z           ago, in … time, onwards, so far / to date
    X K g l           year-to-date, fiscal, few, as of
    P p               a period, a period whose year is not known yet
    j s               a word before which or after which a number is no year: task 2024, 2024 rows
    x                 any other word
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import import_module
from typing import Any

Phrase = tuple[tuple[str, Any], ...]
LANGUAGES = {"en": "apps.language.dates.english", "de": "apps.language.dates.german"}


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """One language. `words` maps a phrase to its tokens as (code, value); a phrase may stand for several tokens."""

    words: Mapping[str, Phrase]
    fillers: frozenset[str]
    ordinal: str
    """Pattern of an ordinal in digits, with one group."""
    labels: frozenset[str]
    """Words after which a number is a name and no year: invoice 2024."""
    counted: frozenset[str]
    """Words before which a number is a count and no year: 2024 rows."""
    doubtful_first: frozenset[str] = frozenset()
    """Month names that at the beginning of a sentence are more likely another word."""
    weak_is_strong_when_capital: bool = True
    patterns: tuple[tuple[str, str], ...] = field(default=())
    """More (pattern with one group for the number, code), such as quarters and fiscal years."""

    @cached_property
    def longest(self) -> int:
        return max(len(re.findall(r"[\w']+|-", phrase)) for phrase in self.words)

    @cached_property
    def shapes(self) -> list[tuple[re.Pattern[str], str]]:
        return [(re.compile(pattern, re.IGNORECASE), code) for pattern, code in self.patterns]

    @cached_property
    def ordinal_shape(self) -> re.Pattern[str]:
        return re.compile(self.ordinal, re.IGNORECASE)


@lru_cache
def lexicon(locale: str) -> Lexicon:
    """The lexicon of the locale's language; English where there is none."""
    language = locale.replace("_", "-").split("-")[0].lower()
    lexicon: Lexicon = import_module(LANGUAGES.get(language, LANGUAGES["en"])).LEXICON
    return lexicon
