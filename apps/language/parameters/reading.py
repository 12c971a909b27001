"""Fills a template's parameters from a sentence: dates first, then every other field in the schema's order.

What is not said stays away (defaults are filled in when a task is submitted); what is required and not said, or said
twice, becomes a question.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from apps.core import schema as schemas
from apps.core.errors import InvalidInput
from apps.language import wording
from apps.language.contract import Ambiguity, Choice, Question
from apps.language.dates import Found, Period
from apps.language.parameters import quantities
from apps.language.parameters import values as reading
from apps.language.parameters.fields import Field, Pair, fields, pairs
from apps.language.parameters.phrases import phrases
from apps.language.parameters.sentence import Sentence

MUST_CONFIRM = {"day_month_order", "vague", "which_day", "fiscal", "backwards", "from_or_in", "not_a_date", "half_day"}
MUST_CONFIRM |= {"open_time", "open_end", "which_zone"}
ASKED_OTHERWISE = {"open_start", "clock_only"}
"""What is asked as a missing value, or is no doubt at all."""
_AHEAD = r"^(?:через|in|dans|en|dentro de|within|innerhalb von)\s+"
DAY_BEGINS, DAY_ENDS = time(0, 0), time(23, 59, 59)


@dataclass
class Values:
    """What was read. `period` is the first one, for the echo; `titles` name the values for people."""

    parameters: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    titles: dict[str, Any] = field(default_factory=dict)
    missing: list[Question] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    ambiguities: list[Ambiguity] = field(default_factory=list)
    period: Period | None = None

    def put(self, path: str, value: Any, words: str) -> None:
        *parents, name = path.split(".")
        place = self.parameters
        for parent in parents:
            place = place.setdefault(parent, {})
        place[name] = value
        self.sources[path] = words

    def take_back(self, path: str) -> None:
        *parents, name = path.split(".")
        place = self.parameters
        for parent in parents:
            place = place.get(parent, {})
        place.pop(name, None)
        self.sources.pop(path, None)


def looks_forward(schema: Mapping[str, Any]) -> bool:
    """True where a place of the schema wants days to come, and `read` is to be given `forward`."""
    return any(place.looks_forward for place in fields(schema))


def read(
    text: str,
    schema: Mapping[str, Any],
    found: Sequence[Found],
    locale: str = "en",
    *,
    forward: Sequence[Found] = (),
    zone: str = "UTC",
    lines: Sequence[str] = (),
) -> Values:
    """Values for `schema` out of `text`; `found` are the periods that stand in it.

    `forward` are the same, read as days to come, for the places that look there. Times are in the `zone`. `lines` are
    what stands below the text, for the place that takes lines.
    """
    result = Values()
    sentence = Sentence(text, phrases(text, locale))
    places = fields(schema)
    couples = pairs(places)
    sentence.consume((each.start, each.end) for each in found if not _is_length(each, places, sentence))
    coming = {each.start: each for each in forward}
    dates = _Dates(found=list(found), coming=coming, zone=ZoneInfo(zone))
    in_couples = {place.path for pair in couples for place in (pair.start, pair.end)}
    _read_moment(result, dates, [place for place in places if place.is_moment and place.path not in in_couples])
    dates.found = [each for each in dates.found if not _is_clock_only(each)]
    _read_periods(result, dates, couples)
    in_pairs = {place.path for pair in couples for place in (pair.start, pair.end)}
    others = [place for place in places if place.path not in in_pairs]
    _read_single_dates(result, dates, [place for place in others if place.is_date], taken=bool(couples))
    for place in sorted((place for place in others if not place.is_date), key=_is_free_text):
        if lines and place.takes_lines:
            result.put(place.path, list(lines), lines[0])
            result.titles[place.title] = list(lines)
        else:
            _read_field(result, sentence, place)
    for place in others:
        _miss(result, place)
    _check(result, schema)
    return result


def _is_length(each: Found, places: Sequence[Field], sentence: Sentence) -> bool:
    """ "1 h 30" is a time of day as well, and how long something takes where the schema asks for that alone."""
    if not _is_clock_only(each) or any(place.is_moment for place in places):
        return False
    said = re.sub(_AHEAD, "", sentence.folded[each.start : each.end])
    return any(span == (0, len(said)) for _, span in quantities.durations(said, sentence.phrases, {}))


def _is_free_text(place: Field) -> bool:
    """Free text comes last: it would take anything in quotes."""
    return place.kind in ("string", "array") and not place.choices


# Dates ---------------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class _Dates:
    """The periods that no place has taken yet."""

    found: list[Found]
    coming: Mapping[int, Found]
    zone: ZoneInfo

    def as_for(self, each: Found, place: Field) -> Found:
        return self.coming.get(each.start, each) if place.looks_forward else each

    def moment(self, day: date, at: time) -> str:
        return datetime.combine(day, at, self.zone).isoformat()


def _is_clock_only(each: Found) -> bool:
    """ "At 9" and "in two hours" name a moment and never the days that a report is about."""
    return any(note.kind == "clock_only" for note in each.notes)


def _read_moment(result: Values, dates: _Dates, places: Sequence[Field]) -> None:
    """A place for a moment takes the one day that a time was said with. A day alone is asked for its time."""
    if len(places) != 1:
        return
    (place,) = places
    timed = [each for each in dates.found if each.period and each.period.grain == "d" and len(each.times) == 1]
    if len(timed) == 1:
        each = dates.as_for(timed[0], place)
        value = dates.moment(_first(each), timed[0].times[0])
        result.put(place.path, value, each.words)
        result.titles[place.title] = f"{wording.day(_first(each))} {timed[0].times[0]:%H:%M}"
        result.ambiguities += _ambiguities(place.path, each)
        dates.found = [other for other in dates.found if other is not timed[0]]
    elif not place.is_required and any(each.period and each.period.grain == "d" for each in dates.found):
        result.missing.append(Question(path=place.path, text=wording.ask_for(place.title, "", (), "time")))


def _read_periods(result: Values, dates: _Dates, couples: Sequence[Pair]) -> None:
    if not couples:
        return
    readable = [each for each in dates.found if each.period]
    for each in dates.found:
        if each.period is None:
            result.ambiguities += _ambiguities(couples[0].path, each)
            readable = []  # it may have been the other end of what was read: all is asked
    if len(readable) > len(couples):
        readable = _distinct(readable)
    if len(readable) > len(couples):
        _ask_which_period(result, couples[0], readable)
        couples, readable = couples[1:], []
    for number, pair in enumerate(couples):
        if number < len(readable):
            _put_period(result, pair, dates.as_for(readable[number], pair.start), dates)
        elif pair.start.is_required or pair.end.is_required:
            result.missing.append(
                Question(path=pair.path or pair.start.path, text=wording.ask_for("", "", (), "period"))
            )


def _distinct(readable: Sequence[Found]) -> list[Found]:
    """The same days named twice are one period, in the words of both."""
    kept: dict[tuple[Period | None, tuple[time, ...]], Found] = {}
    for each in readable:
        first = kept.get((each.period, each.times))
        kept[each.period, each.times] = replace(first, words=f"{first.words} … {each.words}") if first else each
    return list(kept.values())


def _put_period(result: Values, pair: Pair, each: Found, dates: _Dates) -> None:
    period = each.period
    if period is None:
        return
    result.period = result.period or period
    if len(each.times) == 1 and pair.start.is_moment:
        text = wording.ask_for(pair.title, "", (), "time")
        result.missing.append(Question(path=pair.path or pair.start.path, text=text))
        return
    begins, ends = (each.times[0], each.times[-1]) if len(each.times) == 2 else (DAY_BEGINS, DAY_ENDS)
    result.put(pair.end.path, _as_written(pair.end, period.last, ends, dates), each.words)
    if period.start is not None:
        result.put(pair.start.path, _as_written(pair.start, period.start, begins, dates), each.words)
    elif pair.start.is_required:
        begun = [other for note in each.notes for other in note.others if other.start]
        choices = tuple(
            Choice(label=wording.say("from_day", day=wording.day(other.first)), value=other.first.isoformat())
            for other in begun
        )
        text = wording.ask_first_day(period.last)
        result.missing.append(Question(path=pair.start.path, text=text, choices=choices))
    result.ambiguities += _ambiguities(pair.path or pair.start.path, each)


def _as_written(place: Field, day: date, at: time, dates: _Dates) -> str:
    return dates.moment(day, at) if place.is_moment else day.isoformat()


def _ask_which_period(result: Values, pair: Pair, readable: Sequence[Found]) -> None:
    choices = tuple(_period_choice(each.words, each.period) for each in readable if each.period)
    text = wording.say("ask.which_period", choices=wording.either([each.words for each in readable]))
    result.questions.append(Question(path=pair.path or pair.start.path, text=text, choices=choices))


def _period_choice(label: str, period: Period) -> Choice:
    start = period.start.isoformat() if period.start else None
    return Choice(label=label, value={"start": start, "end": period.last.isoformat()})


def _ambiguities(path: str, each: Found) -> list[Ambiguity]:
    return [
        Ambiguity(
            path=path,
            kind=note.kind,
            words=note.words,
            text=wording.note(note, each.period),
            reading=wording.period(each.period) if each.period else "",
            choices=tuple(_period_choice(wording.period(other), other) for other in note.others),
            must_confirm=note.kind in MUST_CONFIRM,
        )
        for note in each.notes
        if note.kind not in ASKED_OTHERWISE
    ]


def _read_single_dates(result: Values, dates: _Dates, places: Sequence[Field], *, taken: bool) -> None:
    """A date of its own takes a single day, if the sentence names one and nothing else could have meant it."""
    single = [each for each in dates.found if each.period and (each.period.grain == "d" or each.period.start is None)]
    if taken or len(places) != 1 or len(single) != 1:
        return
    (place,), (each,) = places, (dates.as_for(single[0], places[0]),)
    result.put(place.path, _first(each).isoformat(), each.words)
    result.titles[place.title] = wording.day(_first(each))
    result.ambiguities += _ambiguities(place.path, each)


def _first(each: Found) -> date:
    """Its day; of "by Friday" the last one."""
    if each.period is None:
        raise ValueError("no period was read")
    return each.period.start or each.period.last


# Others --------------------------------------------------------------------------------------------------------------


def _read_field(result: Values, sentence: Sentence, place: Field) -> None:
    value = reading.read(place, sentence)
    if value is None:
        return
    sentence.consume(value.spans)
    if value.others:
        choices = [value.value, *value.others]
        shown = tuple(Choice(label=str(choice), value=choice) for choice in choices)
        text = wording.ask_which(place.title, choices)
        result.questions.append(Question(path=place.path, text=text, choices=shown))
        return
    result.put(place.path, value.value, sentence.words_of(value.spans))
    result.titles[place.title] = value.value


def _miss(result: Values, place: Field) -> None:
    asked = {question.path for question in result.questions}
    if not place.is_required or place.has_default or place.path in result.sources or place.path in asked:
        return
    text = wording.ask_for(
        place.title,
        str(place.schema.get("description", "")),
        place.choices,
        "lines" if place.takes_lines else place.kind,
    )
    choices = tuple(Choice(label=str(choice), value=choice) for choice in place.choices)
    result.missing.append(Question(path=place.path, text=text, choices=choices))


def _check(result: Values, schema: Mapping[str, Any]) -> None:
    """What the schema refuses is asked again, in the schema's words. What is asked for anyway is not reported twice."""
    if not schema:
        return
    try:
        schemas.validate(result.parameters, dict(schema))
    except InvalidInput as error:
        if error.code == "invalid_schema":
            # Publishing refuses such a schema; the person must hear of one that slipped through.
            result.questions.append(Question(path="", text=error.message))
            return
        asked = [question.path for question in [*result.missing, *result.questions]]
        for path, message in error.fields.items():
            if not any(_is_same_place(path, other) for other in asked):
                result.take_back(path)
                result.missing.append(Question(path=path, text=message))


def _is_same_place(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
