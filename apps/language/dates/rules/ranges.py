"""Rules for what has two ends, or one: from and to, since, until, before, after, beginnings and endings."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from apps.language.dates import periods
from apps.language.dates.partial import Partial
from apps.language.dates.periods import Period
from apps.language.dates.reading import (
    MAX_COUNT,
    RANGE,
    UNIT,
    Context,
    Reading,
    assume,
    grain_of,
    nearest,
    rule,
    settle,
    value_of,
)
from apps.language.dates.token import Token

PAST_YEARS, COMING_YEARS = 15, 5


@rule("[#t][OJV][pP]|tC[pP]|p[OJV]#(?:[oc]?Y|(?![#%dwfkmqhyMnOJVY]))")
def numbers_of_one_unit(context: Context, matched: list[Token]) -> Any:
    """The 2nd to 3rd quarter, weeks 12 to 14: one side is a number alone, and of the other's unit."""
    named, number = value_of(matched, "pP"), value_of(matched, "#t")
    if named.grain not in ("q", "h", "w") or not isinstance(number, int):
        return None
    alone = Partial(grain=named.grain, number=number)
    left, right = (alone, named) if matched[0].code in "#t" else (named, alone)
    if (year := value_of(matched, "Y")) is not None:
        left, right = named.at(year), alone.at(year)
    if isinstance(left, Partial) and isinstance(right, Partial) and left.number >= right.number:
        return None
    joined = _joined(context, left, right)
    return None if joined is None or joined.kind == "backwards" else joined


@rule("Fbo?[pPY](?!z|e?[OJV])")
def since_beginning(context: Context, matched: list[Token]) -> Any:
    """From the start of last year, with nothing said about an end: until today.

    "Von Anfang März" and "from early March" may be that time alone, which is as vague as without the "from".
    """
    if matched[0].value == "of" or matched[1].value == "early":
        return vague_part.make(context, matched[1:])
    named = settle(context, matched[-1])
    tomorrow = context.today + timedelta(days=1)
    if named.start is None or named.start >= tomorrow:
        return None
    return assume(Period(start=named.start, end=tomorrow, grain="r"), context, matched[-1])


@rule("(?<=[FSZ])bo?[pPY]|(?<=[VOJC])eo?[pPY]|(?<=l)eo?[pPY]")
def edge_of_range(_: Context, matched: list[Token]) -> Any:
    """Since the beginning of March is since March; until the end of June is until June."""
    last = matched[-1]
    return periods.year(last.value) if last.code == "Y" else last.value


@rule("Beo?[pPY]")
def before_end(context: Context, matched: list[Token]) -> Any:
    """Before the end of June: until June."""
    return before.make(context, [replace(matched[0], code="V"), matched[-1]])


@rule("[bie]J?o?[pPY]")
def vague_part(context: Context, matched: list[Token]) -> Any:
    whole = matched[-1].value
    if matched[-1].code == "Y":
        whole = periods.year(whole)
    if isinstance(whole, Partial):
        whole = settle(context, matched[-1])
    if matched[0].value == "same":
        return Reading(value=whole, kind="vague")
    if whole.grain not in "mqhyw":
        return None
    edges = {"b": (periods.day(whole.first),), "e": (periods.day(whole.last),)}.get(matched[0].code, ())
    third = periods.third(whole, "bie".index(matched[0].code))
    return Reading(value=third, others=(*edges, whole), kind="vague")


@rule("wo[Pp]")
def week_of_day(context: Context, matched: list[Token]) -> Any:
    day = settle(context, matched[-1])
    return assume(periods.around(day.first, "w"), context, matched[-1]) if day.grain == "d" else None


@rule(f"[La]?#{UNIT}[EOV]P|{UNIT}EP")
def units_ended(_: Context, matched: list[Token]) -> Any:
    """Year ended 31 March 2025; 12 months to March 2025."""
    last, count, grain = matched[-1].value, value_of(matched, "#", 1), grain_of(matched)
    if last.start is None or not 1 <= count <= MAX_COUNT:
        return None
    return Period(start=periods.back(last.end, count, grain), end=last.end, grain="r")


@rule(f"[La]?#{UNIT}[EOV]p|{UNIT}Ep")
def units_ended_lately(context: Context, matched: list[Token]) -> Any:
    settled = replace(matched[-1], value=nearest(context, matched[-1].value))
    made = units_ended.make(context, [*matched[:-1], settled])
    return Reading(value=made, kind="year_assumed") if made else None


@rule("#[dwmqhy]F[pP](?![OJV])")
def units_from_on(context: Context, matched: list[Token]) -> Any:
    """Three months from May 2026: May and the two behind it, or from then on."""
    named, count = settle(context, matched[-1]), matched[0].value
    if named.start is None or not isinstance(count, int) or not 1 <= count <= MAX_COUNT:
        return None
    run = Period(start=named.start, end=periods.back(named.start, -count, grain_of(matched)), grain="r")
    return Reading(value=run, others=(named,), kind="vague")


@rule("jY[OJV]Y")
def labelled(_: Context, __: list[Token]) -> Any:
    """Invoices no. 2025 to 2030 are no years."""
    return Reading(value=None)


@rule(rf"[FS]?[pPY]{RANGE}[pPY]|Z[pPY]C[pPY]")
def from_to(context: Context, matched: list[Token]) -> Any:
    sides = [token for token in matched if token.code in "pPY"]
    if all(token.code == "Y" for token in sides) and sides[1].value <= sides[0].value:
        return None
    left, right = (periods.year(token.value) if token.code == "Y" else token.value for token in sides)
    return _joined(context, left, right)


def _joined(context: Context, left: Period | Partial, right: Period | Partial) -> Any:
    last, first = _sides(context, left, right)
    if first is None or last is None or first.start is None or last.start is None:
        return None
    if last.end <= first.start:
        return Reading(value=Period(start=last.start, end=first.end, grain="r"), kind="backwards")
    period = Period(start=first.start, end=last.end, grain="r")
    is_assumed = isinstance(left, Partial) and isinstance(right, Partial)
    return Reading(value=period, others=(period.shifted_to(-1),), kind="year_assumed" if is_assumed else "")


def _sides(context: Context, left: Period | Partial, right: Period | Partial) -> tuple[Period | None, Period | None]:
    """(last, first), each with the year of the other where its own was not said."""
    if isinstance(right, Period):
        return right, _before(left, right) if isinstance(left, Partial) else left
    if isinstance(left, Period):
        return _after(right, left), left
    settled = nearest(context, right)
    return settled, _before(left, settled)


def _after(right: Partial, left: Period) -> Period | None:
    """The year flows right; it is the next one where the range would run backwards."""
    same = right.at(left.first.year)
    return same if same and same.end > left.first else right.at(left.first.year + 1)


def _before(left: Partial, right: Period) -> Period | None:
    same = left.at(right.first.year)
    return same if same and same.first <= right.first else left.at(right.first.year - 1)


@rule("[pPY](?:c[pPY])*C[pPY]")
def neighbours(context: Context, matched: list[Token]) -> Any:
    """January, February and March: one period if each touches the next."""
    named = [
        periods.year(token.value) if token.code == "Y" else token.value for token in matched if token.code in "pPY"
    ]
    if len({each.grain for each in named}) > 1 or named[0].grain == "r":
        return None
    is_assumed = all(isinstance(each, Partial) for each in named)
    chain = [named[-1] if isinstance(named[-1], Period) else nearest(context, named[-1])]
    for each in reversed(named[:-1]):
        before = _before(each, chain[0]) if isinstance(each, Partial) else each
        if before is None or before.end != chain[0].start:
            return None
        chain.insert(0, before)
    period = Period(start=chain[0].start, end=chain[-1].end, grain="r")
    return Reading(value=period, others=(period.shifted_to(-1),), kind="year_assumed" if is_assumed else "")


@rule("S[pPY]|F?[pPY]u|F[pP](?!.*[pP])")
def since(context: Context, matched: list[Token]) -> Any:
    """Since March; 2012 or later; from 5 May, which may also be that day alone."""
    said = next(token for token in matched if token.code in "pPY")
    named = settle(context, said)
    tomorrow = context.today + timedelta(days=1)
    is_bare = matched[0].code == "F" and matched[0].value != "since" and matched[-1].code != "u"
    if named.start is None or (is_bare and named.grain != "d"):
        return None
    if named.start >= tomorrow:
        return Reading(value=named, kind="from_or_in")
    period = Period(start=named.start, end=tomorrow, grain="r")
    if is_bare:
        return Reading(value=period, others=(named,), kind="from_or_in")
    return assume(period, context, said)


@rule("A[pPY]")
def after(context: Context, matched: list[Token]) -> Any:
    named = settle(context, matched[1])
    tomorrow = context.today + timedelta(days=1)
    if named.end >= tomorrow:
        return Reading(value=None, kind="open_end")
    return assume(Period(start=named.end, end=tomorrow, grain="r"), context, matched[1])


@rule("[BVlE][pPY]|[pPY]l(?![pPY])")
def before(context: Context, matched: list[Token]) -> Any:
    """Before March; until March; 2012 or earlier."""
    if matched[-1].code == "l" and matched[-1].value != "behind":
        return None
    ahead = replace(context, prefers_past=False) if matched[0].code == "l" else context
    named = settle(ahead, next(token for token in matched if token.code in "pPY"))
    end = named.first if matched[0].code == "B" else named.end
    if matched[0].value == "or_before" and named.grain != "d":
        return _up_to(named)
    begun = Period(start=date(min(end - timedelta(days=1), context.today).year, 1, 1), end=end, grain="r")
    return Reading(value=Period(start=None, end=end, grain="r"), others=(begun,), kind="open_start")


def _up_to(named: Period) -> Reading:
    """До июня: June is mostly left out, and not always."""
    ends = (named.first, named.end)
    without, including = (Period(start=None, end=end, grain="r") for end in ends)
    return Reading(value=without, others=(including,), kind="vague")
