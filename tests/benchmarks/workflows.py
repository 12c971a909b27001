"""Tasks of tasks: how long for one that starts a thousand and waits, for workflows, and do they grow in a straight line?"""

import os
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import measured
from tests.benchmarks.crowd import SQLITE_MOST
from tests.benchmarks.rows import Row, at_most
from tests.benchmarks.sizes import Sizes
from tests.chaos.installation import Installation

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


OVERHEAD = 2.0
"""Times what a plain task costs from its submit to its end, at most."""
NAP_MS = 1_000
"""How long each node of `inside_graphs.naps` waits."""
WORKERS, NEAR_IDEAL = 5, 0.8
"""Of so many times one worker's speed, at least."""
TRACES = "BENCH_TRACES"
"""A folder with recorded runs of other engines, as `traces` reads them."""


def graphs(database: str, sizes: Sizes) -> Iterator[Row]:
    """Workflows whose nodes do nothing, beside as many plain tasks of one client; the best of the rounds."""
    shapes = [("spread", "over one item each"), ("wide", "beside each other"), ("layers", "in layers of ten")]
    with measured.installation(running=True) as made:
        least = min(sizes.children)
        plain = _best(made, "plain", least, sizes) / least
        yield Row(name="plain tasks, one client", database=database, value=plain * 1000, unit="ms a task")
        for shape, words in shapes:
            each = _best(made, shape, least, sizes) / least
            yield Row(
                name=f"workflow of {least:,} nodes {words}", database=database, value=each * 1000, unit="ms a node",
                reference="a plain task", ratio=each / plain, goal=f"≤ {OVERHEAD:.0f} ×", is_met=each / plain <= OVERHEAD,
            )  # fmt: skip
        chain = _best(made, "chain", sizes.chain, sizes) / sizes.chain
        yield Row(
            name=f"workflow of {sizes.chain:,} nodes one after another",
            database=database,
            value=chain * 1000,
            unit="ms a node",
        )
        few = _best(made, "spread", least, sizes) / least
        for count in sorted(sizes.children)[1:]:
            many = _best(made, "spread", count, sizes) / count
            yield Row(
                name=f"workflow over {count:,} items", database=database, value=many * 1000, unit="ms an item",
                reference=f"over {least:,}", ratio=many / few, goal="≤ 1.2 ×", is_met=many / few <= 1.2,
            )  # fmt: skip
        for path in sorted(Path(os.environ[TRACES]).glob("*-*.json")) if TRACES in os.environ else ():
            found = measured.run(made, "tests.benchmarks.inside_graphs", "trace", str(path))
            each = found["seconds"] / found["nodes"]
            yield Row(
                name=f"recorded run {path.stem}, nodes do nothing", database=database, value=each * 1000, unit="ms a node",
                reference="a plain task", ratio=each / plain, goal=f"≤ {OVERHEAD:.0f} ×", is_met=each / plain <= OVERHEAD,
            )  # fmt: skip
    yield speedup(database, sizes)


def speedup(database: str, sizes: Sizes) -> Row:
    """A worker for each node of a workflow whose nodes wait for an outside service: how near all together are to one."""
    workers = SQLITE_MOST if database == "sqlite" else WORKERS
    with measured.installation(running=False, TASK_MAX_CONCURRENT=str(workers)) as made:
        measured.start(made, workers=workers)
        _best(made, "naps", workers, sizes)  # until each process has loaded what it needs
        seconds = _best(made, "naps", workers, sizes)
    share = NAP_MS / 1000 / seconds
    return Row(
        name=f"workflow of {workers} waiting nodes on {workers} workers", database=database, value=share * workers,
        unit="× faster", reference="the ideal", ratio=share, goal=f"≥ {NEAR_IDEAL} ×", is_met=share >= NEAR_IDEAL,
    )  # fmt: skip


def _best(made: Installation, shape: str, count: int, sizes: Sizes) -> float:
    took = (
        measured.run(made, "tests.benchmarks.inside_graphs", shape, str(count))["seconds"] for _ in range(sizes.rounds)
    )
    return float(min(took))
