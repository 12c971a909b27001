"""Values laid over a request that stands: "no, 2023", "not Acme, Beta", "the same for March", "only overdue ones, as CSV".

The words are tried on every place of the schema. One place takes them: it is changed. Two could: it is asked which.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from apps.language import dates, pasted
from apps.language.contract import Interpretation, Message, TemplateCard
from apps.language.conversation import hearing, naming
from apps.language.conversation.cards import slots
from apps.language.conversation.contract import World
from apps.language.conversation.places import is_free_text, merged, put_at, schema_at, value_at
from apps.language.conversation.settling import read_at, with_answer
from apps.language.dates import Period
from apps.language.filling import context
from apps.language.parameters.fields import Pair, fields, pairs

YEAR = re.compile(r"(?:\D{0,12}\s)?((?:19|20)\d\d)\D{0,3}")
LITERAL = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,10})?")


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """`found` with what was said; or the places that the words could be for. `left` are words that found no place."""

    found: Interpretation | None = None
    which: Sequence[tuple[str, str]] = ()
    words: str = ""
    left: str = ""


@dataclass(frozen=True, kw_only=True)
class Place:
    path: str
    title: str
    read: Interpretation
    words: str


def overlaid(
    said: Message, card: TemplateCard, found: Interpretation, words: str, world: World, *, old: str = "", free: bool
) -> Overlay:
    """`old` names what is to be replaced. `free`: what nothing else takes may be a name or a text."""
    places = [place for path, title in slots(card.parameter_schema) if (place := _read(said, card, path, title, words))]
    if old and (named := _holding(found, card, old)):
        return _one_of(said, card, found, named, words, world)
    literal = [(place.path, place.title) for place in places if LITERAL.fullmatch(words)]
    if len(literal) > 1:
        return Overlay(which=literal, words=words)
    if clashing := _clashing(places):
        return Overlay(which=clashing, words=words)
    result = found
    for place in places:
        result = _put(said, card, result, place)
    left = hearing.unplaced(words, [place.words for place in places])
    if left and free:
        texts = _texts(card, found, is_alone=not places)
        if len(texts) == 1:
            return _named(said, card, result, texts[0], left, world)
        if texts and not places:
            return Overlay(which=texts, words=left)
    return Overlay(found=result if places else None, words=words, left=left)


def given(
    said: Message, card: TemplateCard, found: Interpretation, path: str, words: str, world: World
) -> Interpretation | None:
    """With the words at this place; None where it cannot hold them."""
    title = dict(slots(card.parameter_schema)).get(path, path)
    schema = schema_at(card.parameter_schema, path)
    if pasted.takes(schema) and (lines := pasted.lines(words)):
        return with_answer(found, path, put_at(path, lines), lines[0])
    if is_free_text(schema):
        return _named(said, card, found, (path, title), words, world).found
    place = _read(said, card, path, title, words)
    return _put(said, card, found, place) if place else None


def _read(said: Message, card: TemplateCard, path: str, title: str, words: str) -> Place | None:
    """The words as a value for this place, where they are one.

    Free text and lines take nothing here: they would take anything.
    """
    schema = schema_at(card.parameter_schema, path)
    if (
        is_free_text(schema)
        or pasted.takes(schema)
        or (schema.get("type") == "boolean" and hearing.truth(words) is not None)
    ):
        return None
    read = read_at(said, card, path, words)
    if read is None:
        return None
    pieces = dict.fromkeys(each for name, each in read.sources.items() if name == path or name.startswith(path))
    taken = " … ".join(pieces) or next(iter(read.sources.values()), words)
    if not pieces and not read.questions and value_at(read.parameters, path) is None:
        return None
    return Place(path=path, title=title, read=read, words=taken)


def _clashing(places: Sequence[Place]) -> list[tuple[str, str]]:
    """Places that took the same words."""
    for place in places:
        alike = [other for other in places if other.words.casefold() == place.words.casefold()]
        if len(alike) > 1:
            return [(each.path, each.title) for each in alike]
    return []


def _put(said: Message, card: TemplateCard, found: Interpretation, place: Place) -> Interpretation:
    read = place.read
    couple = next(
        (each for each in pairs(fields(card.parameter_schema)) if place.path in (each.path, each.start.path)), None
    )
    if couple is not None and (values := _merged(said, found, couple, place.words)):
        return with_answer(found, place.path, values, place.words)
    return with_answer(found, place.path, read.parameters, place.words, read.ambiguities, read.questions)


# Dates that say only a part ------------------------------------------------------------------------------------------


def _merged(said: Message, found: Interpretation, couple: Pair, words: str) -> dict[str, Any]:
    """A year alone moves the period that stands to that year; a month alone stays in its year."""
    kept = _kept(found.parameters, couple)
    readings = dates.find(words, context(said))
    if kept is None or len(readings) != 1 or readings[0].period is None:
        return {}
    read, period = readings[0], readings[0].period
    if (year := YEAR.fullmatch(words)) and period.grain == "y":
        moved = _shifted(kept, int(year[1]) - kept.first.year) if _is_part_of_a_year(kept) else None
    elif any(note.kind == "year_assumed" for note in read.notes) and period.start is not None:
        moved = _shifted(period, kept.first.year - period.start.year) if kept.first.year == kept.last.year else None
        moved = None if moved is not None and moved.first > said.today and period.start <= said.today else moved
    else:
        moved = None
    if moved is None or couple.start.is_moment:
        return {}
    start, end = put_at(couple.start.path, moved.first.isoformat()), put_at(couple.end.path, moved.last.isoformat())
    return merged(start, end)


def _shifted(period: Period, years: int) -> Period | None:
    """By its exclusive end, so that February keeps its last day; None where that year has no such days."""
    try:
        start, end = (day.replace(year=day.year + years) for day in (period.first, period.end))
    except ValueError:
        return None
    return Period(start=start, end=end, grain=period.grain)


def _kept(parameters: Mapping[str, Any], couple: Pair) -> Period | None:
    try:
        start = date.fromisoformat(str(value_at(parameters, couple.start.path)))
        end = date.fromisoformat(str(value_at(parameters, couple.end.path)))
    except ValueError:
        return None
    return Period(start=start, end=end + timedelta(days=1), grain="r")


def _is_part_of_a_year(kept: Period) -> bool:
    whole = kept.first.month == kept.first.day == 1 and (kept.last.month, kept.last.day) == (12, 31)
    return kept.first.year == kept.last.year and not whole


# Names and texts ---------------------------------------------------------------------------------------------------


def _texts(card: TemplateCard, found: Interpretation, *, is_alone: bool) -> list[tuple[str, str]]:
    """Places for free text: those that look names up before others, and those that hold something before empty ones."""
    texts = [each for each in slots(card.parameter_schema) if is_free_text(schema_at(card.parameter_schema, each[0]))]
    looked_up = [each for each in texts if schema_at(card.parameter_schema, each[0]).get("x-lookup")]
    filled = [each for each in texts if value_at(found.parameters, each[0])] if is_alone else []
    return looked_up or filled or texts


def _named(
    said: Message, card: TemplateCard, found: Interpretation, place: tuple[str, str], words: str, world: World
) -> Overlay:
    """A text as it is; a name as what it may stand for."""
    path, _ = place
    choices = naming.looked_up(card, path, words, world)
    if choices is None:
        return Overlay(found=with_answer(found, path, put_at(path, words), words), words=words)
    if not choices:
        return Overlay(words=words, left=words)
    if len(choices) == 1:
        return Overlay(found=with_answer(found, path, put_at(path, choices[0].value), words), words=words)
    return Overlay(found=replace(found, questions=(*found.questions, naming.which(path, words, choices))), words=words)


# What was named to be replaced ----------------------------------------------------------------------------------------


def _holding(found: Interpretation, card: TemplateCard, old: str) -> list[tuple[str, str]]:
    """The places whose value, or the words for it, hold what was named."""
    wanted = old.casefold()
    held = []
    for path, title in slots(card.parameter_schema):
        sources = [words for name, words in found.sources.items() if name == path or name.startswith(f"{path}.")]
        if any(wanted in str(each).casefold() for each in (*sources, value_at(found.parameters, path) or "")):
            held.append((path, title))
    return held


def _one_of(
    said: Message,
    card: TemplateCard,
    found: Interpretation,
    named: Sequence[tuple[str, str]],
    words: str,
    world: World,
) -> Overlay:
    if len(named) > 1:
        return Overlay(which=named, words=words)
    changed = given(said, card, found, named[0][0], words, world)
    return Overlay(found=changed, words=words, left="" if changed else words)
