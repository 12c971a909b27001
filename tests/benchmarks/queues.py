"""What a long queue costs a claim, and how many statements a task and a step are."""

from collections.abc import Iterator

from tests.benchmarks import measured
from tests.benchmarks.rows import Row
from tests.benchmarks.sizes import Sizes

GOAL = 0.8


def claims(database: str, sizes: Sizes) -> Iterator[Row]:
    """The rate of claims, one by one, with so many tasks waiting; the rows are made by SQL."""
    first = 0.0
    with measured.installation(running=False) as made:
        for size in sizes.waiting:
            rate = 1 / measured.run(made, "tests.benchmarks.inside_queues", "claims", str(size))["seconds"]
            first = first or rate
            is_first = size == sizes.waiting[0]
            beside = {} if is_first else {
                "reference": f"with {sizes.waiting[0]:,}", "ratio": rate / first, "goal": f"≥ {GOAL} ×",
                "is_met": rate / first >= GOAL,
            }  # fmt: skip
            yield Row(name=f"claims one by one, {size:,} waiting", database=database, value=rate, unit="/s", **beside)


def statements(database: str, sizes: Sizes) -> Iterator[Row]:
    """Statements sent to the database: each row of a bulk write counts as one on SQLite, which runs it as one."""
    with measured.installation(running=False) as made:
        counted = measured.run(made, "tests.benchmarks.inside_queues", "statements", "200")
    for what, value in counted.items():
        yield Row(name=what, database=database, value=value)
