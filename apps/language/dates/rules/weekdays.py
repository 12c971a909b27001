"""Rules for days of the week: near today, of a week, the n-th of a month, and from one to another."""

from datetime import date, timedelta
from typing import Any

from apps.language.dates import periods
from apps.language.dates.reading import Context, Reading, assume, has_any, rule, settle, value_of
from apps.language.dates.token import Token

WEEK = timedelta(days=7)
MONTHS_AROUND = 12


def _monday(context: Context) -> date:
    return context.today - timedelta(days=context.today.weekday())


@rule("(?:[Wv]|[pP])[oUIcFT]*[LTN]w|[LTN]w[coIU]*W")
def weekday_of_week(context: Context, matched: list[Token]) -> Any:
    """Wednesday of next week; last week's Sunday."""
    number = value_of(matched, "Wv")
    at = next(index for index, token in enumerate(matched) if token.code == "w")
    how = matched[at - 1]
    if number is None or matched[at].value:
        return None
    weeks = {"L": -(how.value or 1), "T": 0, "N": how.value or 1}[how.code]
    return periods.day(_monday(context) + timedelta(days=number - 1) + weeks * WEEK)


@rule("[RW]I#w")
def day_in_weeks(context: Context, matched: list[Token]) -> Any:
    """Heute in einer Woche; Montag in zwei Wochen, which is asked."""
    weeks = matched[2].value * WEEK
    if matched[1].value != "in" or matched[2].value > MONTHS_AROUND:
        return None
    if matched[0].code == "R":
        return periods.day(context.today + timedelta(days=matched[0].value) + weeks)
    coming = context.today + timedelta(days=(matched[0].value - 1 - context.today.weekday()) % 7)
    return Reading(value=periods.day(coming + weeks), others=(periods.day(coming + weeks - WEEK),), kind="which_day")


@rule("[tL][Wv][oI][pP]")
def nth_weekday(context: Context, matched: list[Token]) -> Any:
    """The first Tuesday of October; the last Friday in March 2025."""
    whole = settle(context, matched[-1])
    if whole.start is None or (has_any(matched, "L") and matched[0].value):
        return None
    offset = timedelta(days=(matched[1].value - 1 - whole.first.weekday()) % 7)
    days = [whole.first + offset + count * WEEK for count in range(54)]
    inside = [day for day in days if day < whole.end]
    number = len(inside) if matched[0].code == "L" else matched[0].value
    if not 1 <= number <= len(inside):
        return None
    return assume(periods.day(inside[number - 1]), context, matched[-1])


@rule("[Wv]c?U?t(?![dwmqhyMno%])|[Wv]c?#(?=x?$)")
def weekday_and_day(context: Context, matched: list[Token]) -> Any:
    """Friday the 27th: the nearest month in which that is so."""
    number, day = matched[0].value, matched[-1].value
    near = []
    for step in range(-MONTHS_AROUND, MONTHS_AROUND + 1):
        month = periods.around(periods.add_months(context.today.replace(day=1), step), "m")
        if 1 <= day <= month.last.day and (found := month.first.replace(day=day)).weekday() == number - 1:
            near.append(found)
    before = [each for each in near if each < context.today][-1:]
    after = [each for each in near if each >= context.today][:1]
    wanted = (before + after) if context.prefers_past else (after + before)
    if not wanted:
        return None
    others = tuple(periods.day(each) for each in wanted[1:])
    return Reading(value=periods.day(wanted[0]), others=others, kind="which_day")


@rule("U(?:t|#)(?=$|[@~])|t(?=U?@)|^t$")
def day_of_this_month(context: Context, matched: list[Token]) -> Any:
    """On the 15th, and nothing behind it: of this month, or of the one before or after. It is asked."""
    day = matched[-1].value
    if not isinstance(day, int) or not 1 <= day <= 31 or (matched[-1].code == "#" and matched[-1].is_spelled):
        return None
    months = [periods.around(periods.add_months(context.today.replace(day=1), step), "m") for step in (-1, 0, 1)]
    days = [month.first.replace(day=day) for month in months if day <= month.last.day]
    near = sorted(days, key=lambda each: (each > context.today) == context.prefers_past)
    fitting = [each for each in near if (each <= context.today) == context.prefers_past or each == context.today]
    fitting.sort(key=lambda each: abs(each - context.today))
    ordered = [*fitting, *[each for each in near if each not in fitting]]
    return Reading(
        value=periods.day(ordered[0]), others=tuple(periods.day(each) for each in ordered[1:]), kind="which_day"
    )


@rule("[Wv]AN(?![dwfkmqhyMnWv#])|[Wv]A(?![pPY#@N])")
def weekday_after_next(context: Context, matched: list[Token]) -> Any:
    """Friday after next; in French, Friday in eight or in fifteen."""
    weeks = 1 if matched[-1].code == "N" else matched[1].value
    if not isinstance(weeks, int):
        return None
    coming = context.today + timedelta(days=(matched[0].value - 1 - context.today.weekday()) % 7)
    return periods.day(coming + weeks * WEEK)


@rule("[FS]?[LTN]?[Wv](?:[OJ]|V)[LTN]?[Wv](?!c?[#tpP])")
def weekday_range(context: Context, matched: list[Token]) -> Any:
    """From Tuesday to Friday: the second is the next one behind the first."""
    at = [index for index, token in enumerate(matched) if token.code in "Wv"]
    first = weekday.make(context, [token for token in matched[: at[0] + 1] if token.code not in "FS"])
    start = first.value if isinstance(first, Reading) else first
    if start is None:
        return None
    end = start.first + timedelta(days=(matched[at[1]].value - matched[at[0]].value) % 7)
    if matched[at[1] - 1].code == "N" and end - _monday(context) < WEEK:
        end += WEEK
    period = periods.days(start.first, end)
    before = first.others if isinstance(first, Reading) else ()
    others = tuple(periods.days(each.first, each.first + (end - start.first)) for each in before if each)
    return Reading(value=period, others=others, kind="which_day")


@rule("[LNTa][Wv]|[IU]?W|^[IU]?vx?$|(?<=@)[cU]?v|v(?=c?U?@)")
def weekday(context: Context, matched: list[Token]) -> Any:
    how, number = matched[0].code, value_of(matched, "Wv") - 1
    if matched[-1].code == "x" and matched[-1].value != ".":
        return None
    in_week = _monday(context) + timedelta(days=number)
    before = in_week if in_week < context.today else in_week - WEEK
    after = in_week if in_week > context.today else in_week + WEEK
    if how == "T":
        return _this(context, in_week)
    if how == "N":
        return _next(context, after, matched[0].value or 1)
    if how in "La":
        return periods.day(before)
    wanted, others = (before, [after]) if context.prefers_past else (after, [before])
    if in_week == context.today:
        wanted, others = in_week, [wanted, *others]
    return Reading(value=periods.day(wanted), others=tuple(map(periods.day, others)), kind="which_day")


def _this(context: Context, in_week: date) -> Any:
    """This Monday, on a Tuesday: the day that was, or the one that comes. It is asked."""
    day = periods.day(in_week)
    if in_week >= context.today:
        return day
    return Reading(value=day, others=(periods.day(in_week + WEEK),), kind="which_day")


def _next(context: Context, after: date, count: int) -> Any:
    if count > 1:
        return periods.day(after + (count - 1) * WEEK)
    other = after + WEEK if after.isocalendar()[1] == context.today.isocalendar()[1] else None
    return Reading(value=periods.day(after), others=(periods.day(other),) if other else (), kind="which_day")
