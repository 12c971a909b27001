"""What the rules share: the context of a reading, a rule, and how to look into the tokens it matched."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from apps.language.dates import periods
from apps.language.dates.partial import Partial
from apps.language.dates.periods import Period
from apps.language.dates.token import Token

MONTH, UNIT, RANGE = "[Mn]", "[dwfkmqhy]", "[OJV]"
MAX_COUNT = 1000
LONG_YEARS = (2024, 2026)  # with a 29 February, with a week 53


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
    now: datetime | None = None
    """The person's clock. Without it, times without a day and "in two hours" are not read."""

    @property
    def reads_month_first(self) -> bool:
        """03/04 as March 4th: what the site says, else what the locale's country writes."""
        return self.locale.replace("_", "-").lower() == "en-us" if self.is_month_first is None else self.is_month_first


Handler = Callable[[Context, list[Token]], Any]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A pattern over codes; its match is replaced by what the handler answers (a period, a Partial, tokens).

    None from the handler means that these tokens are no date after all.
    """

    pattern: re.Pattern[str]
    make: Handler


def rule(pattern: str) -> Callable[[Handler], Rule]:
    return lambda make: Rule(pattern=re.compile(pattern), make=make)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a handler answers when more than the period must be said."""

    value: Any
    others: tuple[Period | None, ...] = ()
    kind: str = ""
    times: tuple[time, ...] | None = None
    """In place of the times that were matched."""
    settles: str = ""
    """The kind of a note that no longer holds."""


AGAIN = object()
"""In place of a period: what was matched are times of day, and stays one token of them."""
WEAK_TIMES = object()
"""The same, of times that are none without a day beside them."""
NO_DATE = Reading(value=None, kind="not_a_date")
"""Written as a date and in no calendar. The words are used up, so that no rule reads a wider period out of them."""


def numbers_in(matched: list[Token], codes: str = "#t") -> list[int]:
    return [token.value for token in matched if token.code in codes]


def value_of(matched: list[Token], codes: str, default: Any = None) -> Any:
    return next((token.value for token in matched if token.code in codes), default)


def grain_of(matched: list[Token]) -> str:
    return next(token.code for token in matched if token.code in "dwfkmqhy")


def has_any(matched: list[Token], codes: str) -> bool:
    return any(token.code in codes for token in matched)


def with_year(partial: Partial, matched: list[Token]) -> Period | Partial | None:
    """With the year if one was said. None where there are no such days."""
    if (year := value_of(matched, "Y")) is not None:
        return partial.at(year)
    return partial if any(map(partial.at, LONG_YEARS)) else None


def settle(context: Context, token: Token) -> Period:
    if token.code == "Y":
        return periods.year(token.value)
    return nearest(context, token.value) if isinstance(token.value, Partial) else token.value


def assume(period: Period, context: Context, token: Token) -> Any:
    return Reading(value=period, others=(period.shifted_to(-1),), kind="year_assumed") if token.code == "p" else period


def nearest(context: Context, partial: Partial) -> Period:
    return readings_of(context, partial)[0]


def readings_of(context: Context, partial: Partial) -> list[Period]:
    """The likeliest first. Raises ValueError where no year has these days."""
    readings = partial.near(context.today, past=context.prefers_past)
    if not readings:
        raise ValueError("no year has these days")
    return readings
