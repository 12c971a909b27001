"""What the chat says about what it did, in the person's language: one table each, with the same sentences in all.

`say("paused", "de", task=12)`. What a script or a person wrote, and rare reasons, stay as they are.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

LANGUAGES = ("en", "de", "ru", "es", "fr")


def say(sentence: str, locale: str, **values: Any) -> str:
    """Raises KeyError for a sentence that is in no table: a test knows them all."""
    return table(language(locale))[sentence].format_map(values)


def language(locale: str) -> str:
    """The language of a locale that there is a table for; English for others."""
    short = locale.replace("_", "-").split("-")[0].lower()
    return short if short in LANGUAGES else "en"


@cache
def table(short: str) -> Mapping[str, str]:
    found: Mapping[str, str] = import_module(f"apps.chat.wording.{short}").SENTENCES
    return found
