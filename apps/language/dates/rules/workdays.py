"""Rules for working days: Monday to Friday. Public holidays are not known here, so what was counted is asked."""

from datetime import date, timedelta
from typing import Any

from apps.language.dates import periods
from apps.language.dates.reading import Context, Reading, has_any, rule, settle, value_of
from apps.language.dates.token import Token

MAX_COUNT, WEEKEND = 300, 5


def _is_workday(day: date) -> bool:
    return day.weekday() < WEEKEND


def _moved(day: date, count: int) -> date:
    """The `count`-th working day after (before, if negative) the day."""
    step = timedelta(days=1 if count > 0 else -1)
    while count:
        day += step
        count -= (1 if count > 0 else -1) * _is_workday(day)
    return day


@rule("(?:[LaN]#|#[LaN])5")
def several_workdays(context: Context, matched: list[Token]) -> Any:
    """The last five working days end with today, as the last five days do."""
    count = value_of(matched, "#")
    if not 1 <= count <= MAX_COUNT:
        return None
    if has_any(matched, "N"):
        return Reading(value=periods.days(_moved(context.today, 1), _moved(context.today, count)), kind="vague")
    last = _moved(context.today + timedelta(days=1), -1)
    before = periods.days(_moved(context.today, -count), _moved(context.today, -1))
    first = _moved(context.today + timedelta(days=1), -count)
    return Reading(value=periods.days(first, last), others=(before,), kind="vague")


@rule("[LN]5(?![oI][pP])|[ID]#5|#5[DG]|B#5")
def workday_near(context: Context, matched: list[Token]) -> Any:
    """The next working day; three working days ago."""
    count = value_of(matched, "#", 1)
    if not 1 <= count <= MAX_COUNT or (matched[0].code == "I" and matched[0].value != "in"):
        return None
    return Reading(value=periods.day(_moved(context.today, -count if has_any(matched, "LGB") else count)), kind="vague")


@rule("[tL]5[oI]?[pP]")
def workday_of_period(context: Context, matched: list[Token]) -> Any:
    """The last working day of March 2026."""
    whole = settle(context, matched[-1])
    if whole.start is None:
        return None
    is_last = has_any(matched, "L")
    edge = whole.end if is_last else whole.first - timedelta(days=1)
    day = _moved(edge, -1 if is_last else matched[0].value)
    return Reading(value=periods.day(day), kind="vague") if whole.first <= day < whole.end else None
