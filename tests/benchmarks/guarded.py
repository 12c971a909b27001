"""What a claim costs where limits hold back all that waits ahead of the one that may start."""

from collections.abc import Iterator

from tests.benchmarks import measured
from tests.benchmarks.rows import Row

SIZE = 100_000
GOAL = 50.0
AHEAD = {"lane": "in one lane", "keys": "each with a key of its own", "users": "of 2,000 users"}


def guarded(database: str) -> Iterator[Row]:
    """Milliseconds of the median and the worst claim; `fresh`: the database has no figures of its tables yet."""
    for what, words in AHEAD.items():
        with measured.installation(running=False) as made:
            found = measured.run(made, "tests.benchmarks.inside_guarded", what, str(SIZE))
        for name, value in found.items():
            yield Row(
                name=f"claim past {SIZE:,} held back {words}, {name}", database=database, value=value, unit="ms",
                goal=f"≤ {GOAL:.0f} ms", is_met=value <= GOAL,
            )  # fmt: skip
