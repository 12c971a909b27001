"""Applies the rules to the tokens of a text and answers the periods that are left."""

import re
from dataclasses import dataclass, replace
from datetime import time
from typing import Any

from apps.language.dates import tokens as tokenising
from apps.language.dates.lexicon import lexicon
from apps.language.dates.periods import FIRST_YEAR, LAST_YEAR, Period
from apps.language.dates.reading import AGAIN, WEAK_TIMES, Context, Reading, Rule
from apps.language.dates.rules import RULES
from apps.language.dates.token import Note, Token

MAX_TEXT = 4000
_LEFT_OUT = re.compile(
    r"(?<!\w)(?:except(?: for)?|excluding|without|not|instead of|all but|außer|ohne|nicht|statt|кроме|без|не|вместо|excepto|sin|"
    r"salvo|en lugar de|sauf|hors|sans|pas|au lieu de)\s+(?:(?:in|im|for|für|за|в|en|de|the|den|el|la|le|du)\s+)?$",
    re.IGNORECASE,
)
"""What stands directly before a period that is not meant."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A period, where it stands in the text, in which words, and what else they could mean.

    `period` is None where a date was written that cannot be read; the note says why.
    """

    period: Period | None
    start: int
    end: int
    words: str
    notes: tuple[Note, ...] = ()
    times: tuple[time, ...] = ()
    """Times of day that were said with it: none, one, or those of the first and the last day."""


def find(text: str, context: Context) -> list[Found]:
    """Every period the text names, in order. Pure: the same text and context give the same answer."""
    text = text[:MAX_TEXT]
    words = lexicon(text, context.locale)
    if words.outlook.intersection(re.findall(r"\w+", text.casefold())):
        context = replace(context, prefers_past=False)
    tokens = tokenising.tokenise(text, words, is_month_first=context.reads_month_first)
    tokens = _compared([token for token in tokens if token.code != " "])
    for each in RULES:
        tokens = _apply(each, tokens, context, text)
    found = [_found(token, text) for token in tokens if token.code == "P" or (token.notes and token.code != "@")]
    return [_doubted(each, text) for each in found]


def _doubted(each: Found, text: str) -> Found:
    """All months except March: what is left out is found, and never taken without a question."""
    if not _LEFT_OUT.search(text[: each.start]):
        return each
    return replace(each, notes=_merged((*each.notes, Note(kind="vague", words=each.words))))


def _compared(tokens: list[Token]) -> list[Token]:
    """Compare Q1 2025 to Q1 2026: two periods, no range, unless a "from" says so."""
    codes = {token.code for token in tokens}
    if "=" not in codes:
        return tokens
    plain = "=" if codes & set("FSZ") else "=OC"
    return [replace(token, code="x") if token.code in plain else token for token in tokens]


def _apply(each: Rule, tokens: list[Token], context: Context, text: str) -> list[Token]:
    position = 0
    codes = "".join(token.code for token in tokens)
    while match := each.pattern.search(codes, position):
        matched = tokens[match.start() : match.end()]
        made = _make(each, context, matched)
        if made is None:
            position = match.start() + 1
            continue
        token = _replacement(made, matched, text)
        tokens = [*tokens[: match.start()], token, *tokens[match.end() :]]
        codes = codes[: match.start()] + token.code + codes[match.end() :]
        position = 0 if token.code in "Pp" and len(matched) > 1 else match.start() + 1
    return tokens


def _make(each: Rule, context: Context, matched: list[Token]) -> Any:
    try:
        made = each.make(context, matched)
    except (ValueError, OverflowError):
        return None  # the numbers lead out of the calendar: no date
    value = made.value if isinstance(made, Reading) else made
    if isinstance(value, Period) and not _is_sane(value):
        return None
    return made


def _is_sane(period: Period) -> bool:
    first = period.start or period.last
    return first < period.end and first.year >= FIRST_YEAR and period.last.year <= LAST_YEAR


def _replacement(made: Any, matched: list[Token], text: str) -> Token:
    reading = made if isinstance(made, Reading) else Reading(value=made)
    start, end = matched[0].start, matched[-1].end
    notes = tuple(note for token in matched for note in token.notes if note.kind != reading.settles)
    if reading.kind:
        others = tuple(other for other in reading.others if other is not None and other != reading.value)
        notes += (Note(kind=reading.kind, words=text[start:end], others=others),)
    times = tuple(time for token in matched for time in token.times) if reading.times is None else reading.times
    code = _code(reading.value)
    value = "weak" if reading.value is WEAK_TIMES else reading.value
    return Token(code=code, value=value, start=start, end=end, notes=_merged(notes), times=times)


def _code(value: Any) -> str:
    if value is AGAIN or value is WEAK_TIMES:
        return "@"
    return "x" if value is None else "P" if isinstance(value, Period) else "p"


def _merged(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """One note a kind: of a range, the last one (it names all the words)."""
    return tuple({note.kind: note for note in notes}.values())


def _found(token: Token, text: str) -> Found:
    words = text[token.start : token.end]
    notes = tuple(replace(note, words=words) for note in token.notes)
    period = token.value if token.code == "P" else None
    return Found(period=period, start=token.start, end=token.end, words=words, notes=notes, times=token.times)
