import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.core.errors import InvalidInput
from apps.reports import jsonfile


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (Decimal("1234.50"), "1234.50"),
        (Decimal("0.1") + Decimal("0.2"), "0.3"),
        (Decimal("1E+3"), "1000"),
        (date(2024, 1, 2), "2024-01-02"),
        (datetime(2024, 1, 2, tzinfo=UTC), "2024-01-02T00:00:00+00:00"),
        (timedelta(minutes=1), 60.0),
        ((1, 2), [1, 2]),
        ({3: "x"}, {"3": "x"}),
        ({"b", "a"}, ["a", "b"]),
        (None, None),
        ("Ünï\u0000\u2028", "Ünï\u0000\u2028"),
    ],
)
def test_values_come_back_from_any_reader(value: Any, read: Any) -> None:
    assert json.loads(jsonfile.write({"x": value}))["x"] == read


def test_a_lone_surrogate_is_written_as_an_escape() -> None:
    assert json.loads(jsonfile.write(["\udc80"])) == ["\udc80"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), object()])
def test_what_json_cannot_hold_is_refused_with_its_place(value: Any) -> None:
    with pytest.raises(InvalidInput, match=r"\$\.rows\[1\]"):
        jsonfile.write({"rows": [1, value]})


def test_a_cycle_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(InvalidInput, match="nested"):
        jsonfile.write(value)


def test_a_file_above_the_limit_is_refused() -> None:
    with pytest.raises(InvalidInput, match="several files"):
        jsonfile.write("x" * (jsonfile.MAX_BYTES + 1))
