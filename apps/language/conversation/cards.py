"""A request as a card: the values in the schema's order, where each is from, what it takes."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from apps.language import wording
from apps.language.contract import Interpretation, TemplateCard
from apps.language.conversation import coming
from apps.language.conversation.contract import Card, Row, World
from apps.language.conversation.places import value_at
from apps.language.conversation.state import Request
from apps.language.parameters.fields import Field, Pair, fields, pairs
from apps.language.wording import say

LAST = "\x00last"
CHOSEN = "\x00chosen"
"""In place of words: a value of the request before, or one that was clicked."""
BETWEEN = "\x1f"


def card(request: Request, template: TemplateCard, world: World) -> Card:
    found = request.found
    rows = [Row(label=say("row.when"), value=request.rule)] if request.rule else []
    rows += values(found, template)
    rows += _takes(template, found.parameters, world)
    if found.confidence and not request.rule:
        percent = say("percent", number=wording.shown_number(round(found.confidence * 100)))
        rows.append(Row(label=say("row.sure"), value=percent))
    heading = say(_heading(request), name=template.name)
    return Card(title=template.name, heading=heading, rows=tuple(rows), notes=tuple(_notes(request, template)))


def _heading(request: Request) -> str:
    is_again = LAST in request.found.sources.values()
    return "card.schedule" if request.rule else "card.again" if is_again else "card.understood"


def values(found: Interpretation, template: TemplateCard) -> list[Row]:
    return [
        Row(label=label, value=value, source=_source(found, path))
        for path, label, value in shown(found.parameters, template.parameter_schema)
    ]


def echo(found: Interpretation, template: TemplateCard) -> str:
    """One line: the name, and what was said (not what is by default)."""
    said = [
        f"{label}: {value}"
        for path, label, value in shown(found.parameters, template.parameter_schema)
        if _words(found, path)
    ]
    return "; ".join([template.name, *said]) + "."


def slots(schema: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(path, title) of everything that can be changed; a period is one."""
    return [(path, title) for path, title, _ in _places(schema)]


def _places(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, Field | Pair]]:
    places = fields(schema)
    couples = {couple.start.path: couple for couple in pairs(places)}
    ends = {couple.end.path for couple in couples.values()}
    for place in places:
        if place.path in couples:
            couple = couples[place.path]
            yield couple.path or place.path, _title_of(couple, schema), couple
        elif place.path not in ends:
            yield place.path, place.title, place


def _title_of(couple: Pair, schema: Mapping[str, Any]) -> str:
    parent = schema
    for name in couple.path.split(".") if couple.path else []:
        parent = parent.get("properties", {}).get(name, {})
    return str(parent.get("title") or couple.title) if couple.path else f"{couple.start.title} – {couple.end.title}"


def shown(parameters: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(path, title, value) of everything that has a value."""
    for path, title, place in _places(schema):
        if isinstance(place, Pair):
            start, end = value_at(parameters, place.start.path), value_at(parameters, place.end.path)
            if start is not None or end is not None:
                yield path, title, _days(start, end)
        elif (value := value_at(parameters, path)) not in (None, "", []):
            yield path, title, _one(place, value)


def _one(place: Field, value: Any) -> str:
    if place.takes_lines:
        return wording.lines(value)
    return wording.shown_moment(str(value)) if place.is_date or place.is_moment else wording.shown(value)


def _days(start: Any, end: Any) -> str:
    try:
        return wording.days(date.fromisoformat(str(start)), date.fromisoformat(str(end)))
    except ValueError:
        return " – ".join(wording.shown_moment(str(each)) for each in (start, end) if each is not None)


def _words(found: Interpretation, path: str) -> str:
    return next((said for place, said in found.sources.items() if place == path or place.startswith(f"{path}.")), "")


def _source(found: Interpretation, path: str) -> str:
    words = _words(found, path)
    if words in (LAST, CHOSEN):
        return say("from_last" if words == LAST else "from_choice")
    return say("from_words", words=words[:80]) if words else say("from_default")


def _takes(template: TemplateCard, parameters: Mapping[str, Any], world: World) -> Iterator[Row]:
    estimate = world.estimate(template.key, parameters) if world.estimate else None
    if estimate is not None:
        duration = wording.duration(estimate.seconds)
        stages = wording.counted(estimate.steps, "stage")
        text = say("stages", duration=duration, stages=stages) if estimate.steps else say("takes", duration=duration)
        yield Row(label=say("row.takes"), value=text)
    if cost := (estimate.cost if estimate else "") or template.cost:
        yield Row(label=say("row.cost"), value=cost)


def note(name: str, words: str = "") -> str:
    """A sentence as a request keeps it: said in the language that is spoken when its card is shown."""
    return f"{name}{BETWEEN}{words}"


def _notes(request: Request, template: TemplateCard) -> Iterator[str]:
    for each in request.notes:
        name, is_named, words = each.partition(BETWEEN)
        yield say(name, words=words) if is_named else each  # a card that was open before names were kept
    if ahead := coming.told(request, template):
        yield ahead
    yield from (each.text for each in request.found.ambiguities if not each.must_confirm)
    if note := template.notes.get(wording.spoken()) or template.notes.get("en"):
        yield note
    if template.has_effects:
        yield say("effects")
    if request.rule:
        yield say("draft")
