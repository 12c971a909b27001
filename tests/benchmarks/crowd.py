"""Many tasks that wait for an outside service, on more and more workers: does their number pay, and what is lost?"""

import time
from collections.abc import Iterator
from math import ceil
from typing import Any

import psutil

from tests.benchmarks import measured
from tests.benchmarks.rows import Row, above, at_most, below, failed
from tests.benchmarks.sizes import Sizes
from tests.chaos.installation import Installation

LINEAR = 0.9
"""Of the rate that so many times one worker's would be."""
LINEAR_TO = 5
SQLITE_MOST = 4


def crowd(database: str, sizes: Sizes) -> Iterator[Row]:
    alone = 0.0
    for workers in sizes.crowd_workers:
        if database == "sqlite" and workers > SQLITE_MOST:
            continue
        try:
            found = _crowd(workers, sizes)
        except (AssertionError, RuntimeError) as error:
            yield failed(f"{sizes.crowd} tasks on {workers} workers", database, str(error))
            continue
        rate = sizes.crowd / found["seconds"] * 60
        alone = alone or rate / workers
        yield from _rows(database, sizes, workers, rate, rate / workers / alone, found)


def _rows(database: str, sizes: Sizes, workers: int, rate: float, share: float, found: dict[str, Any]) -> Iterator[Row]:
    words = f"{sizes.crowd} tasks of {sizes.crowd_seconds} s waiting on {workers} worker{'s' if workers > 1 else ''}"
    if workers == 1:
        yield above(20, "/min", rate, name=words, database=database)
    else:
        goal = {"goal": f"≥ {LINEAR} ×", "is_met": share >= LINEAR} if workers <= LINEAR_TO else {}
        yield Row(name=words, database=database, value=rate, unit="/min", ratio=share,
                  reference=f"{workers} times one worker", **goal)  # fmt: skip
    ideal = ceil(sizes.crowd / workers) * sizes.crowd_seconds
    overhead = (found["seconds"] / ideal - 1) * 100
    yield below(5, "%", overhead, name=f"overhead on {workers} worker{'s' if workers > 1 else ''}", database=database)
    if workers == max(number for number in sizes.crowd_workers if database != "sqlite" or number <= SQLITE_MOST):
        yield above(95, "%", found["completed"] / sizes.crowd * 100, name="tasks completed", database=database)
        yield at_most(0, "lost", sizes.crowd - found["ended"], name="tasks without an end", database=database)
        yield Row(name="tasks running at once", database=database, value=found["at once"], goal=f"≥ {min(10, workers)}",
                  is_met=found["at once"] >= min(10, workers))  # fmt: skip
        yield below(
            512, "MB", found["megabytes"], name="memory of a worker with its sandbox, largest", database=database
        )
        yield below(30, "%", found["cpu"], name="processor of a worker while its task waits, mean", database=database)
        yield at_most(0, "crashes", found["crashes"], name="main process crashes", database=database)


def _crowd(workers: int, sizes: Sizes) -> dict[str, Any]:
    milliseconds = int(sizes.crowd_seconds * 1000)
    with measured.installation(running=False, TASK_MAX_CONCURRENT=str(max(5, workers))) as made:
        measured.start(made, workers=workers)
        main, processes = made.main().pid, [psutil.Process(pid) for pid in made.workers()]
        before, began = sum(map(_cpu, processes)), time.monotonic()
        found = measured.run(made, "tests.benchmarks.inside_crowd", str(sizes.crowd), str(milliseconds))
        spent, took = sum(map(_cpu, processes)) - before, time.monotonic() - began
        found["megabytes"] = max(map(_megabytes, processes))
        found["cpu"] = spent / took / workers * 100
        found["crashes"] = int(made.main().pid != main) + _crashes(made)
        return found


def _crashes(made: Installation) -> int:
    return int(made.sql("SELECT count(*) FROM workers_clusterevent WHERE kind = 'worker.crashed'")[0][0])


def _family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _cpu(process: psutil.Process) -> float:
    return sum(one.cpu_times().user + one.cpu_times().system for one in _family(process))


def _megabytes(process: psutil.Process) -> float:
    return sum(one.memory_info().rss for one in _family(process)) / 2**20
