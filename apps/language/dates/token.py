"""What a text is taken apart into before the rules read it, and what could be meant otherwise."""

from dataclasses import dataclass, field
from datetime import time
from typing import Any

from apps.language.dates.periods import Period


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something that could be meant otherwise: the reading that was taken is the found period's own.

    kind: day_month_order | year_assumed | calendar_or_rolling | vague | which_day | fiscal | open_start | backwards |
    not_a_date | from_or_in | half_day | clock_only (a time was said and no day) | open_time | open_end | which_zone.
    `others` are the other readings, the likeliest first.
    """

    kind: str
    words: str
    others: tuple[Period, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Token:
    code: str
    value: Any = None
    start: int
    end: int
    is_capital: bool = False
    is_spelled: bool = False
    """A number in letters."""
    notes: tuple[Note, ...] = field(default=())
    times: tuple[time, ...] = ()
