"""Numbers, amounts and durations for a parameter: beside its name, before what it counts, or by what stands beside them."""

import re
from collections.abc import Mapping

from apps.language.parameters import quantities
from apps.language.parameters.fields import Field
from apps.language.parameters.sentence import Sentence, Value, markers, name_pattern, noun_pattern, phrase_pattern

MAX_DISTANCE = 30
"""How many characters may stand between a parameter's name and its duration."""


def number(place: Field, sentence: Sentence) -> Value | None:
    """Only beside the parameter's name, before or behind; money and percent also by what stands beside them."""
    marked = _marked(place, sentence)
    if marked:
        return marked
    is_ = "|".join(re.escape(word) for word in sentence.phrases.is_)
    name = "|".join([r"\s+".join(map(re.escape, place.words)), *map(name_pattern, place.names)])
    number = quantities.numeral(sentence.phrases)
    letters = quantities.any_of(sentence.spelled)
    behind = rf"\b(?:{name})\s*(?:(?:{is_})\s*)?(?:{number}(?!\s?%)|({letters})(?!\w))"
    hits = [_read_number(match, place, sentence) for match in sentence.matches(behind)]
    return _from(hits or _counted(place, sentence) or _behind_marker(place, sentence))


Hit = tuple[list[int | float], tuple[int, int]]
"""The readings of one number, the likeliest first, and where it stands."""


def _from(hits: list[Hit]) -> Value | None:
    fitting = list(dict.fromkeys(value for values, _ in hits for value in values))
    if not fitting:
        return None
    return Value(value=fitting[0], spans=tuple(span for _, span in hits), others=tuple(fitting[1:]))


def _marked(place: Field, sentence: Sentence) -> Value | None:
    reader = {"money": quantities.money, "percent": quantities.percent}.get(place.quantity)
    if reader is None:
        return None
    found = reader(sentence.folded, sentence.phrases, place.words, sentence.spelled)
    found = [each for each in found if sentence.is_free(*each.span)]
    is_share = place.quantity == "percent" and place.schema.get("maximum", 100) <= 1
    hits: list[Hit] = []
    for each in found:
        readings = [each.value] if each.other is None else [each.value, each.other]
        typed = [_typed(value / 100 if is_share else value, place.kind) for value in readings]
        hits.append(([value for value in typed if value is not None], each.span))
    return _from([hit for hit in hits if hit[0]])


def _read_number(match: re.Match[str], place: Field, sentence: Sentence) -> Hit:
    digits, scale, *rest = match.groups()
    if digits is None:
        value = _typed(sentence.spelled[rest[0]], place.kind)
        return [] if value is None else [value], match.span()
    found = quantities.scaled(digits, scale, sentence.phrases)
    readings = [] if found is None else [value for value in found if value is not None]
    if place.quantity != "money":
        readings = readings[:1]  # a wrong thousand is seen in the echo; of money it is asked
    return [value for each in readings if (value := _typed(each, place.kind)) is not None], match.span()


def _typed(value: float, kind: str) -> int | float | None:
    if kind != "integer":
        return value
    return int(value) if value == int(value) else None


def _counted(place: Field, sentence: Sentence) -> list[Hit]:
    """Numbers before what they count: "50 messages", "three times", "twice"."""
    phrases, nouns = sentence.phrases, place.units
    if not nouns and not place.names:
        return []
    named = [*(noun_pattern(each, sentence) for each in nouns), *map(name_pattern, place.names)]
    if phrases.times.intersection(nouns):
        named += [rf"{each}(?!\w)" for each in phrases.times]
    noun = rf"(?:(?:{quantities.any_of(phrases.ranking)})\s+)?(?:{'|'.join(named)})"
    number = quantities.numeral(phrases)
    hits = [_read_number(match, place, sentence) for match in sentence.matches(rf"{number}\s+{noun}")]
    words: list[tuple[str, Mapping[str, float]]] = [
        (rf"\b({quantities.any_of(sentence.spelled)})\s+{noun}", sentence.spelled)
    ]
    if phrases.times.intersection(nouns):
        words.append((rf"(?<!\bat )\b({'|'.join(phrases.multiples)})\b", phrases.multiples))
    return hits + [
        ([value], match.span())
        for pattern, table in words
        for match in sentence.matches(rf"{pattern}(?!{phrases.rates})")
        if (value := _typed(table[match.group(1)], place.kind)) is not None
    ]


def _behind_marker(place: Field, sentence: Sentence) -> list[Hit]:
    """Behind one of the schema's own marker words, as in "count to 20", where nothing is counted by it."""
    if not place.markers:
        return []
    marks = "|".join(map(phrase_pattern, markers(place, sentence)))
    number, letters = quantities.numeral(sentence.phrases), quantities.any_of(sentence.spelled)
    behind = rf"(?:{marks})\s+(?:{number}|({letters})(?!\w))(?!\s?%)"
    return [_read_number(match, place, sentence) for match in sentence.matches(behind)]


def duration(place: Field, sentence: Sentence) -> Value | None:
    """Of several the one beside the parameter's name; if none is, all are asked."""
    found = quantities.durations(sentence.folded, sentence.phrases, sentence.spelled)
    free = [each for each in found if sentence.is_free(*each[1])]
    named = [each for each in free if _is_named(place, sentence, each[1], [span for _, span in found])]
    values = list(dict.fromkeys(iso for iso, _ in named or free))
    if not values:
        return None
    spans = tuple(span for _, span in named or free)
    return Value(value=values[0], spans=spans, others=tuple(values[1:]))


def _is_named(place: Field, sentence: Sentence, span: tuple[int, int], others: list[tuple[int, int]]) -> bool:
    """A word of the parameter's name stands nearer to this value than to another of its kind."""
    names = "|".join(
        [rf"{re.escape(word)}\w{{0,3}}" for word in place.words] + [name_pattern(name) for name in place.names]
    )
    if not names:
        return False
    for match in re.finditer(rf"(?<!\w)(?:{names})", sentence.folded):
        near = min(others, key=lambda other: _distance(match.span(), other))
        if near == span and _distance(match.span(), span) <= MAX_DISTANCE:
            return True
    return False


def _distance(one: tuple[int, int], other: tuple[int, int]) -> int:
    """Characters between two spans; what stands before the value is nearer than what follows it."""
    return other[0] - one[1] if one[1] <= other[0] else (one[0] - other[1]) * 2
