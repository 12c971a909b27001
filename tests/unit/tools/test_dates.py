from datetime import UTC, date, datetime
from typing import Any

import pytest

from apps.core.errors import ToolError
from apps.tools import registry

d = date.fromisoformat


def call(name: str, *args: Any) -> Any:
    tool = registry.find(f"dates.{name}")
    return tool.function(None, **tool.bind(args, {}))


def test_dates_are_read_and_shown() -> None:
    assert call("parse", "2024-03-01") == d("2024-03-01")
    assert call("parse", "2024-03-01T10:00:00Z") == d("2024-03-01")
    assert call("show", d("2024-03-01")) == "1 Mar 2024"
    assert call("today", datetime(2024, 3, 1, 23, tzinfo=UTC)) == d("2024-03-01")
    with pytest.raises(ToolError, match="2024-03-01"):
        call("parse", "1.3.2024")


def test_a_period_does_not_end_before_it_starts() -> None:
    assert call("period", "2024-01-01", "2024-01-01") == {"start": d("2024-01-01"), "end": d("2024-01-01")}
    with pytest.raises(ToolError, match="before it starts"):
        call("period", "2024-01-02", "2024-01-01")


@pytest.mark.parametrize(
    ("day", "months", "result"),
    [
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-01-31", 1, "2023-02-28"),
        ("2024-01-15", -1, "2023-12-15"),
        ("2024-02-29", 12, "2025-02-28"),
    ],
)
def test_months_are_added_without_leaving_the_month(day: str, months: int, result: str) -> None:
    assert call("add_months", d(day), months) == d(result)


def test_the_calendar_has_an_end() -> None:
    for name in ("add_months", "add_days"):
        with pytest.raises(ToolError, match="outside the calendar"):
            call(name, d("9999-12-31"), 1)


def test_days_weeks_and_quarters() -> None:
    assert call("add_days", d("2024-02-28"), 2) == d("2024-03-01")
    assert call("days_between", d("2024-02-28"), d("2024-03-01")) == 2
    assert call("month_start", d("2024-02-28")) == d("2024-02-01")
    assert call("month_end", d("2024-02-28")) == d("2024-02-29")
    assert call("month_name", d("2024-02-28")) == "Feb 2024"
    assert call("month_starts", d("2023-12-31"), d("2024-02-01")) == [d("2023-12-01"), d("2024-01-01"), d("2024-02-01")]
    assert [call("quarter", date(2024, month, 1)) for month in (1, 3, 4, 12)] == [1, 1, 2, 4]
    assert call("quarter_start", d("2024-12-05")) == d("2024-10-01")
    assert call("is_weekend", d("2024-06-01")) and not call("is_weekend", d("2024-06-03"))
    assert call("working_days", d("2024-06-01"), d("2024-06-30")) == 20


@pytest.mark.parametrize(
    ("start", "end", "name", "before"),
    [
        ("2024-01-01", "2024-12-31", "2024", ("2023-01-01", "2023-12-31")),
        ("2024-07-01", "2024-09-30", "Q3 2024", ("2024-04-01", "2024-06-30")),
        ("2024-03-01", "2024-03-31", "March 2024", ("2024-02-01", "2024-02-29")),
        ("2024-02-01", "2024-04-30", "1 Feb 2024 to 30 Apr 2024", ("2023-11-01", "2024-01-31")),
        ("2024-03-10", "2024-03-16", "10 Mar 2024 to 16 Mar 2024", ("2024-03-03", "2024-03-09")),
    ],
)
def test_periods_have_names_and_predecessors(start: str, end: str, name: str, before: tuple[str, str]) -> None:
    assert call("period_name", d(start), d(end)) == name
    assert call("previous_period", d(start), d(end)) == {"start": d(before[0]), "end": d(before[1])}
