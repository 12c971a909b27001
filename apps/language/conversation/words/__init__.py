"""What people say in a conversation, one table a language."""

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module

LANGUAGES = {
    "en": "apps.language.conversation.words.english",
    "de": "apps.language.conversation.words.german",
    "ru": "apps.language.conversation.words.russian",
    "es": "apps.language.conversation.words.spanish",
    "fr": "apps.language.conversation.words.french",
}


@dataclass(frozen=True, kw_only=True)
class Words:
    """Whole answers first; then patterns of what stands in sentences. All are compared without regard to capitals."""

    yes: tuple[str, ...]
    no: tuple[str, ...]
    start: tuple[str, ...]
    forget: tuple[str, ...]
    change: tuple[str, ...]
    none: tuple[str, ...]
    more: tuple[str, ...]
    hello: tuple[str, ...]
    thanks: tuple[str, ...]
    who: tuple[str, ...]
    """Who it is that answers."""
    please: tuple[str, ...]
    """What may stand between two of the others, and means nothing."""
    both: tuple[str, ...]
    """All that a question offers, together."""
    reason: tuple[str, ...]
    """Why a message was understood as it was. Why a task does not run is a command and said otherwise."""
    denial: str
    """Before a correction: "no, …", "I meant …"."""
    instead: tuple[str, ...]
    """Whole corrections with the groups `old` and `new`: "not Acme, Beta"."""
    same: str
    """What says that the last request is meant again: "the same for March"."""
    also: str
    """What may begin a request that goes on from the last: "and for Northwind"."""
    then: str
    """What stands between two requests of one message."""
    both_of: str
    """The plain "and": it stands between two requests where each is clear by itself, and in lists and periods too."""
    fillers: frozenset[str]
    """Words of corrections and follow-ups that name no value."""
    rule: str
    """Words that say when something is to be repeated."""


@lru_cache
def table(language: str) -> Words:
    found: Words = import_module(LANGUAGES[language]).WORDS
    return found
