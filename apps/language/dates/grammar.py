"""Applies the rules to the tokens of a text and answers the periods that are left."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from apps.language.dates import tokens as tokenising
from apps.language.dates.lexicon import lexicon
from apps.language.dates.partial import Partial
from apps.language.dates.periods import FIRST_YEAR, LAST_YEAR, Period
from apps.language.dates.tokens import Note, Token

MAX_TEXT = 4000


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a reading depends on. Reports look back, plans forward: `prefers_past` decides on years that are not said."""

    today: date
    locale: str = "en"
    is_month_first: bool | None = None
    prefers_past: bool = True
    fiscal_start_month: int = 1
    is_fiscal_known: bool = False
    """True where the site has said when its fiscal year begins."""

    @property
    def reads_month_first(self) -> bool:
        """03/04 as March 4th: what the site says, else what the locale's country writes."""
        return self.locale.replace("_", "-").lower() == "en-us" if self.is_month_first is None else self.is_month_first


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


Handler = Callable[[Context, list[Token]], Any]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A pattern over codes; its match is replaced by what the handler answers (a period, a Partial, tokens).

    None from the handler means that these tokens are no date after all. `keep` names groups that stay.
    """

    pattern: re.Pattern[str]
    make: Handler


def rule(pattern: str) -> Callable[[Handler], Rule]:
    return lambda make: Rule(pattern=re.compile(pattern), make=make)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a handler answers when more than the period must be said."""

    value: Period | Partial
    others: tuple[Period | None, ...] = ()
    kind: str = ""


def find(text: str, context: Context) -> list[Found]:
    """Every period the text names, in order. Pure: the same text and context give the same answer."""
    from apps.language.dates.rules import RULES

    text = text[:MAX_TEXT]
    words = lexicon(context.locale)
    tokens = tokenising.tokenise(text, words, is_month_first=context.reads_month_first)
    tokens = [token for token in tokens if token.code != " "]
    for each in RULES:
        tokens = _apply(each, tokens, context, text)
    return [_found(token, text) for token in tokens if token.code == "P" or token.notes]


def _apply(each: Rule, tokens: list[Token], context: Context, text: str) -> list[Token]:
    position = 0
    while match := each.pattern.search("".join(token.code for token in tokens), position):
        matched = tokens[match.start() : match.end()]
        made = _make(each, context, matched)
        if made is None:
            position = match.start() + 1
            continue
        token = _replacement(made, matched, text)
        tokens = [*tokens[: match.start()], token, *tokens[match.end() :]]
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
    notes = tuple(note for token in matched for note in token.notes)
    if reading.kind:
        others = tuple(other for other in reading.others if other is not None and other != reading.value)
        notes += (Note(kind=reading.kind, words=text[start:end], others=others),)
    code = "P" if isinstance(reading.value, Period) else "p"
    return Token(code=code, value=reading.value, start=start, end=end, notes=_merged(notes))


def _merged(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """One note a kind: of a range, the last one (it names all the words)."""
    return tuple({note.kind: note for note in notes}.values())


def _found(token: Token, text: str) -> Found:
    words = text[token.start : token.end]
    notes = tuple(replace(note, words=words) for note in token.notes)
    period = token.value if token.code == "P" else None
    return Found(period=period, start=token.start, end=token.end, words=words, notes=notes)
