"""Tests of two lengths: a short one that runs with the others, and a long one that `make ordeal` runs for its figures."""

import json
import os
from typing import Any

import pytest
from django.conf import settings

from tests.chaos.place import place

SEED = int(os.environ.get("SEED", "1"))


def rounds(few: int, many: int, *, minutes: int) -> pytest.MarkDecorator:
    """Gives a test its `rounds`: `few` in its usual run, `many` (or ROUNDS) in `make ordeal`, for `minutes` at most."""
    many = int(os.environ.get("ROUNDS", many))
    long = (pytest.mark.ordeal, pytest.mark.timeout(60 * minutes))
    return pytest.mark.parametrize("rounds", [few, pytest.param(many, marks=long)])


def tell(name: str, **figures: Any) -> None:
    """One line of figures, with the moment, commit, machine and database that they hold for."""
    database = "SQLite" if settings.IS_SQLITE else "PostgreSQL"
    print(f"\n{name}", json.dumps({"seed": SEED, "database": database, **figures, **place()}), flush=True)


def spread(waits: list[float]) -> dict[str, float]:
    """Half of them, nineteen of twenty, all of them were no longer than this."""
    ordered = sorted(waits)
    return {
        name: round(ordered[round(share * (len(ordered) - 1))], 2)
        for name, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0))
    }
