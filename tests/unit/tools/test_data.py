from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from apps.core.errors import ToolError
from apps.tools import registry

D = Decimal
ROWS: list[dict[str, Any]] = [
    {"n": 1, "client": {"name": "B"}, "kind": "x", "amount": D("0.10"), "on": date(2024, 1, 31), "codes": ["a", "b"]},
    {"n": 2, "client": {"name": "A"}, "kind": "y", "amount": D("0.20"), "on": date(2024, 3, 1), "codes": ["a"]},
    {"n": 3, "client": {"name": "B"}, "kind": "x", "amount": D("5.00"), "on": date(2024, 3, 31), "codes": ["a", "b"]},
]


def call(name: str, *args: Any, **kwargs: Any) -> Any:
    """As a script calls it: through the registry's check of the arguments."""
    tool = registry.find(f"data.{name}")
    return tool.function(None, **tool.bind(args, kwargs))


def numbers(rows: list[dict[str, Any]]) -> list[int]:
    return [row["n"] for row in rows]


def test_chunks_keep_the_order_and_the_rest() -> None:
    assert call("chunks", [1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]
    assert call("chunks", [], 2) == []
    with pytest.raises(ToolError):
        call("chunks", [1], 0)


def test_rows_are_grouped_indexed_and_counted_by_a_field_or_a_path() -> None:
    assert {key: numbers(rows) for key, rows in call("group_by", ROWS, "client.name").items()} == {
        "B": [1, 3],
        "A": [2],
    }
    assert call("index_by", ROWS, "n")[2] is ROWS[1]
    assert call("count_by", ROWS, "kind") == {"x": 2, "y": 1}
    assert call("distinct", ROWS, "client.name") == ["B", "A"]


def test_a_list_can_be_the_key_of_a_group() -> None:
    assert {key: numbers(rows) for key, rows in call("group_by", ROWS, "codes").items()} == {
        ("a", "b"): [1, 3],
        ("a",): [2],
    }


def test_sums_are_exact_and_sorted() -> None:
    assert call("total", ROWS, "amount") == D("5.30")
    assert list(call("sum_by", ROWS, "kind", "amount").items()) == [("x", D("5.10")), ("y", D("0.20"))]
    assert call("total", [{"a": None}, {"a": 2}, {"a": 0.1}], "a") == D("2.1")


def test_a_summary_has_a_row_for_each_combination() -> None:
    assert call("summarise", ROWS, ["kind"], {"sum": "amount"}, {"last": "on"}) == [
        {"kind": "x", "count": 2, "sum": D("5.10"), "last": date(2024, 3, 31)},
        {"kind": "y", "count": 1, "sum": D("0.20"), "last": date(2024, 3, 1)},
    ]


def test_the_mean_is_rounded_half_to_even_at_the_currency_s_digits() -> None:
    rows = [{"a": D("1.005")}, {"a": D("1.005")}]
    assert call("average", rows, "a") == D("1.00")
    assert call("average", rows, "a", "JPY") == D("1")
    assert call("average", rows, "a", "KWD") == D("1.005")
    assert call("average", [], "a", "EUR") == D("0.00")


def test_the_top_rows_and_the_order_are_stable() -> None:
    assert numbers(call("top", ROWS, "amount", 2)) == [3, 2]
    assert numbers(call("sort_by", ROWS, "kind")) == [1, 3, 2]
    assert numbers(call("sort_by", [*ROWS, {"n": 4, "kind": None}], "kind", descending=True)) == [2, 1, 3, 4]
    with pytest.raises(ToolError, match="put in order"):
        call("sort_by", [{"a": 1}, {"a": "x"}], "a")


def test_months_without_rows_are_there_too() -> None:
    months = call("monthly", ROWS, "on", "amount", date(2023, 12, 15), date(2024, 3, 1))

    assert [(month["label"], month["count"], month["total"]) for month in months] == [
        ("Dec 2023", 0, D(0)),
        ("Jan 2024", 1, D("0.10")),
        ("Feb 2024", 0, D(0)),
        ("Mar 2024", 2, D("5.20")),
    ]


@pytest.mark.parametrize(
    ("late", "label"),
    [
        (-5, "not due"),
        (0, "not due"),
        (1, "1–30 days"),
        (30, "1–30 days"),
        (31, "31–60 days"),
        (90, "61–90 days"),
        (91, "over 90 days"),
    ],
)
def test_a_debt_is_as_old_as_its_days_past_due(late: int, label: str) -> None:
    today = date(2024, 6, 1)
    due = date.fromordinal(today.toordinal() - late)
    classes = call("ageing", [{"due": due, "a": D(7)}], "due", "a", today)

    assert [(age["label"], age["total"]) for age in classes if age["count"]] == [(label, D(7))]
    assert len(classes) == 5


def test_duplicates_are_rows_that_agree_in_every_field() -> None:
    assert [numbers(rows) for rows in call("duplicates", ROWS, ["kind", "codes"])] == [[1, 3]]
    assert call("duplicates", ROWS, ["kind", "amount"]) == []


def test_outliers_do_not_hide_each_other() -> None:
    usual = [{"n": n, "a": D(100 + n)} for n in range(10)]
    wild = [{"n": 98, "a": D(9000)}, {"n": 99, "a": D(8000)}]

    assert numbers(call("outliers", usual + wild, "a")) == [98, 99]
    assert call("outliers", usual, "a") == []
    assert call("outliers", wild, "a") == []


def test_shares_and_growth_have_one_place_and_no_division_by_zero() -> None:
    assert call("percent", 1, 3) == D("33.3")
    assert call("percent", D(1), 0) is None
    assert call("growth", D(150), D(100)) == D("50.0")
    assert call("growth", 0, 3) == D("-100.0")
    assert call("growth", D(1), D(0)) is None


def test_money_is_shown_with_its_currency() -> None:
    assert call("money", D("1234.565"), "EUR") == "EUR 1,234.56"
    assert call("round_money", D("2.5"), "JPY") == D(2)


def test_a_field_that_no_row_has_is_named() -> None:
    with pytest.raises(ToolError, match=r"no field client\.nme") as caught:
        call("group_by", ROWS, "client.nme")
    assert caught.value.kind == "LookupError"


def test_a_value_is_checked_against_a_schema() -> None:
    assert call("validate", {"a": D("1.5")}, {"properties": {"a": {"type": "number"}}}) == []
    assert call("validate", {"a": "x"}, {"properties": {"a": {"type": "number"}}}) == [
        "$.a: 'x' is not of type 'number'"
    ]
    with pytest.raises(ToolError) as caught:
        call("validate", 1, {"$ref": "http://example.org/schema"})
    assert caught.value.kind == "ValueError"


def test_every_helper_is_pure_and_describes_itself() -> None:
    for name in ("data", "dates"):
        for tool in registry.module(name).tools.values():
            assert tool.call_class == "pure" and tool.permission is None
