from datetime import UTC, date, datetime
from typing import Any

import pytest

from apps.core.errors import ToolError
from apps.crm.pages import MAX_IDS, Choice, Period, Window, ids


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Window(page=0), "page counts from 1, not 0"),
        (lambda: Window(page=True), "page must be a whole number"),
        (lambda: Window(page=2**63), "page must be a whole number"),
        (lambda: Window(size=101), "size must be between 1 and 100, not 101"),
        (lambda: Window(size=0), "size must be between 1 and 100"),
        (lambda: Period(start=date(2026, 2, 1), end=date(2026, 1, 1)), "after end"),
        (lambda: Period(start=datetime(2026, 2, 1, tzinfo=UTC)), "start must be a date"),
        (lambda: Choice(name="statuses", values=["late"], known=["open", "paid"]), "knows open, paid, not 'late'"),
        (lambda: Choice(name="statuses", values="open", known=["open"]), "must be a list such as"),
        (lambda: ids([1, "2"], "ids"), "ids must be a whole number, not '2'"),
        (lambda: ids([2**70], "ids"), "whole number"),
        (lambda: ids(range(MAX_IDS + 1), "ids"), "at most 1000 ids, not 1001"),
        (lambda: ids("12", "ids"), "must be a list of ids"),
    ],
)
def test_wrong_arguments_are_value_errors_that_say_what_to_do(make: Any, says: str) -> None:
    with pytest.raises(ToolError, match=says) as caught:
        make()
    assert caught.value.kind == "ValueError"
    assert not caught.value.transient


def test_none_restricts_nothing_and_an_empty_list_everything() -> None:
    assert Choice(name="x", values=None, known=["a"]).wanted is None
    assert Choice(name="x", values=[], known=["a"]).wanted == []
    assert ids(None, "ids") is None
    assert ids([], "ids") == []
