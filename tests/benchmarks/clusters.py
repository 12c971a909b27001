"""What a running cluster costs and how it stands being killed."""

import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.benchmarks import measured
from tests.benchmarks.rows import Row, at_most, percentile
from tests.benchmarks.sizes import Sizes
from tests.chaos.installation import Installation, wait_for

IDLE_MB = 100.0


def kill(database: str, sizes: Sizes) -> Iterator[Row]:
    """kill -9 of the working process, until the task runs again on another; then of the whole set of processes."""
    with measured.installation(running=True) as made:
        one = [after_kill(made, is_whole_set=False) for _ in range(sizes.kills)]
        whole = [after_kill(made, is_whole_set=True) for _ in range(min(2, sizes.kills))]
        ended = made.sql("SELECT count(*) FROM tasks_task WHERE status = 'completed'")[0][0]
    lost = len(one) + len(whole) - int(ended)
    name = "kill -9 of the worker → work goes on"
    yield at_most(0.5, "s", percentile(one, 0.5), name=f"{name}, median of {len(one)}", database=database)
    yield at_most(2, "s", max(one), name=f"{name}, worst", database=database)
    yield at_most(
        5, "s", max(whole), name="kill -9 of the whole set, supervised → work goes on, worst", database=database
    )
    yield at_most(0, "lost", lost, name=f"tasks lost in {len(one) + len(whole)} kills", database=database)


def after_kill(made: Installation, *, is_whole_set: bool) -> float:
    """Seconds from the kill to the next attempt of the task that was running."""
    started = measured.inside(made, "long_task", 60)
    main = made.main()
    everything = [main.pid, *(process.pid for process in main.children(recursive=True))]
    at = made.kill(*(everything if is_whole_set else [started["pid"]]))
    _wait_for_attempt(made, started["task"], 2)
    waited = time.monotonic() - at
    _wait_for_end(made, started["task"])
    wait_for("two workers again", lambda: len(made.workers()) == 2, seconds=30)
    return waited


def kill_all(database: str, sizes: Sizes) -> Iterator[Row]:
    """kill -9 of every process of the installation, then `manage.py up` again, until the task runs."""
    with measured.installation(running=True) as made:
        started = measured.inside(made, "long_task", 100)
        for process in made.processes():
            process.kill()
        wait_for("the end of all processes", lambda: not made.processes())
        assert made.supervisor is not None
        made.supervisor.wait()
        at = time.monotonic()
        made.start("--no-web")
        _wait_for_attempt(made, started["task"], 2)
        value = time.monotonic() - at
        _wait_for_end(made, started["task"])
    yield at_most(5, "s", value, name="kill -9 of everything, `manage.py up` → work goes on", database=database)


def memory(database: str, sizes: Sizes) -> Iterator[Row]:
    """Idle: Django-Q2's processes with two workers, and their sandboxes; without web server and supervisor."""
    with measured.installation(running=True) as made:
        measured.inside(made, "noops", 10)
        time.sleep(3)
        main = made.main()
        cluster = [main, *main.children(recursive=True)]
        value = sum(pss(process) for process in cluster) / 2**20
    name = f"idle set of two workers, PSS of {len(cluster)} processes"
    yield at_most(IDLE_MB, "MB", value, name=name, database=database)


def report(database: str, sizes: Sizes) -> Iterator[Row]:
    """The invoice report over 2,000 demo invoices, split by stage."""
    with measured.installation(running=False) as made:
        for command in (["load_templates"], ["load_knowledge"], ["make_demo"]):
            made.manage(*command)
        measured.start(made)
        took = measured.inside(made, "report", 0)
    for stage, seconds in took["stages"].items():
        yield Row(name=f"stage {stage}", database=database, value=seconds, unit="s")
    name = f"invoice report over {took['invoices']:,} invoices: PDF, JSON, CSV"
    yield at_most(20, "s", took["seconds"], name=name, database=database)


def pss(process: psutil.Process) -> int:
    """Proportional set size in bytes: shared pages are split among those who share them."""
    text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))


def _wait_for_attempt(made: Installation, task_id: int, number: int) -> None:
    query = f"SELECT 1 FROM tasks_attempt WHERE task_id = {task_id} AND number = {number}"
    wait_for(f"attempt {number}", lambda: made.sql(query), seconds=30)


def _wait_for_end(made: Installation, task_id: int) -> None:
    query = f"SELECT 1 FROM tasks_task WHERE id = {task_id} AND status = 'completed'"
    wait_for("the task's end", lambda: made.sql(query), seconds=60)
