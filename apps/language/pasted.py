"""Lines that stand below a sentence, or behind its colon: values of one parameter, and no words of the request.

A parameter that takes them says so with `"x-lines": true` (a list of texts). Nothing in these lines chooses a template,
gives an order, or is read as the value of anything else: they are data, whatever they say.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from apps.language.contract import TemplateCard
from apps.language.parameters.fields import Field, fields

LEAD = 3
"""A sentence has so many lines at most: "Hello,", then what is wanted with a colon at its end."""
_BEHIND_COLON = re.compile(r"\s?:\s+(?=\S)")
_BULLET = re.compile(r"(?:[-*•–]|\d{1,3}[.)])\s+")


def place(schema: Mapping[str, Any]) -> Field | None:
    """The parameter that takes lines."""
    return next((each for each in fields(schema) if takes(each.schema)), None)


def takes(schema: Mapping[str, Any]) -> bool:
    return schema.get("x-lines") is True and schema.get("type") == "array"


def parted(text: str, schema: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The sentence (the beginning of the text), and the lines below it; none where the template takes no lines."""
    if place(schema) is None:
        return text, []
    head = _head(text, schema)
    return (head, lines(text[len(head) :])) if head else (text, [])


def may_be(text: str, cards: Sequence[TemplateCard]) -> list[tuple[str, TemplateCard]]:
    """The sentence of the text for each template that would take the rest as lines."""
    found = [(parted(text, card.parameter_schema), card) for card in cards]
    return [(head, card) for (head, below), card in found if below]


def opening(text: str) -> str:
    """The sentence of a text of several lines, whichever template it is for."""
    rows = text.strip().splitlines()
    ends = [number for number, row in enumerate(rows[:LEAD]) if row.rstrip().endswith(":")]
    return "\n".join(rows[: (ends[0] if ends else 0) + 1])


def lines(text: str) -> list[str]:
    """Without blank ones, and without the marks of a list where each has one. A tab at an end tells of an empty cell."""
    found = [line.strip(" \u00a0") for line in text.lstrip(" :").splitlines() if line.strip()]
    if len(found) > 1 and all(_BULLET.match(line) for line in found):
        return [line[match.end() :] for line in found if (match := _BULLET.match(line))]
    return found


def _head(text: str, schema: Mapping[str, Any]) -> str:
    rows = text.strip().splitlines()
    begin = len(text) - len(text.lstrip())
    if len(rows) > 1:
        ends = [number for number, row in enumerate(rows[:LEAD]) if row.rstrip().endswith(":")]
        last = rows[ends[0] if ends else 0]
        return text[: text.index(last, begin) + len(last)]
    for colon in _BEHIND_COLON.finditer(text):
        if not _names_parameter(text[: colon.start()], schema):
            return text[: colon.start()]
    return ""


def _names_parameter(before: str, schema: Mapping[str, Any]) -> bool:
    """ "Tone: formal" gives a value, and begins no lines."""
    last = before.split()[-1:] or [""]
    known = {
        each
        for one in fields(schema)
        for each in (one.title, one.name, *one.words, *one.names)
        if not takes(one.schema)
    }
    return last[0].casefold() in {name.casefold() for name in known}
