"""RELIABILITY H9, H10: a schema opens no address, and a pattern holds nobody."""

import time
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from apps.reports import shapes


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (Decimal("1.5"), {"type": "number", "minimum": 1}),
        (date(2024, 1, 1), {"type": "string", "format": "date"}),
        ({"a": (1, 2)}, {"properties": {"a": {"type": "array", "items": {"type": "integer"}}}}),
        ({1: "x"}, {"type": "object", "required": ["1"]}),
    ],
)
def test_plain_data_fits(value: Any, schema: dict[str, Any]) -> None:
    assert shapes.problems(value, schema) == []


def test_each_problem_is_named_by_its_path() -> None:
    schema = {"type": "object", "properties": {"rows": {"items": {"type": "number"}}}, "required": ["total"]}

    assert shapes.problems({"rows": [1, "x"]}, schema) == [
        "$: 'total' is a required property",
        "$.rows[1]: 'x' is not of type 'number'",
    ]


@pytest.mark.parametrize("reference", ["http://127.0.0.1:1/x", "file:///etc/passwd", "other.json", "#/nowhere"])
def test_a_reference_out_of_the_schema_is_refused(reference: str) -> None:
    with pytest.raises(shapes.BadSchema, match="not in it"):
        shapes.problems({}, {"$ref": reference})


def test_a_wrong_schema_is_refused() -> None:
    with pytest.raises(shapes.BadSchema, match="wrong at"):
        shapes.problems({}, {"type": "thing"})


def test_a_greedy_pattern_ends_at_once() -> None:
    started = time.monotonic()

    assert shapes.problems("a" * 8_000 + "!", {"pattern": "^(a+)+$"})
    assert time.monotonic() - started < 1
