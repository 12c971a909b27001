"""What a long queue costs a claim, and how many statements a task and a step are."""

from collections.abc import Iterator

from tests.benchmarks import measured
from tests.benchmarks.rows import Row

SIZES = (1_000, 100_000, 1_000_000)
GOAL = 0.8


def claims(database: str) -> Iterator[Row]:
    """The rate of claims, one by one, with so many tasks waiting; the rows are made by SQL."""
    first = 0.0
    with measured.installation(running=False) as made:
        for size in SIZES:
            rate = 1 / measured.run(made, "tests.benchmarks.inside_queues", "claims", str(size))["seconds"]
            first = first or rate
            yield Row(
                name=f"claims with {size:,} waiting", database=database, value=rate, unit="/s",
                reference=f"with {SIZES[0]:,}", ratio=rate / first, goal=f"≥ {GOAL} ×", is_met=rate / first >= GOAL,
            )  # fmt: skip


def statements(database: str) -> Iterator[Row]:
    """Statements sent to the database: each row of a bulk write counts as one on SQLite, which runs it as one."""
    with measured.installation(running=False) as made:
        counted = measured.run(made, "tests.benchmarks.inside_queues", "statements", "200")
    for what, value in counted.items():
        yield Row(name=f"statements: {what}", database=database, value=value, unit="")
