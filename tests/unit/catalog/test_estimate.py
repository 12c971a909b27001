from dataclasses import replace
from typing import Any

import pytest

from apps.catalog.definition import Definition
from apps.catalog.estimate import Estimate, Past, complexity, estimate


def counting(unit: str) -> Definition:
    return Definition(parameter_schema={"type": "object", "properties": {}, "x-counts": unit})


@pytest.mark.parametrize(
    ("unit", "count", "expected"),
    [
        ("invoices", 100, Estimate(seconds=300, steps=8, complexity="medium")),
        ("invoices", 201, Estimate(seconds=302, steps=8, complexity="medium")),
        ("invoices", 2034, Estimate(seconds=3051, steps=8, complexity="high")),
        ("clients", 50, Estimate(seconds=180, steps=6, complexity="medium")),
        ("clients", 120, Estimate(seconds=240, steps=6, complexity="medium")),
        ("translations", 10, Estimate(seconds=120, steps=4, complexity="low")),
        ("translations", 100, Estimate(seconds=300, steps=4, complexity="low")),
    ],
)
def test_a_count_drives_the_estimate(unit: str, count: int, expected: Estimate) -> None:
    assert estimate(counting(unit), counts={unit: count}) == expected


def test_without_a_count_the_least_time_of_the_unit_holds() -> None:
    assert estimate(counting("invoices")) == Estimate(seconds=300, steps=8, complexity="medium")


@pytest.mark.parametrize(
    ("parameters", "seconds"),
    [
        ({}, 1200),
        ({"messages": ["a"] * 10, "languages": ["de", "fr", "es", "it", "pt"]}, 150),
        ({"languages": ["de"]}, 150),
        ({"messages": ["a"]}, 120),
    ],
)
def test_translations_are_messages_times_languages(parameters: dict[str, Any], seconds: int) -> None:
    assert estimate(counting("translations"), parameters).seconds == seconds


def test_a_list_of_the_counted_things_among_the_parameters_counts() -> None:
    assert estimate(counting("clients"), {"clients": list(range(200))}).seconds == 400


def test_anything_else_takes_the_revisions_own_figures() -> None:
    assert estimate(Definition()) == Estimate(seconds=300, steps=5, complexity="low")
    assert estimate(Definition(estimated_seconds=2, estimated_steps=1)).seconds == 2
    assert estimate(counting("whales"), counts={"whales": 9}) == estimate(Definition())


def test_declared_stages_are_the_steps() -> None:
    stages = [{"name": str(n), "percent": n} for n in range(7)]
    assert estimate(replace(counting("invoices"), stages=stages)).steps == 7


def test_history_replaces_the_rules() -> None:
    history = [Past(seconds=10), Past(seconds=30), Past(seconds=9000)]
    assert estimate(counting("invoices"), counts={"invoices": 2034}, history=history).seconds == 30


def test_history_with_counts_is_scaled() -> None:
    history = [Past(seconds=20, count=100), Past(seconds=60, count=200), Past(seconds=9, count=0), Past(seconds=5)]
    assert estimate(counting("invoices"), counts={"invoices": 1000}, history=history).seconds == 250
    assert estimate(counting("invoices"), history=history).seconds == 15


@pytest.mark.parametrize(
    ("seconds", "steps", "memory", "expected"),
    [
        (300, 5, 512, "low"),
        (301, 5, 512, "medium"),
        (300, 6, 512, "medium"),
        (300, 5, 513, "medium"),
        (600, 8, 1024, "medium"),
        (601, 5, 512, "high"),
        (300, 9, 512, "high"),
        (300, 5, 1025, "high"),
    ],
)
def test_complexity_has_two_thresholds_each(seconds: int, steps: int, memory: int, expected: str) -> None:
    assert complexity(seconds, steps, memory) == expected
