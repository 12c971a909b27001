"""Calendar arithmetic: days, months, quarters, and names of periods. No time zones: days are days."""

import calendar
from datetime import date, datetime, timedelta
from typing import TypedDict

from apps.core.errors import ToolError
from apps.tools.registry import Call, tool


class Period(TypedDict):
    """Two days, both included."""

    start: date
    end: date


@tool(call_class="pure")
def parse(call: Call, text: str) -> date:
    """The day of an ISO text such as "2024-03-01" (a time behind it is dropped). Error: ValueError."""
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        raise ToolError(f"{text!r:.40} is not a date; write it as 2024-03-01", kind="ValueError") from None


@tool(call_class="pure")
def period(call: Call, start: str, end: str) -> Period:
    """The period between two ISO texts. Error: ValueError when one is no date or the end lies before the start."""
    first, last = parse(call, start), parse(call, end)
    if last < first:
        raise ToolError(f"the period ends ({last}) before it starts ({first})", kind="ValueError")
    return Period(start=first, end=last)


@tool(call_class="pure")
def show(call: Call, day: date) -> str:
    """The day as people write it: "1 Mar 2024"."""
    return f"{day.day} {day:%b %Y}"


@tool(call_class="pure")
def add_days(call: Call, day: date, days: int) -> date:
    """The day so many days later (earlier with a minus). Error: ValueError outside the years 1 to 9999."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise ToolError(f"{days} days from {day} is outside the calendar", kind="ValueError") from None


@tool(call_class="pure")
def add_months(call: Call, day: date, months: int) -> date:
    """The same day so many months later, or that month's last day: 31 January plus 1 is 28 or 29 February."""
    return _add_months(day, months)


@tool(call_class="pure")
def days_between(call: Call, start: date, end: date) -> int:
    """Days from start to end: 1 from one day to the next, negative when the end is earlier."""
    return (end - start).days


@tool(call_class="pure")
def month_start(call: Call, day: date) -> date:
    """The first day of the day's month."""
    return day.replace(day=1)


@tool(call_class="pure")
def month_end(call: Call, day: date) -> date:
    """The last day of the day's month."""
    return _month_end(day)


@tool(call_class="pure")
def month_starts(call: Call, start: date, end: date) -> list[date]:
    """The first day of every month that the period touches, in order."""
    return _month_starts(start, end)


@tool(call_class="pure")
def month_name(call: Call, day: date) -> str:
    """The month as "Mar 2024"."""
    return f"{day:%b %Y}"


@tool(call_class="pure")
def quarter(call: Call, day: date) -> int:
    """1 to 4."""
    return (day.month + 2) // 3


@tool(call_class="pure")
def quarter_start(call: Call, day: date) -> date:
    """The first day of the day's quarter."""
    return _quarter_start(day)


@tool(call_class="pure")
def is_weekend(call: Call, day: date) -> bool:
    """Whether the day is a Saturday or a Sunday."""
    return day.weekday() >= 5


@tool(call_class="pure")
def working_days(call: Call, start: date, end: date) -> int:
    """Mondays to Fridays in the period, both ends included; holidays are not known."""
    weeks, rest = divmod((end - start).days + 1, 7)
    return max(weeks * 5 + sum((start.weekday() + n) % 7 < 5 for n in range(rest)), 0)


@tool(call_class="pure")
def today(call: Call, now: datetime) -> date:
    """The day of a moment such as task.now() gives it (in the moment's own time zone)."""
    return now.date()


@tool(call_class="pure")
def period_name(call: Call, start: date, end: date) -> str:
    """The period's short name: "2024", "Q3 2024", "March 2024", else "1 Mar 2024 to 15 Apr 2024"."""
    if _is_whole(start, end, months=12) and start.month == 1:
        return str(start.year)
    if _is_whole(start, end, months=3) and start == _quarter_start(start):
        return f"Q{quarter(call, start)} {start.year}"
    if _is_whole(start, end, months=1):
        return f"{start:%B %Y}"
    return f"{show(call, start)} to {show(call, end)}"


@tool(call_class="pure")
def previous_period(call: Call, start: date, end: date) -> Period:
    """The period before, for comparison: as many whole months if it consists of whole months, else as many days."""
    months = len(_month_starts(start, end))
    if _is_whole(start, end, months=months):
        return Period(start=_add_months(start, -months), end=start - timedelta(days=1))
    return Period(start=start - (end - start) - timedelta(days=1), end=start - timedelta(days=1))


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise ToolError(f"{months} months from {day} is outside the calendar", kind="ValueError")
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _quarter_start(day: date) -> date:
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def _is_whole(start: date, end: date, *, months: int) -> bool:
    """Whether the period is exactly so many calendar months."""
    return start.day == 1 and end == _month_end(_add_months(start, months - 1))


def _month_starts(start: date, end: date) -> list[date]:
    count = (end.year - start.year) * 12 + end.month - start.month + 1
    if count > 12_000:
        raise ToolError("the period has more than 12,000 months", kind="ValueError")
    return [_add_months(start.replace(day=1), n) for n in range(count)]
