"""Rules that lay times of day on the day beside them. The token carries the times itself; the rules only join."""

from typing import Any

from apps.language.dates.reading import AGAIN, RANGE, Context, Reading, rule, value_of
from apps.language.dates.tokens import Token


@rule(f"[FoSZ]?@(?:{RANGE}|C)?@")
def two_times(_: Context, __: list[Token]) -> Any:
    """From 9:00 to 10:30."""
    return Reading(value=AGAIN)


@rule("[pP]c?F?@")
def day_at_time(_: Context, matched: list[Token]) -> Any:
    return _day(matched)


@rule("@c?[UIo]?[pP]")
def time_on_day(_: Context, matched: list[Token]) -> Any:
    return _day(matched)


def _day(matched: list[Token]) -> Any:
    day = value_of(matched, "pP")
    return day if day.grain == "d" else None
