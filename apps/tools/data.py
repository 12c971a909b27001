"""Everyday work on lists of rows: group, add up, rank, compare, check. Amounts stay exact Decimals.

Rows are dicts. A field is named by its key, or by a path such as "client.name". Nothing here changes its arguments.
"""

from collections import Counter
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from statistics import median
from typing import Any, TypedDict

from apps.core import money as currencies
from apps.core.errors import ToolError
from apps.reports import shapes
from apps.tools.registry import Call, tool


class MonthRow(TypedDict):
    """One month: its first day, "Mar 2024", how many rows, their sum."""

    month: date
    label: str
    count: int
    total: Decimal


class AgeRow(TypedDict):
    """One age class: "not due", "1–30 days", ..., "over 90 days"."""

    label: str
    count: int
    total: Decimal


@tool(call_class="pure")
def chunks(call: Call, rows: list[Any], size: int) -> list[list[Any]]:
    """The rows in lists of at most `size`, in order."""
    if size < 1:
        raise ToolError("size must be at least 1", kind="ValueError")
    return [rows[start : start + size] for start in range(0, len(rows), size)]


@tool(call_class="pure")
def group_by(call: Call, rows: list[Any], field: str) -> dict[Any, list[Any]]:
    """The rows by the value of a field, groups and rows in the order in which they come."""
    return _grouped(rows, field)


@tool(call_class="pure")
def index_by(call: Call, rows: list[Any], field: str) -> dict[Any, Any]:
    """One row by each value of a field (the last one wins)."""
    return {_key(row, field): row for row in rows}


@tool(call_class="pure")
def count_by(call: Call, rows: list[Any], field: str) -> dict[Any, int]:
    """How many rows have each value of a field, most frequent first."""
    return dict(Counter(_key(row, field) for row in rows).most_common())


@tool(call_class="pure")
def distinct(call: Call, rows: list[Any], field: str) -> list[Any]:
    """The different values of a field, in the order in which they come."""
    return list(dict.fromkeys(_key(row, field) for row in rows))


@tool(call_class="pure")
def total(call: Call, rows: list[Any], field: str) -> Decimal:
    """The exact sum of a field of numbers; a missing value counts as 0."""
    return _sum(rows, field)


@tool(call_class="pure")
def sum_by(call: Call, rows: list[Any], field: str, amount: str) -> dict[Any, Decimal]:
    """The exact sums of `amount` by the value of `field`, greatest first."""
    sums = {key: _sum(group, amount) for key, group in _grouped(rows, field).items()}
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


@tool(call_class="pure")
def summarise(
    call: Call, rows: list[Any], by: list[str], sums: dict[str, str], greatest: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """One row for each combination of the fields `by`, in the order in which they come.

    Each has the fields of `by`, `count`, and for every entry of `sums` and `greatest` ({new name: field}) the exact sum
    or the greatest value: data.summarise(invoices, ["client", "currency"], {"revenue": "subtotal"}).
    """
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows:
        groups.setdefault(tuple(_key(row, field) for field in by), []).append(row)
    return [
        {
            **{field: _value(group[0], field) for field in by},
            "count": len(group),
            **{name: _sum(group, field) for name, field in sums.items()},
            **{name: max(_value(row, field) for row in group) for name, field in (greatest or {}).items()},
        }
        for group in groups.values()
    ]


@tool(call_class="pure")
def pick(call: Call, rows: list[Any], fields: list[str]) -> list[dict[str, Any]]:
    """The rows with only these fields, in this order."""
    return [{field: _value(row, field) for field in fields} for row in rows]


CENT = Decimal("0.01")


@tool(call_class="pure")
def average(call: Call, rows: list[Any], field: str, currency: str | None = None) -> Decimal:
    """The mean of a field of numbers, 0 without rows; rounded to the currency's digits if one is named, else to 2."""
    mean = _sum(rows, field) / len(rows) if rows else Decimal(0)
    return currencies.rounded(mean, currency) if currency else mean.quantize(CENT, ROUND_HALF_EVEN)


@tool(call_class="pure")
def top(call: Call, rows: list[Any], field: str, limit: int = 10) -> list[Any]:
    """The rows with the greatest values of a field, greatest first; equal ones stay in order."""
    return sorted(rows, key=lambda row: -_number(row, field))[: max(limit, 0)]


@tool(call_class="pure")
def sort_by(call: Call, rows: list[Any], field: str, descending: bool = False) -> list[Any]:
    """The rows in the order of a field; rows without a value come last."""
    known = [row for row in rows if _value(row, field) is not None]
    unknown = [row for row in rows if _value(row, field) is None]
    try:
        return sorted(known, key=lambda row: _value(row, field), reverse=descending) + unknown
    except TypeError as error:
        raise ToolError(f"{field} cannot be put in order: {error}", kind="ValueError") from None


@tool(call_class="pure")
def monthly(call: Call, rows: list[Any], day: str, amount: str, start: date, end: date) -> list[MonthRow]:
    """Count and exact sum for every month of the period by the date field `day`, months without rows included."""
    sums: dict[tuple[int, int], Decimal] = {}
    counts: Counter[tuple[int, int]] = Counter()
    for row in rows:
        when = _value(row, day)
        month = (when.year, when.month)
        sums[month] = sums.get(month, Decimal(0)) + _number(row, amount)
        counts[month] += 1
    span = range(start.year * 12 + start.month - 1, end.year * 12 + end.month)
    months = [date(n // 12, n % 12 + 1, 1) for n in span]
    return [_month_row(month, counts, sums) for month in months]


@tool(call_class="pure")
def ageing(call: Call, rows: list[Any], due: str, amount: str, today: date) -> list[AgeRow]:
    """Count and exact sum by days past the date field `due`: not due, 1–30, 31–60, 61–90, over 90 days."""
    classes = [AgeRow(label=label, count=0, total=Decimal(0)) for label, _ in AGE_CLASSES]
    for row in rows:
        late = (today - _value(row, due)).days
        age = classes[next(place for place, (_, most) in enumerate(AGE_CLASSES) if most is None or late <= most)]
        age["count"] += 1
        age["total"] += _number(row, amount)
    return classes


AGE_CLASSES: tuple[tuple[str, int | None], ...] = (
    ("not due", 0),
    ("1–30 days", 30),
    ("31–60 days", 60),
    ("61–90 days", 90),
    ("over 90 days", None),
)


@tool(call_class="pure")
def duplicates(call: Call, rows: list[Any], fields: list[str]) -> list[list[Any]]:
    """Groups of two or more rows that agree in all the fields."""
    groups: dict[Any, list[Any]] = {}
    for row in rows:
        groups.setdefault(tuple(_key(row, field) for field in fields), []).append(row)
    return [group for group in groups.values() if len(group) > 1]


@tool(call_class="pure")
def outliers(call: Call, rows: list[Any], field: str, limit: float = 6.0) -> list[Any]:
    """Rows whose number lies far above the others: more than `limit` times the median distance from the median.

    Needs eight rows to judge; answers none when most values are equal. (Median absolute deviation: a few wild values do
    not hide each other, as they would with mean and standard deviation.)
    """
    if len(rows) < 8:
        return []
    numbers = [_number(row, field) for row in rows]
    middle = median(numbers)
    distance = median([abs(number - middle) for number in numbers])
    if not distance:
        return []
    return [row for row, number in zip(rows, numbers, strict=True) if number - middle > Decimal(str(limit)) * distance]


@tool(call_class="pure")
def percent(call: Call, part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """100 × part / whole to one place, None when the whole is 0."""
    return _tenth(Decimal(100) * part / whole) if whole else None


@tool(call_class="pure")
def growth(call: Call, now: Decimal | int, before: Decimal | int) -> Decimal | None:
    """Change from before to now in per cent to one place, None when there was nothing before."""
    return _tenth(Decimal(100) * (now - before) / before) if before else None


@tool(call_class="pure")
def round_money(call: Call, amount: Decimal, currency: str) -> Decimal:
    """The amount at the digits of its ISO 4217 currency (EUR 2, JPY 0, KWD 3), half to even."""
    return currencies.rounded(amount, currency)


@tool(call_class="pure")
def money(call: Call, amount: Decimal, currency: str) -> str:
    """The amount as people read it: "EUR 1,234.50"."""
    return f"{currency} {currencies.shown(amount, currency)}"


@tool(call_class="pure")
def validate(call: Call, value: Any, schema: dict[str, Any]) -> list[str]:
    """What is wrong with a value by a JSON Schema: at most 20 texts "path: message", none if it is right.

    Draft 2020-12 without remote references. A Decimal is a number, a date or moment a string in ISO form, a tuple an
    array. Error: ValueError for a bad schema.
    """
    try:
        return shapes.problems(value, schema)
    except shapes.BadSchema as error:
        raise ToolError(error.message, kind="ValueError") from error


def _month_row(month: date, counts: Counter[tuple[int, int]], sums: dict[tuple[int, int], Decimal]) -> MonthRow:
    key = (month.year, month.month)
    return MonthRow(month=month, label=f"{month:%b %Y}", count=counts[key], total=sums.get(key, Decimal(0)))


def _tenth(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.1"), rounding=ROUND_HALF_EVEN)


def _value(row: Any, path: str) -> Any:
    for name in path.split("."):
        try:
            row = row[name]
        except (KeyError, TypeError):
            raise ToolError(f"a row has no field {path}", kind="LookupError") from None
    return row


def _key(row: Any, field: str) -> Any:
    value = _value(row, field)
    return tuple(value) if isinstance(value, list) else value


def _number(row: Any, field: str) -> Decimal:
    value = _value(row, field)
    if value is None:
        return Decimal(0)
    try:
        return value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        raise ToolError(f"{field} holds {value!r:.40}, not a number", kind="ValueError") from None


def _sum(rows: list[Any], field: str) -> Decimal:
    return sum((_number(row, field) for row in rows), Decimal(0))


def _grouped(rows: list[Any], field: str) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for row in rows:
        groups.setdefault(_key(row, field), []).append(row)
    return groups
