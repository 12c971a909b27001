"""Calendar arithmetic on periods. Ends are exclusive; weeks begin on Monday."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

FIRST_YEAR, LAST_YEAR = 1900, 2199
MONTHS_OF = {"m": 1, "q": 3, "h": 6, "y": 12}
DAYS_OF = {"d": 1, "w": 7, "f": 14}


@dataclass(frozen=True, kw_only=True)
class Period:
    """Days from `start` to before `end`. `start` is None where the beginning was left open ("until June").

    `grain` is the unit it was named in: d, w, f (fortnight), k (weekend), m, q, h, y, or r for a range.
    """

    start: date | None
    end: date
    grain: str

    @property
    def last(self) -> date:
        return self.end - timedelta(days=1)

    @property
    def first(self) -> date:
        """The start of a period that is not open. Rules ask for it only where openness was ruled out."""
        if self.start is None:
            raise ValueError("the period has no beginning")
        return self.start

    def shifted_to(self, year: int) -> "Period | None":
        """The same days of another year, None if they do not exist there."""
        if self.start is None:
            return None
        try:
            start = self.start.replace(year=self.start.year + year)
            last = self.last.replace(year=self.last.year + year)
        except ValueError:
            return None
        return Period(start=start, end=last + timedelta(days=1), grain=self.grain)


def day(moment: date) -> Period:
    return Period(start=moment, end=moment + timedelta(days=1), grain="d")


def days(first: date, last: date) -> Period | None:
    if last < first:
        return None
    return Period(start=first, end=last + timedelta(days=1), grain="d" if first == last else "r")


def month(year: int, number: int) -> Period:
    return _months(year, number, 1, "m")


def quarter(year: int, number: int) -> Period:
    return _months(year, 3 * number - 2, 3, "q")


def half(year: int, number: int) -> Period:
    return _months(year, 6 * number - 5, 6, "h")


def year(number: int, first_month: int = 1) -> Period:
    return _months(number, first_month, 12, "y")


def week(number: int, of_year: int) -> Period | None:
    """ISO week."""
    try:
        monday = date.fromisocalendar(of_year, number, 1)
    except ValueError:
        return None
    return Period(start=monday, end=monday + timedelta(days=7), grain="w")


def around(moment: date, grain: str) -> Period:
    """The calendar unit that holds the day."""
    if grain == "d":
        return day(moment)
    if grain == "k":
        saturday = moment - timedelta(days=moment.weekday()) + timedelta(days=5)
        return Period(start=saturday, end=saturday + timedelta(days=2), grain="k")
    if grain in DAYS_OF:
        monday = moment - timedelta(days=moment.weekday())
        return Period(start=monday, end=monday + timedelta(days=DAYS_OF[grain]), grain=grain)
    length = MONTHS_OF[grain]
    return _months(moment.year, (moment.month - 1) // length * length + 1, length, grain)


def stepped(period: Period, steps: int) -> Period:
    """The unit `steps` after (before, if negative) the given one of the same grain."""
    if period.grain in MONTHS_OF:
        length = MONTHS_OF[period.grain]
        start = add_months(period.first, steps * length)
        return Period(start=start, end=add_months(start, length), grain=period.grain)
    size = 7 if period.grain == "k" else DAYS_OF[period.grain]
    shift = timedelta(days=steps * size)
    return Period(start=period.first + shift, end=period.end + shift, grain=period.grain)


def units(moment: date, count: int, grain: str, *, after: bool = False) -> Period:
    """The `count` whole calendar units before (or after) the one that holds the day."""
    here = around(moment, grain)
    if after:
        return Period(start=stepped(here, 1).first, end=stepped(here, count).end, grain="r")
    return Period(start=stepped(here, -count).first, end=here.first, grain=grain if count == 1 else "r")


def back(moment: date, count: int, grain: str) -> date:
    """The day `count` units before."""
    if grain in MONTHS_OF:
        return add_months(moment, -count * MONTHS_OF[grain])
    return moment - timedelta(days=count * DAYS_OF.get(grain, 7))


def rolling(moment: date, count: int, grain: str, *, after: bool = False) -> Period:
    """`count` units that end with the day (or begin with the next one)."""
    tomorrow = moment + timedelta(days=1)
    if after:
        return Period(start=tomorrow, end=back(tomorrow, -count, grain), grain="r")
    return Period(start=back(tomorrow, count, grain), end=tomorrow, grain="r")


def part(whole: Period, index: int, grain: str, count: int = 1) -> Period | None:
    """The `index`-th run of `count` units inside the period (1 is the first, -1 the last); None if it is not inside."""
    if grain == "h" and whole.grain == "m":
        middle = whole.first.replace(day=16)
        start, end = (whole.first, middle) if index == 1 else (middle, whole.end)
        return Period(start=start, end=end, grain="r")
    inside = _inside(whole, grain)
    low = (index - 1) * count if index > 0 else len(inside) + index * count
    chosen = inside[low : low + count] if low >= 0 else []
    if len(chosen) < count:
        return None
    return Period(start=chosen[0].start, end=chosen[-1].end, grain=grain if count == 1 else "r")


def third(whole: Period, position: int) -> Period:
    """Beginning (0), middle (1) or end (2): ten days of a month, else a third of the months, else of the days."""
    first, end = whole.first, whole.end
    if whole.grain == "m":
        cuts = [first, first.replace(day=11), first.replace(day=21), end]
    elif whole.grain in ("q", "h", "y"):
        length = MONTHS_OF[whole.grain] // 3
        cuts = [add_months(first, length * step) for step in range(4)]
    else:
        size = max(1, (end - first).days // 3)
        cuts = [first, first + timedelta(days=size), end - timedelta(days=size), end]
    start, stop = cuts[position], cuts[position + 1]
    return Period(start=start, end=max(stop, start + timedelta(days=1)), grain="r")


def add_months(moment: date, count: int) -> date:
    index = moment.year * 12 + moment.month - 1 + count
    target_year, target_month = index // 12, index % 12 + 1
    last = calendar.monthrange(target_year, target_month)[1]
    return date(target_year, target_month, min(moment.day, last))


def _inside(whole: Period, grain: str) -> list[Period]:
    """The calendar units that begin inside (weeks: those whose Thursday lies inside, as ISO counts them)."""
    found = []
    unit = around(whole.first, grain)
    while unit.first < whole.end:
        anchor = unit.first + timedelta(days=3) if grain == "w" else unit.first
        if whole.first <= anchor < whole.end:
            found.append(unit)
        unit = stepped(unit, 1)
    return found


def _months(of_year: int, first_month: int, length: int, grain: str) -> Period:
    start = date(of_year, first_month, 1)
    return Period(start=start, end=add_months(start, length), grain=grain)
