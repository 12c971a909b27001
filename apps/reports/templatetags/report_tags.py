"""What page templates of reports may use: money as people read it, and charts drawn from rows."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from apps.core import money
from apps.reports import charts

register = template.Library()
Rows = Sequence[Mapping[str, Any]]


@register.filter
def amount(value: Any, currency: str) -> str:
    """`12,345.60`, rounded to the currency's digits; a dash for what is not known."""
    return money.shown(_decimal(value), currency) if value is not None else "–"


@register.filter
def percent(value: Any) -> str:
    """`12.5 %` of a number that is already in per cent, with a sign for less than nothing."""
    return f"{value:.1f}\u202f%".replace("-", "−") if value is not None else "–"


@register.filter
def signed_percent(value: Any) -> str:
    """`+12.5 %`: for growth. Above a thousand per cent the period before says nothing: `> 999 %`."""
    if value is not None and value > 999:
        return ">\u202f999\u202f%"
    return f"{value:+.1f}\u202f%".replace("-", "−") if value is not None else "new"


@register.filter
def grouped(value: Any) -> str:
    """`2,034`; text that is no number stays itself."""
    return f"{value:,}" if isinstance(value, int | Decimal) else str(value)


@register.filter
def day(value: Any) -> str:
    """`3 Feb 2024`, of a date, a moment or an ISO text."""
    if value and isinstance(value, str):
        value = date.fromisoformat(value[:10])
    return f"{value.day} {value:%b %Y}" if value else "–"


@register.filter
def moment(value: Any) -> str:
    """`3 Feb 2024, 14:05 UTC`."""
    if value and isinstance(value, str):
        value = datetime.fromisoformat(value)
    return f"{day(value)}, {value:%H:%M %Z}".rstrip() if value else "–"


@register.filter
def first_rows(rows: Sequence[Any], count: int) -> Sequence[Any]:
    return rows[:count]


@register.filter
def beyond(rows: Sequence[Any], count: int) -> int:
    """How many rows `first_rows` leaves out."""
    return max(len(rows) - count, 0)


@register.filter
def minus(value: int, other: int) -> int:
    return value - other


@register.filter
def decimals(value: Any, places: int) -> str:
    return f"{_decimal(value):,.{places}f}"


@register.filter
def in_columns(rows: Sequence[Any], count: int) -> list[Sequence[Any]]:
    """The rows, cut into at most so many columns of equal height."""
    height = max(-(-len(rows) // count), 1)
    return [rows[start : start + height] for start in range(0, len(rows), height)]


@register.simple_tag
def bar_chart(rows: Rows, label: str, value: str, currency: str, title: str, limit: int = 10) -> SafeString:
    return _svg(charts.bars(_marks(rows[:limit], label, value, currency), title=title))


@register.simple_tag
def column_chart(rows: Rows, label: str, value: str, title: str, line: str = "") -> SafeString:
    second = [_decimal(row[line]) for row in rows] if line else []
    return _svg(charts.columns(_marks(rows, label, value), title=title, line=second))


@register.simple_tag
def stacked_chart(rows: Rows, label: str, value: str, currency: str, title: str) -> SafeString:
    return _svg(charts.stacked(_marks(rows, label, value, currency), title=title))


def _marks(rows: Rows, label: str, value: str, currency: str = "") -> list[charts.Mark]:
    return [
        charts.Mark(
            label=str(row[label]),
            value=_decimal(row[value]),
            note=money.shown(_decimal(row[value]), currency) if currency else "",
        )
        for row in rows
    ]


def _decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _svg(source: str) -> SafeString:
    return mark_safe(source)  # charts.py escapes every text in it
