"""Rules for times of day: laid on the day beside them, moved by a part of the day, counted from now, or alone."""

from datetime import datetime, time, timedelta
from typing import Any

from apps.language.dates import periods
from apps.language.dates.periods import Period
from apps.language.dates.reading import (
    AGAIN,
    RANGE,
    WEAK_TIMES,
    Context,
    Reading,
    has_any,
    rule,
    value_of,
)
from apps.language.dates.token import Token

SPAN = "(?:#[dw][cC]?)*#%(?:[cC]?#%)*"
DAY = 24 * 60
NOON_HOUR, SMALL_HOUR, MAX_HOUR = 12, 6, 24
AFTER_NOON = {"afternoon": 1, "evening": 4, "night": 6}
"""From which hour on "at 3 in the …" is after noon: at three in the night it is not."""
MAX_HOURS, FEW = 24 * 60, 3


@rule(f"[FoSZ]?@(?:{RANGE}|C)?@")
def two_times(_: Context, matched: list[Token]) -> Any:
    """From 9:00 to 10:30. Noted where the second comes before the first."""
    is_weak = all(token.value == "weak" for token in matched if token.code == "@")
    times = [each for token in matched for each in token.times]
    kind = "backwards" if len(times) == 2 and times[1] < times[0] else ""
    return Reading(value=WEAK_TIMES if is_weak else AGAIN, kind=kind)


@rule("(?:[TL]?~|P~)[cUIoT]*@|@[cUIo]*(?:T?~|P~)|(?:[TL]~|P~)?[cUI]*@")
def clock_in_part(context: Context, matched: list[Token]) -> Any:
    """Tomorrow evening at 8; at 3 this afternoon; 8 pm tonight: the part of the day says which half."""
    if not has_any(matched, "~"):
        return None
    part, times = value_of(matched, "~"), tuple(each for token in matched for each in token.times)
    moved = tuple(_in_part(each, part) for each in times)
    day = value_of(matched, "P") or (_day_of_part(context, matched) if has_any(matched, "TL") else None)
    if day is not None and day.grain != "d":
        return None
    return Reading(value=day or AGAIN, times=moved, settles="half_day")


def _in_part(at: time, part: str) -> time:
    is_after_noon = part in AFTER_NOON and AFTER_NOON[part] <= at.hour < NOON_HOUR
    if part == "night" and at.hour == NOON_HOUR:
        return at.replace(hour=0)
    return at.replace(hour=at.hour + NOON_HOUR) if is_after_noon else at


def _day_of_part(context: Context, matched: list[Token]) -> Period:
    """This morning is today; last night began yesterday."""
    return periods.day(context.today - timedelta(days=int(has_any(matched, "L"))))


@rule("#[PT]~")
def number_in_part(context: Context, matched: list[Token]) -> Any:
    """8 tonight: a time, if the number is not something else. It is asked."""
    number, part = matched[0].value, matched[2].value
    day = matched[1].value if matched[1].code == "P" else periods.day(context.today)
    if day.grain != "d" or not isinstance(number, int) or not 1 <= number <= NOON_HOUR:
        return None
    return Reading(value=day, times=(_in_part(time(number), part),), kind="vague")


@rule("[TL]~(?!@)")
def part_of_today(context: Context, matched: list[Token]) -> Any:
    return _day_of_part(context, matched)


@rule("[pP]c?[UIo]?~|~[UIo]*[pP]")
def part_of_day(_: Context, matched: list[Token]) -> Any:
    """Monday morning is Monday: when exactly is not said, so a place for a time asks."""
    return _day(matched)


@rule("[pP]c?[IU]?Z#C#(?=$|[c~U])|[pP]c?[F]?#[JO]#(?=x?$)")
def numbers_on_day(_: Context, matched: list[Token]) -> Any:
    """5 March between 8 and 9; Monday 11-4."""
    first, last = (token.value for token in matched if token.code == "#")
    day = _day(matched)
    if last < first and last <= SMALL_HOUR:
        last += NOON_HOUR
    if day is None or not 0 <= first < last <= MAX_HOUR:
        return None
    return Reading(
        value=day,
        times=(time(first), time(last % 24)),
        kind="" if has_any(matched, "Z") and first > SMALL_HOUR else "half_day",
    )


@rule("[pP]c?[ABV]#(?=$|[c~U])")
def number_behind_bound(_: Context, matched: list[Token]) -> Any:
    """Friday after 9."""
    hour, day = matched[-1].value, _day(matched)
    if day is None or not isinstance(hour, int) or not 0 <= hour < MAX_HOUR:
        return None
    return Reading(value=day, times=(time(hour),), kind="open_time")


@rule("[pP][cIU]?F?@")
def day_at_time(_: Context, matched: list[Token]) -> Any:
    return _day(matched)


@rule("@c?[UIo]?[pP]")
def time_on_day(_: Context, matched: list[Token]) -> Any:
    return _day(matched)


@rule("[pP]c?[ABVSl]@|[ABVSl]@c?[UIo]?[pP]")
def day_before_time(_: Context, matched: list[Token]) -> Any:
    """Tomorrow before 4 pm: the day and the bound; that it is a bound is asked."""
    day = _day(matched)
    return Reading(value=day, kind="open_time") if day else None


def _day(matched: list[Token]) -> Any:
    day = value_of(matched, "pP")
    return day if day.grain == "d" else None


# From now ------------------------------------------------------------------------------------------------------------


def _minutes(matched: list[Token]) -> int:
    total, count = 0, 1
    for token in matched:
        if token.code == "#":
            count = token.value
        elif token.code == "%":
            total += count * int(token.value)
        elif token.code in "dw":
            total += count * DAY * periods.DAYS_OF[token.code]
    return total


def _moment(context: Context, minutes: int) -> Any:
    if context.now is None or abs(minutes) > MAX_HOURS * 60:
        return None
    moment: datetime = context.now + timedelta(minutes=minutes)
    return Reading(value=periods.day(moment.date()), times=(_to_minute(moment),), kind="clock_only")


def _to_minute(moment: datetime) -> time:
    return moment.time().replace(second=0, microsecond=0, tzinfo=None)


@rule(f"[IDU]?(?:{SPAN}|%)D|[ID]{SPAN}(?![EOVG])|U{SPAN}|[DU]%")
def time_ahead(context: Context, matched: list[Token]) -> Any:
    """In two hours; an hour from now. "For two hours" is how long, and no moment."""
    if matched[0].code in "IU" and matched[0].value != "in" and matched[-1].code != "D":
        return None
    return _moment(context, _minutes(matched))


@rule("[DI]g%|g%[GD]|Bg%")
def few_hours_away(context: Context, matched: list[Token]) -> Any:
    minutes = FEW * int(value_of(matched, "%")) * (-1 if has_any(matched, "GB") else 1)
    made = _moment(context, minutes)
    return Reading(value=made.value, times=made.times, kind="vague") if made else None


@rule(f"(?:{SPAN}|%)G|B(?:{SPAN}|%)")
def time_ago(context: Context, matched: list[Token]) -> Any:
    return _moment(context, -_minutes(matched))


@rule("I?(?:[LaN]#|#[LaN])%")
def last_hours(context: Context, matched: list[Token]) -> Any:
    """The last 24 hours: two times on one day or two. Where days are wanted, it is asked."""
    minutes = _minutes(matched)
    if context.now is None or not 0 < minutes <= MAX_HOURS * 60:
        return None
    other = context.now + timedelta(minutes=minutes if has_any(matched, "N") else -minutes)
    first, last = sorted((context.now, other))
    period = periods.days(first.date(), last.date())
    return Reading(value=period, times=(_to_minute(first), _to_minute(last)), kind="vague")


@rule("[FUI]?@")
def time_alone(context: Context, matched: list[Token]) -> Any:
    return _next_time(context, matched)


@rule("[ABVSl]@")
def bound_alone(context: Context, matched: list[Token]) -> Any:
    made = _next_time(context, matched)
    return Reading(value=made.value, kind="open_time") if made else None


def _next_time(context: Context, matched: list[Token]) -> Reading | None:
    """A time without a day: today, or tomorrow where it has passed and days to come are wanted."""
    token = matched[-1]
    if context.now is None or token.value == "weak" or len(token.times) > 2:
        return None
    has_passed = token.times[0] <= _to_minute(context.now)
    day = context.today + timedelta(days=int(has_passed and not context.prefers_past))
    return Reading(value=periods.day(day), kind="clock_only")
