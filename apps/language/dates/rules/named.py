"""Rules for what is named by its number or name: days, weeks, months, quarters, halves, years, fiscal years."""

from datetime import date
from typing import Any

from apps.language.dates import periods
from apps.language.dates.partial import Partial
from apps.language.dates.periods import Period
from apps.language.dates.reading import (
    MONTH,
    NO_DATE,
    RANGE,
    Context,
    Reading,
    has_any,
    numbers_in,
    readings_of,
    rule,
    value_of,
    with_year,
)
from apps.language.dates.token import Token
from apps.language.dates.tokens import century

MOST_SPELLED = 12
MAX_DAY, MAX_SLIP, MONTHS_OF_YEAR = 31, 99, 12
WEEKS_OF_MONTH = 6
LONGEST_ABBREVIATION = 3
PAST_YEARS, COMING_YEARS = 15, 5


@rule("Q?o?(?:KY|K#|K)|[LTN]K")
def fiscal_year(context: Context, matched: list[Token]) -> Any:
    """Named after the calendar year in which it ends."""
    named = value_of(matched, "Y") or value_of(matched, "K")
    if named is None and (number := value_of(matched, "#")) is not None:
        named = 2000 + number if number < 100 else None
    if named is None and matched[0].code in "LTN":
        named = _fiscal_now(context) + "LTN".index(matched[0].code) - 1
    if named is None:
        return None
    if matched[0].code == "Q" and not 1 <= matched[0].value <= 4:
        return NO_DATE
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


@rule(
    rf"[#t]o?{MONTH}?C[#t]o?{MONTH}(?:[co]?Y)?|(?<!{MONTH})(?:[Wv]c?)?[#t]{RANGE}(?:[Wv]c?)?[#t]o?{MONTH}(?:[co]?Y)?"
    rf"|{MONTH}[#t]{RANGE}[#t](?!o?{MONTH})(?:c?Y)?"
)
def days_of_one_month(_: Context, matched: list[Token]) -> Any:
    months = numbers_in(matched, "Mn")
    if len(set(months)) > 1:
        return None
    first, last = numbers_in(matched)[:2]
    if last <= first or _is_doubtful(matched):
        return None
    return with_year(Partial(grain="d", number=months[0], day=first, last_day=last), matched) or _no_day(last)


def _no_day(number: int) -> Reading | None:
    """31 February is a slip of the pen; 500 February is a count."""
    return NO_DATE if number <= MAX_SLIP else None


def _is_doubtful(matched: list[Token]) -> bool:
    """ "One may": a number in letters beside a word that is a month only sometimes. "First of March" is clear."""
    is_clear = has_any(matched, "Y") or (has_any(matched, "t") and has_any(matched, "o"))
    return (
        has_any(matched, "n")
        and not is_clear
        and any(t.is_spelled and t.value <= MOST_SPELLED for t in matched if t.code in "#t")
    )


@rule(rf"(?<![WvOJVCZFSBAUc@#t]){MONTH}#(?![OJVC#%@dwmqhyYo]|c?[Y@])")
def month_and_day_or_year(context: Context, matched: list[Token]) -> Any:
    """Jun 26, in 2026 or 2027: the month of that year, or the day. In full it is a day."""
    month, number = matched
    this_year = context.today.year % 100
    is_written_so = month.end - month.start <= LONGEST_ABBREVIATION and not number.is_spelled
    if not is_written_so or number.value not in (this_year - 1, this_year):
        return None
    on_day = Partial(grain="d", number=month.value, day=number.value)
    others = tuple(on_day.near(context.today, past=context.prefers_past)[:1])
    return Reading(value=periods.month(2000 + number.value, month.value), others=others, kind="vague")


@rule(rf"[#t][CJ]{MONTH}[CJ]Y|Y[CJ]{MONTH}[CJ][#t]|Y{MONTH}[#t]")
def day_of_month_of_year(_: Context, matched: list[Token]) -> Any:
    """10/Aug/2012, 2012-Aug-10, 2012 August 10."""
    if any(token.code == "C" and token.value != "/" for token in matched):
        return None
    day = numbers_in(matched)[0]
    return with_year(Partial(grain="d", number=value_of(matched, "Mn"), day=day), matched) or _no_day(day)


@rule(rf"[#t]o?{MONTH}c?[o#]?#(?![OJVCmwqdhy%@o])|{MONTH}[#t]c?#(?![OJVCmwqdhy%@o])")
def day_of_month_of_short_year(context: Context, matched: list[Token]) -> Any:
    """9 Aug 96; up to 31 the second number may be anything, so that is asked."""
    last = matched[-1]
    if last.is_spelled or last.end - last.start != 2:
        return None
    number = last.value
    partial = Partial(grain="d", number=value_of(matched, "Mn"), day=numbers_in(matched)[0])
    day = partial.at(century(number))
    if day is None or number > MAX_DAY:
        return day
    others = tuple(partial.near(context.today, past=context.prefers_past)[:1])
    return Reading(value=day, others=others, kind="vague")


@rule(
    rf"[#t]o?{MONTH}[co]?Y|{MONTH}[#t][co]?Y|[#t]o?M|(?<=[UFSVBAOJZ])[#t]o?n|[#t]o?n(?!x)"
    rf"|M[#t](?!{MONTH})|n[#t](?!x|s|{MONTH})"
)
def day_of_month(_: Context, matched: list[Token]) -> Any:
    if _is_doubtful(matched):
        return None
    day = numbers_in(matched)[0]
    found = with_year(Partial(grain="d", number=value_of(matched, "Mn"), day=day), matched)
    return found or (None if has_any(matched, "n") and day > MAX_DAY and not has_any(matched, "Y") else _no_day(day))


@rule(
    "[QH][JoC]?Y|Y[JoC]?[QH]|(?<!#)t[qh][oF]?Y|Yt[qh]|(?<![LTNar#])[qh]#o?Y|(?<![LTNar#])[qh]#|[QH]|(?<!#)t[qh](?!o|[LTNa]y|[Mn])"
)
def quarter_or_half(_: Context, matched: list[Token]) -> Any:
    grain = next(token.code for token in matched if token.code in "QHqh").lower()
    number = value_of(matched, "QHt#")
    if not 1 <= number <= (4 if grain == "q" else 2):
        return NO_DATE if has_any(matched, "Y") else None
    return with_year(Partial(grain=grain, number=number), matched)


@rule(rf"{MONTH}[Jo]?c?Y|Yc?{MONTH}(?![co]?Y|[#t])")
def month_of_year(_: Context, matched: list[Token]) -> Any:
    return periods.month(value_of(matched, "Y"), value_of(matched, "Mn"))


@rule(f"{MONTH}c?#(?![#JOV%wdmqhy])")
def month_of_last_century(_: Context, matched: list[Token]) -> Any:
    """Aug 96: no day has that number."""
    number, month = matched[-1].value, matched[0].value
    return periods.month(century(number), month) if MAX_DAY < number <= MAX_SLIP else None


@rule(f"{MONTH}J#(?![#JOV])")
def month_of_short_year(_: Context, matched: list[Token]) -> Any:
    """Mar-25: the year, or the day."""
    month, number = matched[0].value, matched[2].value
    if not 10 <= number <= 99:
        return None
    day = Partial(grain="d", number=month, day=number) if number <= 31 else None
    others = (day.at(2000 + number),) if day else ()
    return Reading(value=periods.month(2000 + number, month), others=others, kind="vague")


@rule(r"\$o?[YP]|[LTN]\$(?!o?[YP])|^\$$")
def season(context: Context, matched: list[Token]) -> Any:
    """Meteorological, in the northern hemisphere; nobody means exact days."""
    year = _year_of_season(context, matched)
    if year is None:
        return None
    start = date(year, value_of(matched, "$"), 1)
    return Reading(value=Period(start=start, end=periods.add_months(start, 3), grain="r"), kind="vague")


def _year_of_season(context: Context, matched: list[Token]) -> int | None:
    named, first_month = matched[-1].value, value_of(matched, "$")
    if matched[-1].code == "P":
        return named.first.year if named.grain == "y" else None
    if matched[-1].code == "Y":
        return int(named)
    has_begun, is_over = context.today.month >= first_month, context.today.month >= first_month + 3
    shift = {"L": 0 if is_over else -1, "N": int(has_begun), "$": -1 if context.prefers_past and not has_begun else 0}
    return context.today.year + shift.get(matched[0].code, 0)


@rule("tw[oC]?Y|tw(?!o)|(?<![LTNa#gr])(?:w#[oC]?Y|w[JoIcC]?Y|w#|w)")
def numbered_week(_: Context, matched: list[Token]) -> Any:
    """Week 12, the 12th week. The first weeks may be those of a month, unless they are said to be the calendar's."""
    number = value_of(matched, "t", value_of(matched, "#", matched[0].value))
    if matched[0].code == "t" and number <= WEEKS_OF_MONTH and matched[1].value is None and not has_any(matched, "Y"):
        return None
    if not number:
        return None
    return with_year(Partial(grain="w", number=number), matched) or (NO_DATE if has_any(matched, "Y") else None)


@rule("(?<![tLNar#])m#(?:[OJVC]#)?[oC]?Y")
def numbered_months(_: Context, matched: list[Token]) -> Any:
    """Months 3 to 5 of 2026."""
    first, last = (numbers_in(matched) * 2)[:2]
    if not 1 <= first <= last <= MONTHS_OF_YEAR:
        return None
    year = value_of(matched, "Y")
    start, end = periods.month(year, first), periods.month(year, last)
    return start if first == last else Period(start=start.start, end=end.end, grain="r")


@rule("(?<![tLNar#])#[mq]o?Y")
def months_of_year(_: Context, matched: list[Token]) -> Any:
    """Nine months of 2025: in accounts the first nine, and it is asked."""
    inside = periods.part(periods.year(matched[-1].value), 1, matched[1].code, matched[0].value)
    return Reading(value=inside, kind="vague") if inside else None


@rule("(?<![jCMn#])[#t][OJV]P")
def day_to_date(_: Context, matched: list[Token]) -> Any:
    """5. to 12.3.2025: the first has month and year of the last."""
    last: Period = matched[-1].value
    if last.grain != "d" or not 1 <= matched[0].value < last.last.day:
        return None
    return Period(start=last.last.replace(day=matched[0].value), end=last.end, grain="r")


@rule("YJ#(?![#%dwfkmqhyMnJOVC])")
def year_and_number(_: Context, matched: list[Token]) -> Any:
    """2016 - 11 may be a month, and 2012 - 14 some years: neither is the first year alone."""
    year, number = matched[0].value, matched[2].value
    if matched[2].is_spelled or matched[2].end - matched[2].start != 2:
        return None
    if 1 <= number <= MONTHS_OF_YEAR:
        return Reading(value=periods.month(year, number), others=(periods.year(year),), kind="vague")
    last = year - year % 100 + number
    if last <= year:
        return None
    years = Period(start=date(year, 1, 1), end=date(last + 1, 1, 1), grain="r")
    return Reading(value=years, others=(periods.year(year),), kind="vague")


@rule("yY")
def said_year(_: Context, matched: list[Token]) -> Any:
    return periods.year(matched[1].value)


@rule("(?<![#gtLNTar])mo[Mn](?:[co]?Y)?")
def month_of_name(_: Context, matched: list[Token]) -> Any:
    """The month of April is April."""
    return with_year(Partial(grain="m", number=value_of(matched, "Mn")), matched)


@rule("(?<=[IFSBAVZo])n|(?<=[bi])n|(?<=e)n(?=$|[cC])|(?<=[bi]J)n|(?<=[pPMYn][OJC])n|n(?=[OJC][MnpP]|o?[LTNa]y)|^n$|M")
def month_alone(_: Context, matched: list[Token]) -> Any:
    return Partial(grain="m", number=matched[-1].value)


@rule("pc?o?P|PI?p|pY")
def part_in_named_year(_: Context, matched: list[Token]) -> Any:
    partial = value_of(matched, "p")
    if (year := value_of(matched, "Y")) is not None:
        return partial.at(year) or NO_DATE
    whole: Period = value_of(matched, "P")
    return (partial.at(whole.first.year) or NO_DATE) if whole.grain == "y" and whole.first.month == 1 else None


@rule("[Wv]c?[Pp]")
def weekday_of_day(_: Context, matched: list[Token]) -> Any:
    """Friday, 13 March: the weekday adds nothing; where it contradicts, the day counts and says so."""
    day = matched[-1].value
    if day.grain != "d":
        return None
    if isinstance(day, Period) and day.first.weekday() != matched[0].value - 1:
        return Reading(value=day, kind="which_day")
    return day


@rule("I?p")
def part_without_year(context: Context, matched: list[Token]) -> Any:
    reading, *others = readings_of(context, matched[-1].value)
    return Reading(value=reading, others=tuple(others), kind="year_assumed")


@rule("[IFSo]Y(?!s)|(?<![jU#s])Y(?!s|J#)")
def year_alone(context: Context, matched: list[Token]) -> Any:
    """A bare number is a year only near the present, unless a preposition stands before it."""
    number = matched[-1].value
    is_near = context.today.year - PAST_YEARS <= number <= context.today.year + COMING_YEARS
    return periods.year(number) if is_near or len(matched) > 1 else None


@rule("(?<=[beiqhmwd]o)Y|(?<=[tL]#[mqh])Y|(?<=[tL]m)Y")
def year_after_of(_: Context, matched: list[Token]) -> Any:
    return periods.year(matched[0].value)
