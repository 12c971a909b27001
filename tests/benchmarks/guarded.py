"""What a claim costs where limits hold back all that waits ahead of the one that may start."""

from collections.abc import Iterator

from tests.benchmarks import measured
from tests.benchmarks.rows import Row, at_most
from tests.benchmarks.sizes import Sizes

GOAL = 50.0
AHEAD = {"lane": "in one lane", "keys": "each with a key of its own", "users": "of 2,000 users"}


def guarded(database: str, sizes: Sizes) -> Iterator[Row]:
    """Milliseconds of the median and the worst claim; `fresh`: the database has no figures of its tables yet."""
    for what, words in AHEAD.items():
        with measured.installation(running=False) as made:
            found = measured.run(made, "tests.benchmarks.inside_guarded", what, str(sizes.held_back))
        for name, value in found.items():
            words_of_row = f"claim past {sizes.held_back:,} held back {words}, {name}"
            yield at_most(GOAL, "ms", value, name=words_of_row, database=database)
