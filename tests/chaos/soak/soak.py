"""One soak from start to end: build, load, look every half minute, drain, stay idle, stop, judge."""

import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from sqlite3 import OperationalError as SqliteError
from typing import Any

import psycopg

from tests.chaos import clauses, figures, slots
from tests.chaos.evidence import gather
from tests.chaos.installation import ROOT, free_port, wait_for
from tests.chaos.place import place
from tests.chaos.soak import verdicts
from tests.chaos.soak.sample import Sample, as_json, take
from tests.chaos.soak.verdicts import Verdict
from tests.chaos.storm import caretaker
from tests.chaos.storm.stage import SECONDS, Stage

LEASE = 10.0
CORES = 1
IDLE_LOOKS = 4
DRAIN_SECONDS = 600.0
READ_SECONDS = 3.0
OPEN = "SELECT count(*) FROM tasks_task WHERE finished_at IS NULL"


@dataclass(frozen=True, kw_only=True)
class Options:
    minutes: float = 60.0
    database: str = "sqlite"
    clusters: int = 1
    workers: int = 2
    rate: float = 4.0
    every: float = 30.0
    seed: int = 1
    keep: bool = False


def run(options: Options, tell: Callable[[str], None] = print) -> dict[str, Any]:
    """Answers the report. Whatever happens, nothing of it is left behind."""
    stage = Stage(
        database=options.database, workers=options.workers, lease=LEASE, disk_mb=128 + round(3 * options.minutes),
        settings={"SLICE_SECONDS": "300"}, web_port=free_port(),
    )  # fmt: skip
    try:
        tell(f"Building in {stage.directory}")
        stage.build()
        stage.run("manage.py", "prepare", "--demo")
        stage.run("-m", "tests.chaos.storm.people", "publish")
        limits = slots.bounds(stage.sql)
        loaded, remarks = _load(stage, options, tell)
        tell("Draining")
        idle = _idle(stage)
        stage.stop_clusters()
        left = _left_over(stage)
        found = [*verdicts.judge(loaded, idle, limits, CORES), *_kept(stage, loaded, left, remarks)]
        return _report(options, loaded, idle, found, stage)
    finally:
        if not options.keep:
            stage.destroy()


def _load(stage: Stage, options: Options, tell: Callable[[str], None]) -> tuple[list[Sample], list[str]]:
    for slot in "abcdef"[: options.clusters]:
        stage.start_cluster(slot, "first")
    enough = options.clusters * options.workers
    wait_for("workers", lambda: sum(role == "worker" for role, _ in stage.tree()) >= enough, seconds=SECONDS)
    samples: list[Sample] = []
    remarks: list[str] = []
    with _people(stage, options) as people, _reader(stage) as reader:
        began = time.monotonic()
        due = began + options.every
        while (now := time.monotonic()) < began + options.minutes * 60:
            remarks += stage.look_after_clusters()
            if people.poll() is not None:
                remarks.append(f"the people gave up with code {people.returncode}")
                break
            if now >= due:
                due += options.every
                samples += _look(stage, began, tell)
            time.sleep(0.2)
    remarks += [f"{reader.failed} of {reader.asked} requests of a reader failed: {reader.why}"] * bool(reader.failed)
    return samples, remarks


def _look(stage: Stage, began: float, tell: Callable[[str], None]) -> list[Sample]:
    try:
        sample = take(stage, began)
    except (psycopg.Error, SqliteError) as error:
        tell(f"no sample: {error}")
        return []
    told = as_json(sample)
    tell(f"{sample.at:7.0f} s  {sample.statuses}  leases {told['leases']}  PSS {told['pss_mb']}")
    return [sample]


@contextmanager
def _people(stage: Stage, options: Options) -> Any:
    command = [sys.executable, "-m", "tests.chaos.storm.people", "load", str(options.seed), str(options.rate), "soak"]
    with (stage.directory / "people.log").open("w") as log:
        people = subprocess.Popen(command, cwd=ROOT, env=stage.environment(), stdout=log, stderr=log,
                                  start_new_session=True)  # fmt: skip
    try:
        yield people
    finally:
        (stage.directory / "stop").touch()
        try:
            people.wait(70)
        except subprocess.TimeoutExpired:
            people.kill()


class _Reader:
    """Somebody who looks at the tasks every few seconds, over the API."""

    def __init__(self, stage: Stage) -> None:
        self.asked = self.failed = 0
        self.why = ""
        self.over = threading.Event()
        self._token = stage.run("-m", "tests.chaos.storm.people", "token").strip()
        self._address = f"http://127.0.0.1:{stage.web_port}"

    def live(self) -> None:
        while not self.over.wait(READ_SECONDS):
            for path in ("/api/v1/tasks/", "/readyz"):
                self.asked += 1
                try:
                    self._get(path)
                except OSError as error:
                    self.failed += 1
                    self.why = f"{path}: {error}"

    def answers(self) -> bool:
        try:
            self._get("/readyz")
        except OSError:
            return False
        return True

    def _get(self, path: str) -> None:
        headers = {"Authorization": f"Token {self._token}"}
        with urllib.request.urlopen(
            urllib.request.Request(self._address + path, headers=headers), timeout=20
        ) as answer:
            answer.read()


@contextmanager
def _reader(stage: Stage) -> Any:
    reader = _Reader(stage)
    wait_for("the pages", reader.answers, seconds=SECONDS)
    thread = threading.Thread(target=reader.live, name="reader", daemon=True)
    thread.start()
    try:
        yield reader
    finally:
        reader.over.set()
        thread.join(30)


def _idle(stage: Stage) -> list[Sample]:
    """Until everything has ended, or the bound is reached; then looks at what is idle."""
    began = time.monotonic()
    while time.monotonic() < began + DRAIN_SECONDS and stage.sql(OPEN)[0][0]:
        stage.run("-m", "tests.chaos.storm.people", "settle")
        time.sleep(1.0)
    looks = []
    for _ in range(IDLE_LOOKS):
        time.sleep(2.0)
        looks.append(take(stage, began))
    return looks


def _left_over(stage: Stage) -> list[str]:
    """What of ours lives on after the clusters were stopped; not the servers that the soak itself started."""
    servers = {server.pid for server in (stage.postgres, stage.redis) if server is not None}
    return [
        f"{process.name()} {process.pid}"
        for process in caretaker.marked(stage.directory)
        if process.pid not in servers and process.ppid() not in servers and process.ppid() != os.getpid()
    ]


def _kept(stage: Stage, samples: list[Sample], left: list[str], remarks: list[str]) -> list[Verdict]:
    """What the storm's checker says over sink, journal and rows, and what else must be so at the end."""
    peaks: dict[str, int] = {}
    for process in (process for sample in samples for process in sample.processes):
        peaks[process.role] = max(peaks.get(process.role, 0), process.rss)
    evidence = gather(stage.directory, stage.sql, memory=peaks, left_over=left)
    violations = [str(violation) for violation in clauses.check(evidence)]
    reports = [status for (status,) in stage.sql(
        "SELECT status FROM tasks_task JOIN catalog_tasktemplate t ON t.id = template_id WHERE t.key = 'invoice_report_v2'"
    )]  # fmt: skip
    incomplete = [status for status in reports if status != "completed"]
    return [
        verdicts.none(f"the storm's invariants over {len(evidence.accepted)} accepted tasks", violations),
        verdicts.none(f"reports completed ({len(reports)})", incomplete),
        verdicts.none("no process left", left),
        verdicts.none("clusters, people and pages went on", remarks),
    ]


def _report(
    options: Options, loaded: list[Sample], idle: list[Sample], found: list[Verdict], stage: Stage
) -> dict[str, Any]:
    evidence = gather(stage.directory, stage.sql)
    return {
        **asdict(options),
        **place(),
        "counts": asdict(figures.count(evidence)),
        "verdicts": [verdict.as_json() for verdict in found],
        "used": _used(loaded, stage),
        "samples": [as_json(sample) for sample in loaded],
        "idle": [as_json(sample) for sample in idle],
    }


def _used(samples: list[Sample], stage: Stage) -> dict[str, int]:
    used: dict[str, int] = {}
    limits = slots.bounds(stage.sql)
    for sample in samples:
        for scope, most in slots.at_most(sample.held, limits).items():
            used[scope] = max(used.get(scope, 0), most)
    return used
