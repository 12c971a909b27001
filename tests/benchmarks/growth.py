"""What a million finished tasks cost: pages and lists against the same with 1,000, and pruning beside other work."""

from collections.abc import Iterator

from tests.benchmarks import measured
from tests.benchmarks.rows import Row
from tests.benchmarks.sizes import Sizes

GOAL = 1.5


def growth(database: str, sizes: Sizes) -> Iterator[Row]:
    with measured.installation(running=False) as made:
        took = measured.run(made, "tests.benchmarks.growing", str(sizes.finished))
    for name, many in took["many"].items():
        few = took["few"][name]
        ratio = many["seconds"] / few["seconds"]
        yield Row(
            name=f"{name}, {sizes.finished:,} tasks ({many['queries']} queries, {few['queries']} with 1,000)",
            database=database,
            value=many["seconds"] * 1e3,
            unit="ms",
            reference=f"with 1,000 ({few['seconds'] * 1e3:.0f} ms)",
            ratio=ratio,
            goal=f"≤ {GOAL} ×",
            is_met=ratio <= GOAL and many["queries"] <= few["queries"],
        )
    pruned = took["pruning"]
    yield Row(
        name="pruning, 1,000 tasks", database=database, value=pruned["seconds"] / pruned["removed"] * 1e3, unit="s"
    )
    for verb in ("submit", "end"):
        alone, meanwhile = pruned["alone"][verb], pruned["meanwhile"][verb]
        yield Row(
            name=f"{verb} p95 while pruning",
            database=database,
            value=meanwhile * 1e3,
            unit="ms",
            reference=f"alone ({alone * 1e3:.1f} ms)",
            ratio=meanwhile / alone,
        )
