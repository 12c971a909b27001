"""Rules for what is counted from today: last, this, next, ago, to date, parts of such periods, weekdays."""

from datetime import timedelta
from typing import Any

from apps.language.dates import periods
from apps.language.dates.periods import Period
from apps.language.dates.reading import (
    MAX_COUNT,
    UNIT,
    Context,
    Reading,
    assume,
    grain_of,
    has_any,
    rule,
    settle,
    value_of,
)
from apps.language.dates.token import Token

FEW = 3
SHORTEST_RUN = 5
"""From so many on, "the 30 days before" may be all of them."""
PAST_YEARS, COMING_YEARS = 15, 5


@rule(f"X|T{UNIT}z|zT{UNIT}|(?<![#LNag]){UNIT}z")
def to_date(context: Context, matched: list[Token]) -> Any:
    grain = matched[0].value if matched[0].code == "X" else grain_of(matched)
    return _until_today(periods.around(context.today, grain), context)


@rule("[FS]?[YPp]z")
def named_to_date(context: Context, matched: list[Token]) -> Any:
    return _until_today(settle(context, matched[-2]), context)


def _until_today(period: Period, context: Context) -> Period:
    return Period(start=period.start, end=context.today + timedelta(days=1), grain="r")


@rule(r"(?:(?<=[bei]o)|(?<=t[dwmqh5]o)|(?<=[Lt]#[dwmqh]o)|(?<=L[dwmqh5]o))[wmqhy]")
def the_present_unit(context: Context, matched: list[Token]) -> Any:
    return periods.around(context.today, matched[0].code)


@rule(f"(?<=o)[LTNa]{UNIT}|(?<=t[qhm])[LTNa]y")
def unit_after_of(context: Context, matched: list[Token]) -> Any:
    return one_unit.make(context, matched)


@rule("[tL]#?[dwmqhk][oI][pP]|[tL]#?[mqh][pP]")
def part_of_period(context: Context, matched: list[Token]) -> Any:
    whole = settle(context, matched[-1])
    index = -1 if matched[0].code == "L" else matched[0].value
    if matched[0].code == "L" and matched[0].value:
        return None
    inside = periods.part(whole, index, grain_of(matched), value_of(matched, "#", 1))
    if inside and whole.grain == "m" and grain_of(matched) == "w":
        return Reading(value=inside, kind="vague")  # weeks and months do not begin together
    return assume(inside, context, matched[-1]) if inside else None


@rule("#[tL][dwmqh]o?[pP]")
def first_of_period(context: Context, matched: list[Token]) -> Any:
    """Les trois premiers mois, les deux derniers: the number stands before the ordinal, which must be "first"."""
    count, ordinal, *rest = matched
    is_edge = ordinal.code == "L" or ordinal.value == 1
    return part_of_period.make(context, [ordinal, count, *rest]) if is_edge else None


@rule(f"rL?[#g]{UNIT}|[Lar]r[#g]{UNIT}|[Lar]?[#g]r{UNIT}|[#g]{UNIT}r")
def rolling_units(context: Context, matched: list[Token]) -> Any:
    return _counted(context, matched, periods.rolling)


@rule(f"(?:[LaN][#g]|[#g][LaN]){UNIT}(?!E|[OV][PpMnY]|#[dwmqhy])")
def several_units(context: Context, matched: list[Token]) -> Any:
    grain = grain_of(matched)
    return _counted(context, matched, periods.rolling if grain == "d" else periods.units)


def _counted(context: Context, matched: list[Token], read: Any) -> Any:
    grain, count, after = grain_of(matched), value_of(matched, "#", 3), has_any(matched, "N")
    if not 1 <= count <= MAX_COUNT:
        return None
    if not isinstance(count, int):
        return None
    period = read(context.today, count, grain, after=after)
    if has_any(matched, "g"):
        return Reading(value=period, others=(periods.units(context.today, 2, grain, after=after),), kind="vague")
    if read is periods.units and grain != "k":
        rolled = periods.rolling(context.today, count, grain, after=after)
        return Reading(value=period, others=(rolled,), kind="calendar_or_rolling")
    return period


@rule(f"[LTNa]{UNIT}")
def one_unit(context: Context, matched: list[Token]) -> Any:
    how, grain = matched[0].code, matched[1].code
    if matched[1].value:
        return None
    here = periods.around(context.today, grain)
    if how == "T":
        return here
    if how == "N":
        return periods.stepped(here, matched[0].value or 1)
    before = periods.stepped(here, -(matched[0].value or 1))
    if how == "a" and grain != "d":
        rolled = periods.rolling(context.today, 1, grain)
        return Reading(value=rolled, others=(before,), kind="calendar_or_rolling")
    return before


@rule(f"#{UNIT}G|{UNIT}G|B#{UNIT}")
def units_ago(context: Context, matched: list[Token]) -> Any:
    count, grain = value_of(matched, "#", 1), grain_of(matched)
    if not 1 <= count <= MAX_COUNT:
        return None
    on_day = periods.day(periods.back(context.today, count, grain))
    if matched[0].value == "than":
        return Reading(value=Period(start=None, end=on_day.first, grain="r"), kind="open_start")
    if grain == "d":
        return on_day
    unit = periods.around(on_day.first, grain)
    return unit if grain == "y" else Reading(value=unit, others=(on_day,), kind="vague")


@rule(f"I?[#g]?{UNIT}D")
def units_from_now(context: Context, matched: list[Token]) -> Any:
    return units_ahead.make(context, matched)


@rule(f"(?<![#tLNTa]){UNIT}AN(?!{UNIT}|[MnWv#])")
def unit_after_next(context: Context, matched: list[Token]) -> Any:
    """The week after next."""
    return periods.stepped(periods.around(context.today, matched[0].code), 2)


@rule(f"[DI]g{UNIT}|gL?{UNIT}G|Bg{UNIT}")
def few_units_away(context: Context, matched: list[Token]) -> Any:
    """In a few weeks, some days ago: nobody means an exact day."""
    count = -FEW if has_any(matched, "GB") else FEW
    return Reading(value=periods.day(periods.back(context.today, -count, grain_of(matched))), kind="vague")


@rule(f"[IUD](?:#{UNIT}[cC]?)+#{UNIT}(?![EOVG])|(?:#{UNIT}[cC]?)+#{UNIT}[DG]|B(?:#{UNIT}[cC]?)+#{UNIT}")
def units_of_several_kinds_away(context: Context, matched: list[Token]) -> Any:
    """In a year and two months; 5 months 3 days ago."""
    if matched[0].code in "IU" and matched[0].value != "in":
        return None
    counts = [token.value for token in matched if token.code == "#"]
    grains = [token.code for token in matched if token.code in "dwfkmqhy"]
    if any(count > MAX_COUNT for count in counts):
        return None
    day = context.today
    for count, grain in zip(counts, grains, strict=True):
        day = periods.back(day, count if has_any(matched, "GB") else -count, grain)
    if matched[0].code == "U":
        return Reading(
            value=Period(start=context.today, end=day, grain="r"), others=(periods.day(day),), kind="which_day"
        )
    return periods.day(day)


@rule(f"D#?{UNIT}")
def units_ahead(context: Context, matched: list[Token]) -> Any:
    count, grain = value_of(matched, "#", 1), grain_of(matched)
    return periods.day(periods.back(context.today, -count, grain)) if count <= MAX_COUNT else None


@rule(f"I#{UNIT}(?![EOVGD])")
def units_ahead_or_long(context: Context, matched: list[Token]) -> Any:
    """In two weeks: then, or within that time. It is asked."""
    made = units_ahead.make(context, matched) if matched[0].value != "for" else None
    if made is None:
        return None
    within = Period(start=context.today, end=made.first, grain="r")
    return Reading(value=made, others=(within,), kind="which_day")


@rule(f"U#{UNIT}(?![EOVGD])")
def units_within(context: Context, matched: list[Token]) -> Any:
    """Within two weeks: all days until then, or that day as the last one."""
    if matched[0].value != "in":
        return None
    made = units_ahead.make(context, matched)
    within = Period(start=context.today, end=made.first, grain="r") if made else None
    return Reading(value=within, others=(made,), kind="which_day") if within else None


@rule(f"#?{UNIT}[AB][PRp]")
def units_from_day(context: Context, matched: list[Token]) -> Any:
    """Two days after tomorrow; the week before 5 May is no exact day."""
    day, grain, count = _named_day(context, matched[-1]), grain_of(matched), value_of(matched, "#", 1)
    if day is None or not isinstance(count, int) or not 1 <= count <= MAX_COUNT:
        return None
    is_after = has_any(matched, "A")
    if day.grain == "d":
        moved = periods.day(periods.back(day.first, -count if is_after else count, grain))
        is_exact = count < SHORTEST_RUN if grain == "d" else has_any(matched, "#")
        return moved if is_exact else Reading(value=moved, kind="vague")
    if day.grain != grain:
        return None
    at = periods.stepped(day, count if is_after else -count)
    if count == 1:
        return at
    sides = (day.end, at.end) if is_after else (at.first, day.first)
    run = Period(start=sides[0], end=sides[1], grain="r")
    return Reading(value=run, others=(at,), kind="vague")


def _named_day(context: Context, token: Token) -> Period | None:
    if token.code == "R":
        return periods.day(context.today + timedelta(days=token.value))
    named = settle(context, token)
    return named if named.start is not None else None


@rule(f"S#{UNIT}(?!G)")
def since_units(context: Context, matched: list[Token]) -> Any:
    """For three months now: from that day on."""
    count = value_of(matched, "#")
    if not 1 <= count <= MAX_COUNT:
        return None
    began = periods.back(context.today, count, grain_of(matched))
    return Period(start=began, end=context.today + timedelta(days=1), grain="r")


@rule("R")
def today_or_near(context: Context, matched: list[Token]) -> Any:
    return periods.day(context.today + timedelta(days=matched[0].value))


@rule("[LNTa][Mn]")
def month_near_now(context: Context, matched: list[Token]) -> Any:
    how, number = matched[0].code, matched[1].value
    if how == "T":
        return None if matched[1].code == "n" and number == 5 else periods.month(context.today.year, number)
    this_year = periods.month(context.today.year, number)
    if how == "N":
        later = (matched[0].value or 1) - int(this_year.first > context.today)
        return periods.month(context.today.year + later, number)
    if this_year.end <= context.today.replace(day=1):
        other = periods.month(context.today.year - 1, number)
        return Reading(value=this_year, others=(other,), kind="year_assumed")
    return periods.month(context.today.year - 1, number)
