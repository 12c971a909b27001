"""One task that starts many and waits for all of them: how long for a thousand, and does it grow in a straight line?"""

from collections.abc import Iterator

from tests.benchmarks import measured
from tests.benchmarks.rows import Row, at_most
from tests.benchmarks.sizes import Sizes

GOAL = 1.5
"""Seconds for a thousand; faster than every peer of PERFORMANCE.md."""


def join(database: str, sizes: Sizes) -> Iterator[Row]:
    """From the submit of the one to its end; the best of the rounds."""
    with measured.installation(running=True) as made:
        measured.inside(made, "join", 10)
        took = {
            count: min(measured.inside(made, "join", count)["seconds"] for _ in range(sizes.rounds))
            for count in sizes.children
        }
    for count, seconds in took.items():
        name = f"1 → {count:,} → join"
        if count == 1_000:
            yield at_most(GOAL, "s", seconds, name=name, database=database)
        else:
            yield Row(name=name, database=database, value=seconds, unit="s")
    least, most = min(took), max(took)
    ratio = took[most] / most / (took[least] / least)
    yield Row(
        name=f"seconds a child, {most:,} at once", database=database, value=took[most] / most * 1000, unit="ms",
        reference=f"with {least:,}", ratio=ratio, goal="≤ 1.2 ×", is_met=ratio <= 1.2,
    )  # fmt: skip
