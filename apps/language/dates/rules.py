"""The rule table, the same for every language. Rules run in this order, each over the whole text."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from apps.language.dates import periods
from apps.language.dates.grammar import Context, Reading, Rule, rule
from apps.language.dates.partial import Partial
from apps.language.dates.periods import Period
from apps.language.dates.tokens import Token

MAX_COUNT = 1000
PAST_YEARS, COMING_YEARS = 15, 5
MONTH, UNIT, RANGE = "[Mn]", "[dwfkmqhy]", "[OJV]"


def _numbers(matched: list[Token], codes: str = "#t") -> list[int]:
    return [token.value for token in matched if token.code in codes]


def _value(matched: list[Token], codes: str, default: Any = None) -> Any:
    return next((token.value for token in matched if token.code in codes), default)


def _grain(matched: list[Token]) -> str:
    return next(token.code for token in matched if token.code in "dwfkmqhy")


def _has(matched: list[Token], codes: str) -> bool:
    return any(token.code in codes for token in matched)


def _dated(partial: Partial, matched: list[Token]) -> Period | Partial | None:
    """With the year if one was said; a day that no month has is no date."""
    if (year := _value(matched, "Y")) is not None:
        return partial.at(year)
    return partial if partial.at(2024) else None


# Fiscal years --------------------------------------------------------------------------------------------------------


@rule("Q?o?(?:KY|K#|K)|[LTN]K")
def fiscal_year(context: Context, matched: list[Token]) -> Any:
    """Named after the calendar year in which it ends."""
    named = _value(matched, "Y") or _value(matched, "K")
    if named is None and (number := _value(matched, "#")) is not None:
        named = 2000 + number if number < 100 else None
    if named is None and matched[0].code in "LTN":
        named = _fiscal_now(context) + "LTN".index(matched[0].code) - 1
    if named is None:
        return None
    month = context.fiscal_start_month
    starts = [(named if month == 1 else named - 1, month), (named - 1, 4), (named - 1, 7)]
    readings = [periods.year(*start) for start in starts]
    if matched[0].code == "Q":
        readings = [_fiscal_quarter(whole, matched[0].value) for whole in readings]
    if context.is_fiscal_known:
        return readings[0]
    return Reading(value=readings[0], others=tuple(readings[1:]), kind="fiscal")


def _fiscal_now(context: Context) -> int:
    begun = context.fiscal_start_month > 1 and context.today.month >= context.fiscal_start_month
    return context.today.year + int(begun)


def _fiscal_quarter(whole: Period, number: int) -> Period:
    start = periods.add_months(whole.first, 3 * number - 3)
    return Period(start=start, end=periods.add_months(start, 3), grain="q")


# Days of a month -----------------------------------------------------------------------------------------------------


@rule(rf"[#t]o?{MONTH}?C[#t]o?{MONTH}c?Y?|[#t]{RANGE}[#t]o?{MONTH}c?Y?|{MONTH}[#t]{RANGE}[#t](?:c?Y)?")
def days_of_one_month(_: Context, matched: list[Token]) -> Any:
    months = _numbers(matched, "Mn")
    if len(set(months)) > 1:
        return None
    first, last = _numbers(matched)[:2]
    if last <= first or _is_doubtful(matched):
        return None
    return _dated(Partial(grain="d", number=months[0], day=first, last_day=last), matched)


def _is_doubtful(matched: list[Token]) -> bool:
    """ "One may": a number in letters beside a word that is a month only sometimes."""
    return _has(matched, "n") and not _has(matched, "Y") and any(t.is_spelled for t in matched if t.code in "#t")


@rule(
    rf"[#t]o?{MONTH}c?Y|{MONTH}[#t]c?Y|[#t]o?M|(?<=[UFSVBAOJZ])[#t]o?n|[#t]o?n(?!x)"
    rf"|M[#t](?!{MONTH})|n[#t](?!x|s|{MONTH})"
)
def day_of_month(_: Context, matched: list[Token]) -> Any:
    if _is_doubtful(matched):
        return None
    day = _numbers(matched)[0]
    return _dated(Partial(grain="d", number=_value(matched, "Mn"), day=day), matched)


# Quarters, halves, months, weeks -------------------------------------------------------------------------------------


@rule("[QH][JoC]?Y|Y[JoC]?[QH]|t[qh]o?Y|Yt[qh]|(?<![LTNar#])[qh]#o?Y|(?<![LTNar#])[qh]#|[QH]|t[qh](?!o|[LTNa]y)")
def quarter_or_half(_: Context, matched: list[Token]) -> Any:
    grain = next(token.code for token in matched if token.code in "QHqh").lower()
    number = _value(matched, "QHt#")
    if not 1 <= number <= (4 if grain == "q" else 2):
        return None
    return _dated(Partial(grain=grain, number=number), matched)


@rule(rf"{MONTH}[Jo]?c?Y|Y{MONTH}")
def month_of_year(_: Context, matched: list[Token]) -> Any:
    return periods.month(_value(matched, "Y"), _value(matched, "Mn"))


@rule("(?<![LTNa#gr])(?:w#o?Y|w[JoIcC]?Y|w#|w)")
def numbered_week(_: Context, matched: list[Token]) -> Any:
    number = _value(matched, "#", matched[0].value)
    return None if number is None else _dated(Partial(grain="w", number=number), matched)


@rule("yY")
def said_year(_: Context, matched: list[Token]) -> Any:
    return periods.year(matched[1].value)


# To date -------------------------------------------------------------------------------------------------------------


@rule(f"X|T{UNIT}z|zT{UNIT}")
def to_date(context: Context, matched: list[Token]) -> Any:
    grain = matched[0].value if matched[0].code == "X" else _grain(matched)
    return _until_today(periods.around(context.today, grain), context)


@rule("[FS]?[YPp]z")
def named_to_date(context: Context, matched: list[Token]) -> Any:
    return _until_today(_settled(context, matched[-2]), context)


def _until_today(period: Period, context: Context) -> Period:
    return Period(start=period.start, end=context.today + timedelta(days=1), grain="r")


# Parts of a period that is itself relative ---------------------------------------------------------------------------


@rule(r"(?:(?<=[bei]o)|(?<=t[dwmqh]o)|(?<=[Lt]#[dwmqh]o)|(?<=L[dwmqh]o))[wmqhy]")
def the_present_unit(context: Context, matched: list[Token]) -> Any:
    return periods.around(context.today, matched[0].code)


@rule("(?<=[beiqhmwd]o)Y")
def year_after_of(_: Context, matched: list[Token]) -> Any:
    return periods.year(matched[0].value)


@rule(f"(?<=o)[LTNa]{UNIT}|(?<=t[qhm])[LTNa]y")
def unit_after_of(context: Context, matched: list[Token]) -> Any:
    return one_unit.make(context, matched)


@rule("[tL]#?[dwmqh]o[pP]|[tL]#?[mqh]P")
def part_of_period(context: Context, matched: list[Token]) -> Any:
    whole = _settled(context, matched[-1])
    index = -1 if matched[0].code == "L" else matched[0].value
    if matched[0].code == "L" and matched[0].value:
        return None
    inside = periods.part(whole, index, _grain(matched), _value(matched, "#", 1))
    return _assumed(inside, context, matched[-1]) if inside else None


# Rolling, last, this, next -------------------------------------------------------------------------------------------


@rule(f"rL?[#g]{UNIT}|[Lar]r[#g]{UNIT}|[Lar]?[#g]r{UNIT}")
def rolling_units(context: Context, matched: list[Token]) -> Any:
    return _counted(context, matched, periods.rolling)


@rule(f"[LaN][#g]{UNIT}|[#g][LaN]{UNIT}")
def several_units(context: Context, matched: list[Token]) -> Any:
    grain = _grain(matched)
    if grain == "d":
        return _counted(context, matched, periods.rolling)
    return _counted(context, matched, periods.units)


def _counted(context: Context, matched: list[Token], read: Any) -> Any:
    grain, count, after = _grain(matched), _value(matched, "#", 3), _has(matched, "N")
    if not 1 <= count <= MAX_COUNT:
        return None
    period = read(context.today, count, grain, after=after)
    if _has(matched, "g"):
        return Reading(value=period, others=(periods.units(context.today, 2, grain, after=after),), kind="vague")
    if read is periods.units and grain != "k":
        rolled = periods.rolling(context.today, count, grain, after=after)
        return Reading(value=period, others=(rolled,), kind="calendar_or_rolling")
    return period


@rule(f"[LTNa]{UNIT}")
def one_unit(context: Context, matched: list[Token]) -> Any:
    how, grain = matched[0].code, matched[1].code
    if matched[1].value is not None:
        return None
    here = periods.around(context.today, grain)
    if how == "T":
        return here
    if how == "N":
        return periods.stepped(here, 1)
    before = periods.stepped(here, -(matched[0].value or 1))
    if how == "a" and grain != "d":
        rolled = periods.rolling(context.today, 1, grain)
        return Reading(value=rolled, others=(before,), kind="calendar_or_rolling")
    return before


@rule(f"#{UNIT}G|{UNIT}G")
def units_ago(context: Context, matched: list[Token]) -> Any:
    count, grain = _value(matched, "#", 1), _grain(matched)
    if not 1 <= count <= MAX_COUNT:
        return None
    on_day = periods.day(periods.back(context.today, count, grain))
    if grain == "d":
        return on_day
    unit = periods.around(on_day.first, grain)
    return unit if grain == "y" else Reading(value=unit, others=(on_day,), kind="vague")


@rule(f"I?#{UNIT}D")
def units_from_now(context: Context, matched: list[Token]) -> Any:
    count, grain = _value(matched, "#"), _grain(matched)
    return periods.day(periods.back(context.today, -count, grain)) if count <= MAX_COUNT else None


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
        return this_year if this_year.first > context.today else periods.month(context.today.year + 1, number)
    if this_year.end <= context.today.replace(day=1):
        other = periods.month(context.today.year - 1, number)
        return Reading(value=this_year, others=(other,), kind="year_assumed")
    return periods.month(context.today.year - 1, number)


@rule("[Wv]c?[Pp]")
def weekday_of_day(_: Context, matched: list[Token]) -> Any:
    """Friday, 13 March: the weekday adds nothing; where it contradicts, the day counts and says so."""
    day = matched[-1].value
    if day.grain != "d":
        return None
    if isinstance(day, Period) and day.first.weekday() != matched[0].value - 1:
        return Reading(value=day, kind="which_day")
    return day


@rule("[LNTa][Wv]|[IU]?W")
def weekday(context: Context, matched: list[Token]) -> Any:
    how, number = matched[0].code, matched[-1].value - 1
    monday = context.today - timedelta(days=context.today.weekday())
    in_week = monday + timedelta(days=number)
    if how == "T":
        return periods.day(in_week)
    before = in_week if in_week < context.today else in_week - timedelta(days=7)
    after = in_week if in_week > context.today else in_week + timedelta(days=7)
    if how == "N":
        other = after + timedelta(days=7) if after.isocalendar()[1] == context.today.isocalendar()[1] else None
        return Reading(value=periods.day(after), others=(periods.day(other),) if other else (), kind="which_day")
    if how in "La":
        return periods.day(before)
    wanted, other = (before, after) if context.prefers_past else (after, before)
    if in_week == context.today:
        wanted = in_week
    return Reading(value=periods.day(wanted), others=(periods.day(other),), kind="which_day")


# A part and the year beside it ---------------------------------------------------------------------------------------


@rule("(?<=[IFSBAVZo])n|(?<=[bi])n|(?<=[bi]J)n|(?<=[pPMYn][OJC])n|n(?=[OJ][MnpP]|o?[LTNa]y)|^n$|M")
def month_alone(_: Context, matched: list[Token]) -> Any:
    return Partial(grain="m", number=matched[-1].value)


@rule("pc?o?P|PI?p|pY")
def part_in_named_year(_: Context, matched: list[Token]) -> Any:
    partial = _value(matched, "p")
    if (year := _value(matched, "Y")) is not None:
        return partial.at(year)
    whole: Period = _value(matched, "P")
    return partial.at(whole.first.year) if whole.grain == "y" and whole.first.month == 1 else None


# Edges: "the beginning of", "the end of" -----------------------------------------------------------------------------


@rule("(?<=[FSZ])bo?[pPY]|(?<=[VOJC])eo?[pPY]|(?<=l)eo?[pPY]")
def edge_of_range(_: Context, matched: list[Token]) -> Any:
    """Since the beginning of March is since March; until the end of June is until June."""
    last = matched[-1]
    return periods.year(last.value) if last.code == "Y" else last.value


@rule("[bie]J?o?[pPY]")
def vague_part(context: Context, matched: list[Token]) -> Any:
    whole = matched[-1].value
    if matched[-1].code == "Y":
        whole = periods.year(whole)
    if isinstance(whole, Partial):
        whole = _settled(context, matched[-1])
    if whole.grain not in "mqhyw":
        return None
    return Reading(value=periods.third(whole, "bie".index(matched[0].code)), others=(whole,), kind="vague")


@rule("wo[Pp]")
def week_of_day(context: Context, matched: list[Token]) -> Any:
    day = _settled(context, matched[-1])
    return _assumed(periods.around(day.first, "w"), context, matched[-1]) if day.grain == "d" else None


@rule(f"#{UNIT}[EOV]P|{UNIT}EP")
def units_ended(_: Context, matched: list[Token]) -> Any:
    """Year ended 31 March 2025; 12 months to March 2025."""
    last, count, grain = matched[-1].value, _value(matched, "#", 1), _grain(matched)
    if last.start is None or not 1 <= count <= MAX_COUNT:
        return None
    return Period(start=periods.back(last.end, count, grain), end=last.end, grain="r")


@rule(f"#{UNIT}[EOV]p|{UNIT}Ep")
def units_ended_lately(context: Context, matched: list[Token]) -> Any:
    reading = _nearest(context, matched[-1].value)
    made = units_ended.make(context, [*matched[:-1], replace(matched[-1], value=reading.value)])
    return Reading(value=made, kind="year_assumed") if made else None


# From … to -----------------------------------------------------------------------------------------------------------


@rule(rf"F?[pPY]{RANGE}[pPY]|Z[pPY]C[pPY]")
def from_to(context: Context, matched: list[Token]) -> Any:
    sides = [token for token in matched if token.code in "pPY"]
    if all(token.code == "Y" for token in sides) and sides[1].value <= sides[0].value:
        return None
    left, right = (periods.year(token.value) if token.code == "Y" else token.value for token in sides)
    return _joined(context, left, right)


def _joined(context: Context, left: Period | Partial, right: Period | Partial) -> Any:
    assumed = ""
    if isinstance(right, Partial):
        if isinstance(left, Partial):
            right, assumed = _nearest(context, right).value, "year_assumed"
        else:
            right = _after(right, left)
    if isinstance(left, Partial):
        left = _before(left, right)
    if left is None or right is None or left.start is None or right.start is None:
        return None
    if right.end <= left.start:
        swapped = Period(start=right.start, end=left.end, grain="r")
        return Reading(value=swapped, kind="backwards")
    period = Period(start=left.start, end=right.end, grain="r")
    return Reading(value=period, others=(period.shifted_to(-1),), kind=assumed)


def _after(right: Partial, left: Period) -> Period | None:
    """The year flows right; it is the next one where the range would run backwards."""
    same = right.at(left.first.year)
    return same if same and same.end > left.first else right.at(left.first.year + 1)


def _before(left: Partial, right: Period) -> Period | None:
    same = left.at(right.first.year)
    return same if same and same.first <= right.first else left.at(right.first.year - 1)


@rule("[pPY]C[pPY]")
def neighbours(context: Context, matched: list[Token]) -> Any:
    """January and February: one period if they touch."""
    left, _, right = (periods.year(token.value) if token.code == "Y" else token.value for token in matched)
    made = _joined(context, left, right)
    if made is None:
        return None
    first = left if isinstance(left, Period) else _before(left, periods.day(made.value.last))
    if first is None or made.kind == "backwards" or first.grain == "r" or first.grain != getattr(right, "grain", ""):
        return None
    return made if periods.stepped(first, 2).start == made.value.end else None


# Open ends -----------------------------------------------------------------------------------------------------------


@rule("S[pPY]|F[pPY]u|F[pP](?!.*[pP])")
def since(context: Context, matched: list[Token]) -> Any:
    named = _settled(context, matched[1])
    tomorrow = context.today + timedelta(days=1)
    is_bare = matched[0].code == "F" and matched[-1].code != "u"
    if named.start is None or named.start >= tomorrow or (is_bare and named.grain != "d"):
        return None
    period = Period(start=named.start, end=tomorrow, grain="r")
    if is_bare:
        return Reading(value=period, others=(named,), kind="from_or_in")
    return _assumed(period, context, matched[1])


@rule("A[pPY]")
def after(context: Context, matched: list[Token]) -> Any:
    named = _settled(context, matched[1])
    tomorrow = context.today + timedelta(days=1)
    if named.end >= tomorrow:
        return None
    return _assumed(Period(start=named.end, end=tomorrow, grain="r"), context, matched[1])


@rule("[BVl][pPY]")
def before(context: Context, matched: list[Token]) -> Any:
    named = _settled(context, matched[1])
    end = named.first if matched[0].code == "B" else named.end
    begun = Period(start=date(min(end - timedelta(days=1), context.today).year, 1, 1), end=end, grain="r")
    return Reading(value=Period(start=None, end=end, grain="r"), others=(begun,), kind="open_start")


def _settled(context: Context, token: Token) -> Period:
    if token.code == "Y":
        return periods.year(token.value)
    value: Period = _nearest(context, token.value).value if token.code == "p" else token.value
    return value


def _assumed(period: Period, context: Context, token: Token) -> Any:
    return Reading(value=period, others=(period.shifted_to(-1),), kind="year_assumed") if token.code == "p" else period


def _nearest(context: Context, partial: Partial) -> Reading:
    readings = partial.near(context.today, past=context.prefers_past)
    if not readings:
        raise ValueError("no year has these days")
    return Reading(value=readings[0], others=tuple(readings[1:]), kind="year_assumed")


# What is left --------------------------------------------------------------------------------------------------------


@rule("I?p")
def part_without_year(context: Context, matched: list[Token]) -> Any:
    return _nearest(context, matched[-1].value)


@rule("[IFSo]Y(?!s)|(?<![jU#s])Y(?!s)")
def year_alone(context: Context, matched: list[Token]) -> Any:
    """A bare number is a year only near the present, unless a preposition stands before it."""
    number = matched[-1].value
    is_near = context.today.year - PAST_YEARS <= number <= context.today.year + COMING_YEARS
    return periods.year(number) if is_near or len(matched) > 1 else None


RULES: tuple[Rule, ...] = (
    fiscal_year,
    days_of_one_month,
    day_of_month,
    quarter_or_half,
    month_of_year,
    numbered_week,
    said_year,
    to_date,
    the_present_unit,
    year_after_of,
    unit_after_of,
    month_near_now,
    month_alone,
    part_of_period,
    rolling_units,
    several_units,
    one_unit,
    units_ago,
    units_from_now,
    today_or_near,
    weekday_of_day,
    weekday,
    part_in_named_year,
    named_to_date,
    edge_of_range,
    vague_part,
    week_of_day,
    units_ended,
    units_ended_lately,
    from_to,
    neighbours,
    since,
    after,
    before,
    part_without_year,
    year_alone,
)
