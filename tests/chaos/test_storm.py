"""A short storm: everything that can break does, within seconds, and every invariant is checked afterwards.

The long ones: make storm SEED=… MINUTES=…
"""

import os

import pytest

from tests.chaos.storm.report import as_text
from tests.chaos.storm.storm import Options, run

pytestmark = [pytest.mark.chaos, pytest.mark.long, pytest.mark.timeout(500)]

ALL = {f"I{number}" for number in range(1, 10)}


def test_a_short_storm_loses_nothing_and_doubles_nothing():
    is_postgresql = os.environ.get("DATABASE_URL", "").startswith("postgres")
    options = Options(
        seed=12,
        minutes=0.25,
        database="postgresql" if is_postgresql else "sqlite",
        clusters=2 if is_postgresql else 1,
        rate=6,
        pause=0.9,
        lease=2.0,
        drain_seconds=90,
    )

    found = run(options)

    print(as_text(found))
    assert found["violations"] == []
    assert {one["invariant"] for one in found["clauses"] if one["violations"] == 0} == ALL - {"I7"}
    assert found["counts"]["completed"] > 20
    assert sum(found["faults"].values()) >= 4, "it was a storm"
