"""Which language is spoken, and its table of sentences. English until somebody says otherwise."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

LANGUAGES = {
    "en": "apps.language.wording.english",
    "de": "apps.language.wording.german",
    "ru": "apps.language.wording.russian",
    "es": "apps.language.wording.spanish",
    "fr": "apps.language.wording.french",
}


@dataclass(frozen=True, kw_only=True)
class Table:
    """A language. `sentences` hold the same names and the same placeholders in all of them.

    `months` stand as they do behind a day. `forms` are nouns for one and for many (Russian: one, few, many).
    """

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    day: str
    first_day: str
    decimal: str
    thousands: str
    units: Mapping[str, str]
    forms: Mapping[str, tuple[str, ...]]
    sentences: Mapping[str, str]


_language: ContextVar[str] = ContextVar("language", default="en")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """All sentences are in this language inside; English where there is no table."""
    token = _language.set(language if language in LANGUAGES else "en")
    try:
        yield
    finally:
        _language.reset(token)


def spoken() -> str:
    return _language.get()


@lru_cache
def table_of(language: str) -> Table:
    found: Table = import_module(LANGUAGES[language]).TABLE
    return found


def table() -> Table:
    return table_of(spoken())


def say(name: str, /, **values: Any) -> str:
    return table().sentences[name].format(**values)


def counted(number: int, noun: str) -> str:
    """`3 tasks`."""
    return f"{shown_number(number)} {_form(number, table().forms[noun])}"


def _form(number: int, forms: tuple[str, ...]) -> str:
    if len(forms) == 2:
        return forms[number != 1]
    if number % 10 == 1 and number % 100 != 11:
        return forms[0]
    return forms[1] if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14) else forms[2]


def shown_number(number: float) -> str:
    """As the language groups and points it."""
    text = f"{number:,}" if isinstance(number, int) else f"{number:,.10f}".rstrip("0").rstrip(".")
    marks = {",": table().thousands, ".": table().decimal}
    return "".join(marks.get(char, char) for char in text)
