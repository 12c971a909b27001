"""One task that starts a thousand and waits for all of them. Workflows are not there yet: the row says so."""

from collections.abc import Iterator

from tests.benchmarks.rows import Row, later
from tests.benchmarks.sizes import Sizes


def join(database: str, sizes: Sizes) -> Iterator[Row]:
    yield later(
        "1 → 1000 → join", database, "a script cannot start tasks; it comes with workflows", goal="≤ 1.5 s",
    )  # fmt: skip
