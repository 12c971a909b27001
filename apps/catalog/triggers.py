"""What makes a sentence mean this template: {patterns, keywords, contexts, examples}, each a list of texts."""

from collections.abc import Iterator
from typing import Any

from apps.catalog.definition import Problem
from apps.core import regex

LISTS = ("patterns", "keywords", "contexts", "examples")
MAX_ITEMS = 200
MAX_LENGTH = 1_000


def check(triggers: Any) -> Iterator[Problem]:
    if not isinstance(triggers, dict):
        yield _problem("", f"Give an object with {', '.join(LISTS)}.")
        return
    for name in triggers:
        if name not in LISTS:
            yield _problem(f".{str(name)[:40]}", f"There is no such list. There are {', '.join(LISTS)}.")
    for name in LISTS:
        yield from _check_list(name, triggers.get(name, []))


def _check_list(name: str, items: Any) -> Iterator[Problem]:
    if not isinstance(items, list) or len(items) > MAX_ITEMS:
        yield _problem(f".{name}", f"Give a list of up to {MAX_ITEMS} texts.")
        return
    for number, item in enumerate(items):
        place = f".{name}.{number}"
        if not isinstance(item, str) or not item.strip() or len(item) > MAX_LENGTH:
            yield _problem(place, f"Give a text of up to {MAX_LENGTH:,} characters, not an empty one.")
        elif name == "patterns" and (said := regex.problem(item)):
            yield _problem(place, said)


def _problem(path: str, message: str) -> Problem:
    return Problem(place=f"triggers{path}", message=message, code="triggers")
