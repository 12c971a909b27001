"""Conditions: what holds, what cannot be read, what is named."""

from datetime import date
from decimal import Decimal

import pytest

from apps.executors.workflow import conditions
from apps.executors.workflow.conditions import holds, paths, read

CONTEXT = {
    "risk": {"score": 0.85, "notes": []},
    "tier": "gold",
    "approved": True,
    "rows": [1, 2, 3],
    "none": None,
    "due": date(2026, 11, 21),
    "total": Decimal("12.50"),
}


def condition(given):
    found = read(given)
    assert found.wrong == ()
    return found.condition


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"tier": "gold"}, True),
        ({"tier": "silver"}, False),
        ({"tier": ["silver", "gold"]}, True),
        ({"tier": ["silver", None]}, False),
        ({"none": ["silver", None]}, True),
        ({"none": None}, True),
        ({"tier": None}, False),
        ({"approved": True}, True),
        ({"approved": False}, False),
        ({"risk.score": {"minimum": 0.8}}, True),
        ({"risk.score": {"exclusiveMinimum": 0.85}}, False),
        ({"risk.score": {"minimum": 0.8, "maximum": 0.9}}, True),
        ({"total": {"maximum": 12.5}}, True),
        ({"tier": {"minimum": 1}}, False),
        ({"approved": 1}, False),
        ({"tier": {"pattern": "^g"}}, True),
        ({"due": {"format": "date"}}, True),
        ({"rows": {"minItems": 3}}, True),
        ({"rows": {"minItems": 4}}, False),
        ({"risk.notes": {"maxItems": 0}}, True),
        ({"tier": {"minItems": 1}}, False),
        ({"rows.0": 1}, True),
        ({"rows.3": 1}, False),
        ({"none": {}}, True),
        ({"nobody": {}}, False),
        ({"nobody": {"minimum": 1}}, False),
        ({"nobody?": {"minimum": 1}}, True),
        ({"risk.score?": {"minimum": 1}}, False),
        ({"risk": {"type": "object", "properties": {"score": {"type": "number", "minimum": 0.8}}}}, True),
        ({"tier": "gold", "approved": False}, False),
        ({"any": [{"tier": "silver"}, {"approved": True}]}, True),
        ({"all": [{"tier": "gold"}, {"not": {"approved": True}}]}, False),
        ({"not": {"nobody": {}}}, True),
    ],
)
def test_a_condition_holds_or_not(given, expected):
    assert holds(condition(given), CONTEXT) is expected


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({}, ""),
        ([], ""),
        ("risk.score > 0.8", ""),
        ({"risk score": 1}, "risk score"),
        ({"__import__('os')": 1}, "__import__('os')"),
        ({"tier": {"gold": True}}, "tier"),
        ({"tier": {"pattern": "(?=a)"}}, "tier"),
        ({"tier": {"minimum": 1, "pattern": "a"}}, "tier"),
        ({"tier": ["a", 1]}, "tier"),
        ({"tier": {"type": "string", "const": 5}}, "tier"),
        ({"tier": {"type": "string", "minimum": 5}}, "tier"),
        ({"tier": {"type": "text", "const": "a"}}, "tier"),
        ({"tier": []}, "tier"),
        ({"score": {"minimum": "1"}}, "score"),
        ({"score": {"minimum": 2, "maximum": 1}}, "score"),
        ({"rows": {"minItems": "many"}}, "rows"),
        ({"any": {"tier": "gold"}}, "any"),
        ({"any": []}, "any"),
        ({"not": [{"tier": "gold"}]}, "not"),
        ({"all": [{"tier": "gold"}, {"tier": {"patern": "a"}}]}, "all.1.tier"),
    ],
)
def test_what_is_no_condition_is_refused_with_its_place(given, place):
    found = read(given)

    assert found.condition is None
    assert [at for at, _ in found.wrong] == [place]


def test_depth_and_number_of_tests_have_a_bound():
    deep = {"tier": "gold"}
    for _ in range(conditions.MAX_DEPTH):
        deep = {"not": deep}
    assert "levels deep" in read(deep).wrong[0][1]
    assert "more than 100 tests" in read({f"k{number}": 1 for number in range(101)}).wrong[0][1]


def test_all_paths_are_listed():
    given = condition({"tier": "gold", "any": [{"risk.score": 1}, {"not": {"rows.0": 1}}]})
    assert sorted(paths(given)) == [("risk", "score"), ("rows", "0"), ("tier",)]
