"""What a running cluster costs and how it stands being killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.benchmarks import measured
from tests.benchmarks.rows import Row, percentile
from tests.chaos.installation import ROOT, Installation, wait_for

NOOPS = 3_000
KILLS = 5


def latency(database: str) -> Iterator[Row]:
    with measured.installation(running=True) as made:
        waits = [wait * 1000 for wait in measured.inside(made, "latency", 120)["waits"]]
    for share, goal in ((0.5, 3.0), (0.95, 10.0)):
        value = percentile(waits, share)
        name = f"start latency p{share * 100:.0f}, submit to claim"
        yield Row(name=name, database=database, value=value, unit="ms", goal=f"≤ {goal:.0f} ms", is_met=value <= goal)


def noops(database: str) -> Iterator[Row]:
    """Interleaved, both with two workers on the same two cores: ours, theirs, ours, theirs.

    First with one client that submits while the workers work; then a full queue that only has to be worked off.
    """
    for name, measure in (("submitted and run", _live), ("worked off a full queue", _stocked)):
        ours, theirs = zip(*(measure() for _ in range(2)), strict=True)
        best, reference = max(ours), max(theirs)
        yield Row(name=f"bare Django-Q2: no-ops {name}", database=database, value=reference, unit="/s")
        yield Row(
            name=f"recorded no-op tasks {name}", database=database, value=best, unit="/s", reference="bare Django-Q2",
            ratio=best / reference, goal="≥ 4 ×", is_met=best / reference >= 4,
        )  # fmt: skip


def _live() -> tuple[float, float]:
    with measured.installation(running=True) as made:
        ours = NOOPS / measured.inside(made, "noops", NOOPS)["seconds"]
    with measured.installation(running=False) as made, _bare_cluster(made):
        return ours, NOOPS / _bare(made, "noops")


def _stocked() -> tuple[float, float]:
    with measured.installation(running=False) as made:
        measured.inside(made, "fill", NOOPS)
        made.up()
        ours = NOOPS / measured.inside(made, "emptied", NOOPS)["seconds"]
    with measured.installation(running=False) as made:
        _migrate_bare(made)
        _bare(made, "fill")
        with _bare_cluster(made):
            return ours, NOOPS / _bare(made, "emptied")


def _bare(made: Installation, what: str) -> float:
    answer = measured.run(made, "tests.benchmarks.bare_inside", what, str(NOOPS), **_bare_environment(made))
    return float(answer["seconds"])


def _bare_environment(made: Installation) -> dict[str, str]:
    """Bare Django-Q2 keeps its tables beside the installation's own database."""
    url = made.environment.get("DATABASE_URL") or f"sqlite:///{made.home / 'bare.sqlite3'}"
    return {"DJANGO_SETTINGS_MODULE": "tests.benchmarks.bare", "BARE_DATABASE_URL": url}


def _migrate_bare(made: Installation) -> None:
    environment = {**made.environment, **_bare_environment(made)}
    subprocess.run([sys.executable, "-m", "django", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)


@contextmanager
def _bare_cluster(made: Installation) -> Iterator[None]:
    _migrate_bare(made)
    cluster = subprocess.Popen(
        [sys.executable, "-m", "django", "qcluster"], cwd=ROOT, env={**made.environment, **_bare_environment(made)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield
    finally:
        os.killpg(cluster.pid, signal.SIGKILL)
        cluster.wait()


def kill(database: str) -> Iterator[Row]:
    """kill -9 of the working process, until the task runs again on another."""
    waits = []
    with measured.installation(running=True) as made:
        for _ in range(KILLS):
            started = measured.inside(made, "long_task", 60)
            at = made.kill(started["pid"])
            _wait_for_attempt(made, started["task"], 2)
            waits.append(time.monotonic() - at)
            _wait_for_end(made, started["task"])
    value = percentile(waits, 0.5)
    yield Row(
        name="kill -9 of the worker → work goes on (median)", database=database, value=value, unit="s",
        goal="≤ 0.5 s", is_met=value <= 0.5,
    )  # fmt: skip
    value = max(waits)
    yield Row(
        name="kill -9 of the worker → work goes on (worst)", database=database, value=value, unit="s", goal="≤ 2 s",
        is_met=value <= 2,
    )  # fmt: skip


def kill_all(database: str) -> Iterator[Row]:
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
    yield Row(
        name="kill -9 of everything, restart → work goes on", database=database, value=value, unit="s", goal="≤ 5 s",
        is_met=value <= 5,
    )  # fmt: skip


def memory(database: str) -> Iterator[Row]:
    """Idle: Django-Q2's processes with two workers, and their sandboxes; without web server and supervisor."""
    with measured.installation(running=True) as made:
        measured.inside(made, "noops", 10)
        time.sleep(3)
        main = made.main()
        cluster = [main, *main.children(recursive=True)]
        value = sum(pss(process) for process in cluster) / 2**20
        names = ", ".join(sorted({process.name() for process in cluster}))
    yield Row(
        name=f"idle cluster, PSS of {len(cluster)} processes", database=database, value=value, unit="MB",
        reference=names[:30], goal="≤ 150 MB", is_met=value <= 150,
    )  # fmt: skip


def report(database: str) -> Iterator[Row]:
    """The invoice report over 2,000 demo invoices, split by stage."""
    with measured.installation(running=False) as made:
        for command in (["load_templates"], ["load_knowledge"], ["make_demo"]):
            made.manage(*command)
        made.up()
        took = measured.inside(made, "report", 0)
    for stage, seconds in took["stages"].items():
        yield Row(name=f"invoice report, {stage}", database=database, value=seconds, unit="s")
    yield Row(
        name=f"invoice report over {took['invoices']} invoices", database=database, value=took["seconds"], unit="s",
        goal="≤ 20 s", is_met=took["seconds"] <= 20,
    )  # fmt: skip


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
