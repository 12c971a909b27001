"""What one durable step costs, against the floor of one host call and one commit."""

from collections.abc import Iterator

from tests.benchmarks import measured
from tests.benchmarks.rows import Row

STEPS = 1_500
GOAL = 3.0


def step(database: str) -> Iterator[Row]:
    for synchronous in ("FULL", "NORMAL") if database == "sqlite" else ("",):
        environment = {"SQLITE_SYNCHRONOUS": synchronous} if synchronous else {}
        with measured.installation(running=False, **environment) as made:
            took = measured.inside(made, "steps", STEPS)
        floor = took["call"] + took["commit"]
        label = f"{database} {synchronous}".strip().replace("postgresql", "postgres")
        yield Row(name="floor: host call", database=label, value=took["call"] * 1e6, unit="µs")
        yield Row(name="floor: commit of a 1 KB row", database=label, value=took["commit"] * 1e6, unit="µs")
        ratio = took["step"] / floor
        yield Row(
            name="durable step",
            database=label,
            value=took["step"] * 1e6,
            unit="µs",
            reference="floor (call + commit)",
            ratio=ratio,
            goal=f"≤ {GOAL:.0f} ×",
            is_met=ratio <= GOAL,
        )
