"""One storm from start to end: build, load, break, settle, drain, stop, check."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.chaos.evidence import gather
from tests.chaos.installation import ROOT, wait_for
from tests.chaos.storm import plan
from tests.chaos.storm.faults import Faults, possible
from tests.chaos.storm.report import report
from tests.chaos.storm.stage import SECONDS, Stage
from tests.chaos.storm.watching import Watch

TICK = 0.05
OPEN = "SELECT count(*) FROM tasks_task WHERE finished_at IS NULL"


@dataclass(frozen=True, kw_only=True)
class Options:
    seed: int = 1
    minutes: float = 1.0
    database: str = "sqlite"
    clusters: int = 1
    workers: int = 2
    rate: float = 6.0
    pause: float = 1.5
    """Seconds between faults, on average."""
    lease: float = 4.0
    store: str = "files"
    """Where artifacts are kept: files (on a small disk of their own), database."""
    faults: list[str] = field(default_factory=list)
    """Kinds; none named: all that are possible here."""
    drain_seconds: float = 120.0
    """Given up when nothing more has come to its end for so long."""
    keep: bool = False


def run(options: Options, tell: Callable[[str], None] = print) -> dict[str, Any]:
    """Answers the report. Whatever happens, nothing of it is left behind."""
    files = options.minutes * 60 * options.rate / 10  # MB: a tenth of one for each task, on average
    stage = Stage(
        database=options.database,
        workers=options.workers,
        lease=options.lease,
        store=options.store,
        disk_mb=64 + round(files),
    )
    try:
        tell(f"Building in {stage.directory}")
        stage.build()
        stage.run("-m", "tests.chaos.storm.people", "publish")
        with Watch(stage) as watch:
            began = time.monotonic()
            faults, remarks = _blow(stage, options, tell)
            tell("Settling")
            calm = time.monotonic()
            _drain(stage, options.drain_seconds)
            drained = time.monotonic() - calm
            idle_looks = watch.idle_looks()
            stage.stop_clusters()
        left_over = watch.left_over()
        evidence = gather(
            stage.directory, stage.sql,
            frozen=[pid for fault in faults.record if fault.kind.startswith("freeze") for pid in fault.pids],
            seen_final=watch.seen_final, double_holders=watch.double_holders, memory=watch.memory, left_over=left_over,
            looks=watch.looks, idle_looks=idle_looks, crew=watch.crew,
        )  # fmt: skip
        facts = {"seconds": time.monotonic() - began, "drain_seconds": drained, "remarks": remarks}
        return report(asdict(options) | {"home": str(stage.directory)}, evidence, faults.record, **facts)
    finally:
        if not options.keep:
            stage.destroy()


def _blow(stage: Stage, options: Options, tell: Callable[[str], None]) -> tuple[Faults, list[str]]:
    seconds = options.minutes * 60
    kinds = [kind for kind in possible(stage) if not options.faults or kind in options.faults]
    planned = plan.plan(options.seed, seconds, kinds, options.pause)
    for slot in "abcdef"[: options.clusters]:
        stage.start_cluster(slot, "first")
    wait_for("workers", lambda: sum(role == "worker" for role, _ in stage.tree()) >= options.clusters, seconds=SECONDS)
    faults, remarks = Faults(stage), []
    with _load(stage, options) as load:
        began = time.monotonic()
        # On a slow machine a little longer, so that the planned faults come.
        while (now := time.monotonic() - began) < seconds or (planned and now < 1.5 * seconds):
            faults.undo_due()
            remarks += stage.look_after_clusters()
            if planned and planned[0].at <= now:
                fault = faults.carry_out(planned.pop(0))
                if fault:
                    tell(f"{now:7.1f}  {fault.kind} {fault.detail}")
            if load.poll() is not None:
                remarks.append(f"the people gave up with code {load.returncode} after {now:.0f} s")
                break
            time.sleep(TICK)
        faults.undo_all()
    stage.look_after_clusters()
    return faults, remarks


@contextmanager
def _load(stage: Stage, options: Options) -> Any:
    command = [sys.executable, "-m", "tests.chaos.storm.people", "load", str(options.seed), str(options.rate)]
    with (stage.directory / "people.log").open("w") as log:
        load = subprocess.Popen(command, cwd=ROOT, env=stage.environment(), stdout=log, stderr=log,
                                start_new_session=True)  # fmt: skip
    try:
        yield load
    finally:
        (stage.directory / "stop").touch()
        try:
            load.wait(70)
        except subprocess.TimeoutExpired:
            load.kill()


def _drain(stage: Stage, patience: float) -> None:
    """Until everything has ended, or nothing more has for so long: then what is open is a violation."""
    least, since = stage.sql(OPEN)[0][0], time.monotonic()
    while least and time.monotonic() - since < patience:
        stage.look_after_clusters()
        stage.run("-m", "tests.chaos.storm.people", "settle")
        _wait_for_progress(stage, least, 5.0)
        if (left := stage.sql(OPEN)[0][0]) < least:
            least, since = left, time.monotonic()


def _wait_for_progress(stage: Stage, before: int, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(0.2)
        if stage.sql(OPEN)[0][0] in (0, before - 200):
            return
