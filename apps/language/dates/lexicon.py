"""What a language must bring: words for canonical tokens. The rules never see a word.

A code is one character, so that rules are patterns over a string of codes:

    $                 season, with the month in which it begins
    d w f k m q h y   unit: day, week, fortnight, weekend, month, quarter, half-year, year
    5                 working day, from Monday to Friday
    M n               month by name; n if the word means something else too ("may")
    W v               weekday by name; v if the word means something else too ("sun")
    Q H               quarter, half with its number        Y  year
    #  t              number, ordinal                      R  today and its neighbours
    L a T N           last, past, this, next               r  rolling
    F O J V S B A     from, to, dash, until, since, before, after
    =                 compare
    Z C o I U c       between, and, of, in/for/during, on/at/over, comma
    b i e             beginning, middle, end               E  ended, ending
    G D u z           ago, in … time, onwards, so far / to date
    X K g l           year-to-date, fiscal, few, as of
    P p               a period, a period whose year is not known yet
    j s               a word before which or after which a number is no year: task 2024, 2024 rows
    @                 a time of day
    %                 hour or minute, with how many minutes it has
    ~                 part of a day: morning, noon, afternoon, evening, night
    x                 any other word
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from importlib import import_module
from typing import Any

Phrase = tuple[tuple[str, Any], ...]
LANGUAGES = {
    "en": "apps.language.dates.english",
    "de": "apps.language.dates.german",
    "ru": "apps.language.dates.russian",
    "es": "apps.language.dates.spanish",
    "fr": "apps.language.dates.french",
}
MINUTES = {"hour": 60, "h": 60, "minute": 1}
SHORTEST_GUEST = 4
"""Shorter words of another language than the message's are too often something else."""
SHORTEST_STRONG_GUEST = 6


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """One language. `words` maps a phrase to its tokens as (code, value); a phrase may stand for several tokens."""

    words: Mapping[str, Phrase]
    fillers: frozenset[str]
    ordinal: str
    """Pattern of an ordinal in digits, with one group; merged lexicons know those of all languages."""
    labels: frozenset[str]
    """Words after which a number is a name and no year: invoice 2024."""
    counted: frozenset[str]
    """Words before which a number is a count and no year: 2024 rows."""
    doubtful_first: frozenset[str] = frozenset()
    """Month names that at the beginning of a sentence are more likely another word."""
    weak_is_strong_when_capital: bool = True
    has_capital_months: bool = True
    """False where months and weekdays are written small, so that a capital makes one a name beside another name."""
    patterns: tuple[tuple[str, str], ...] = field(default=())
    """More (pattern with one group for the number, code), such as quarters and fiscal years."""
    weak: frozenset[str] = frozenset()
    """Names of months and weekdays that mean something else too; `spread` leaves them strong."""
    common: frozenset[str] = frozenset()
    """Other frequent words: they tell which language a message is in."""
    after_year: frozenset[str] = frozenset()
    """Words that may follow a year and add nothing."""
    given_names: frozenset[str] = frozenset()
    """Months and weekdays that are people's names before another word with a capital."""
    outlook: frozenset[str] = frozenset()
    """Words that say that a month without a year is one to come."""
    titles: frozenset[str] = frozenset()
    """Words before a person's name."""
    weak_guests: frozenset[str] = frozenset()
    """Weak words of other languages: a capital makes no month of "Mars" in English."""
    also_numbers: Mapping[str, int] = field(default_factory=dict)
    """Months that are numbers too, unless a number stands beside them or a dot behind: French sept."""
    foreign: tuple[str, ...] = ()
    """Shapes that are a period in another language: no year is read beside them."""
    elisions: tuple[str, ...] = ()
    """What may stand before an apostrophe as a word of its own."""

    @cached_property
    def reach(self) -> dict[str, int]:
        """How many pieces the longest phrase has that begins with this one: most words begin none."""
        longest: dict[str, int] = {}
        for phrase in self.words:
            pieces = re.findall(r"\w+|[-']", phrase)
            if pieces:
                longest[pieces[0]] = max(longest.get(pieces[0], 0), len(pieces))
        return longest

    @cached_property
    def shapes(self) -> list[tuple[re.Pattern[str], str]]:
        return [(re.compile(pattern, re.IGNORECASE), code) for pattern, code in self.patterns]

    @cached_property
    def foreign_shape(self) -> re.Pattern[str]:
        return re.compile("|".join(self.foreign) or "(?!)", re.IGNORECASE)

    @cached_property
    def ordinal_shape(self) -> re.Pattern[str]:
        return re.compile(self.ordinal, re.IGNORECASE)


def split(words: str) -> list[str]:
    """Tables are written as lines of words."""
    return words.split()


def spread(
    phrases: Mapping[str, Iterable[tuple[str, Any]]],
    single: Mapping[str, str],
    *,
    months: Iterable[str],
    weekdays: Iterable[str],
    numbers: Iterable[str],
    seasons: Mapping[str, int],
    ordinals: Iterable[str] = (),
) -> dict[str, Phrase]:
    """Tables of words, one entry a word. Later ones win: phrases over single words."""
    words: dict[str, Phrase] = {}
    for code, table in (("#", numbers), ("t", ordinals), ("M", months), ("W", weekdays)):
        for number, names in enumerate(table, 1):
            words.update(dict.fromkeys(names.split(), ((code, number),)))
    words.update({name: (("$", month),) for name, month in seasons.items()})
    for code, listed in single.items():
        words.update(dict.fromkeys(listed.split(), ((code, None),)))
    words.update({phrase: tuple(tokens) for phrase, tokens in phrases.items()})
    return words


def daily(units: Mapping[str, str], parts: Mapping[str, str]) -> dict[str, Phrase]:
    """Words for hours and minutes, and for parts of a day (several words are joined by a low line)."""
    words: dict[str, Phrase] = {}
    for name, listed in units.items():
        words.update(dict.fromkeys(listed.split(), (("%", MINUTES[name]),)))
    for name, listed in parts.items():
        words.update(dict.fromkeys(listed.replace("_", "\0").split(), (("~", name),)))
    return {phrase.replace("\0", " "): tokens for phrase, tokens in words.items()}


def behind(
    units: Mapping[str, str],
    months: Iterable[str],
    weekdays: Iterable[str],
    adjectives: Iterable[str],
    code: str,
) -> dict[str, Phrase]:
    """Where "last" stands behind its noun: "mes pasado" becomes the same tokens as "last month"."""
    nouns: list[tuple[str, tuple[str, Any]]] = [
        (name, (unit, None)) for unit, names in units.items() for name in names.split("," if "," in names else None)
    ]
    for noun, table in (("M", months), ("W", weekdays)):
        nouns += [(name, (noun, number)) for number, names in enumerate(table, 1) for name in names.split()]
    return {f"{name} {adjective}": ((code, None), token) for name, token in nouns for adjective in adjectives}


_WORD = re.compile(r"(?<!\w)[^\W\d_]+(?!\w)")


def lexicon(text: str, locale: str) -> Lexicon:
    """The words of the language that the text is in, and as guests those of the others."""
    return merged(language_of(text, locale))


def language_of(text: str, locale: str) -> str:
    """The language that knows most words of the text; of equals the locale's, and English where there are no tables.

    Words that mean something else too ("mars") tell nothing, but for the locale's own language.
    """
    own = locale.replace("_", "-").split("-")[0].lower()
    own = own if own in LANGUAGES else "en"
    pieces = [piece.casefold() for piece in _WORD.findall(text)]
    scores = {language: sum(piece in known(language) for piece in pieces) for language in LANGUAGES}
    scores[own] += sum(piece in weak_words(own) for piece in pieces)
    return max(LANGUAGES, key=lambda language: (scores[language], language == own))


@lru_cache
def known(language: str) -> frozenset[str]:
    """All words of the language that the tables hold and that tell it."""
    alone = load(language)
    words = {piece for phrase in alone.words for piece in _WORD.findall(phrase)}
    listed = alone.fillers | alone.common | alone.labels | alone.counted | set(alone.elisions)
    return frozenset((words - weak_words(language)) | listed)


@lru_cache
def weak_words(language: str) -> frozenset[str]:
    words = load(language).words.items()
    return frozenset(phrase for phrase, tokens in words if any(code in "nv" for code, _ in tokens))


@lru_cache
def load(language: str) -> Lexicon:
    found: Lexicon = import_module(LANGUAGES[language]).LEXICON
    weakened = {"M": "n", "W": "v"}
    weak = {word: tuple((weakened.get(code, code), value) for code, value in found.words[word]) for word in found.weak}
    words = {phrase.casefold(): tokens for phrase, tokens in {**found.words, **weak}.items()}
    return replace(
        found,
        words=words,
        fillers=frozenset(map(str.casefold, found.fillers)),
        common=frozenset(map(str.casefold, found.common)),
        labels=frozenset(map(str.casefold, found.labels)),
        counted=frozenset(map(str.casefold, found.counted)),
    )


@lru_cache
def merged(language: str) -> Lexicon:
    """One language with the longer words of the others, where it has no such words itself."""
    host = load(language)
    taken = known(language) | weak_words(language)
    words = dict(host.words)
    for other in LANGUAGES:
        for phrase, tokens in load(other).words.items():
            is_long = max(map(len, _WORD.findall(phrase)), default=0) >= SHORTEST_GUEST
            if phrase not in words and is_long and not any(piece in taken for piece in _WORD.findall(phrase)):
                words[phrase] = tokens if len(phrase) >= SHORTEST_STRONG_GUEST else _weakened(tokens)
    others = [load(other) for other in LANGUAGES if other != language]
    guests = {phrase for phrase in words.keys() - host.words.keys() if any(code in "nv" for code, _ in words[phrase])}
    return replace(
        host,
        words=words,
        labels=host.labels.union(*(other.labels for other in others)),
        counted=host.counted.union(*(other.counted for other in others)),
        given_names=host.given_names.union(*(other.given_names for other in others)),
        titles=host.titles.union(*(other.titles for other in others)),
        outlook=host.outlook.union(*(other.outlook for other in others)),
        ordinal="|".join(dict.fromkeys([host.ordinal, *(other.ordinal for other in others)])),
        weak_guests=frozenset(guests),
        foreign=tuple({pattern for other in others for pattern, _ in other.patterns} - {"q(\\d)"}),
        after_year=host.after_year or load("ru").after_year - host.words.keys(),
    )


def _weakened(tokens: Phrase) -> Phrase:
    return tuple(({"M": "n", "W": "v"}.get(code, code), value) for code, value in tokens)
