"""What one durable step costs, against the floor of one host call and one commit."""

from collections.abc import Iterator

from tests.benchmarks import measured
from tests.benchmarks.rows import Row
from tests.benchmarks.sizes import Sizes

GOAL = 3.0


def step(database: str, sizes: Sizes) -> Iterator[Row]:
    for synchronous in ("FULL", "NORMAL") if database == "sqlite" else ("",):
        environment = {"SQLITE_SYNCHRONOUS": synchronous} if synchronous else {}
        with measured.installation(running=False, **environment) as made:
            took = measured.inside(made, "steps", sizes.steps)
        floor = took["call"] + took["commit"]
        label = f"{database} {synchronous}".strip()
        yield Row(name="floor: host call", database=label, value=took["call"] * 1e6, unit="µs")
        yield Row(name="floor: commit of a 1 KB row", database=label, value=took["commit"] * 1e6, unit="µs")
        ratio = took["step"] / floor
        yield Row(
            name="durable step (call, journal row, commit)", database=label, value=took["step"] * 1e6, unit="µs",
            reference="the floor", ratio=ratio, goal=f"≤ {GOAL:.0f} ×", is_met=ratio <= GOAL,
        )  # fmt: skip
