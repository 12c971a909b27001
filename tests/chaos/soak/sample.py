"""One look at everything that could grow or stay held: processes, rows, files, leases, slots, buckets."""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.chaos.slots import Held, bucket_now, held_now
from tests.chaos.storm.stage import Stage

PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
SIZE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}
OPEN = "SELECT status, count(*) FROM tasks_task GROUP BY status"


@dataclass(frozen=True, kw_only=True)
class Process:
    pid: int
    started: float
    role: str
    pss: int
    rss: int
    descriptors: int


@dataclass(frozen=True, kw_only=True)
class Sample:
    at: float
    """Seconds since the load began."""
    processes: tuple[Process, ...] = ()
    database_bytes: int = 0
    files: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    held: tuple[Held, ...] = ()
    """What runs, and with it what holds leases and slots, in one snapshot of the database."""
    bucket: float = 0.0
    """What is left in the rate bucket; negative: promised."""

    def of_role(self, role: str, value: Callable[[Process], int]) -> int:
        return sum(value(process) for process in self.processes if process.role == role)


def take(stage: Stage, began: float) -> Sample:
    return Sample(
        at=time.monotonic() - began,
        processes=tuple(processes(stage)),
        database_bytes=int(stage.sql(SIZE[stage.database])[0][0]),
        files=sum(path.is_file() for path in (stage.directory / "artifacts").rglob("*")),
        statuses={status: int(number) for status, number in stage.sql(OPEN)},
        held=held_now(stage.sql, stage.database),
        bucket=bucket_now(stage.sql, stage.database),
    )


def processes(stage: Stage) -> list[Process]:
    found = []
    for cluster in stage.everyone():
        with suppress(psutil.Error):
            supervisor = psutil.Process(cluster.process.pid)
            below = supervisor.children(recursive=True)
            found += [_process(each, role) for each, role in [(supervisor, "supervisor"), *_below(supervisor, below)]]
    for name, server in (("postgresql", stage.postgres), ("redis", stage.redis)):
        if server is not None and server.pid:
            found += [_process(each, name) for each in _with_children(server.pid)]
    return [process for process in found if process is not None]


def _below(supervisor: psutil.Process, below: list[psutil.Process]) -> list[tuple[psutil.Process, str]]:
    """Each with its role: Django-Q2's pusher has the guard's name."""
    roles: list[tuple[psutil.Process, str]] = []
    known: dict[int, str] = {supervisor.pid: "supervisor"}
    for process in below:
        with suppress(psutil.Error):
            role = _role(process.name(), known.get(process.ppid(), ""))
            known[process.pid] = role
            roles.append((process, role))
    return roles


def _role(name: str, above: str) -> str:
    if name == "q2-main":
        return "guard" if above == "supervisor" else "helper"
    if name == "q2-worker":
        return "worker"
    if above == "worker":
        return "sandbox" if name.startswith("monty") else "press"
    return "web" if above == "supervisor" else "other"


def _with_children(pid: int) -> list[psutil.Process]:
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def _process(process: psutil.Process, role: str) -> Process | None:
    try:
        text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        found = PSS.search(text)
        return Process(
            pid=process.pid, started=process.create_time(), role=role, pss=int(found[1]) * 1024 if found else 0,
            rss=process.memory_info().rss, descriptors=process.num_fds(),
        )  # fmt: skip
    except (OSError, psutil.Error):
        return None  # it has just ended


def as_json(sample: Sample) -> dict[str, Any]:
    """Without the single processes and leases: their sums by role."""
    roles = sorted({process.role for process in sample.processes})
    return {
        "at": round(sample.at, 1),
        "processes": {role: sum(process.role == role for process in sample.processes) for role in roles},
        "pss_mb": {role: round(sample.of_role(role, lambda each: each.pss) / 2**20, 1) for role in roles},
        "rss_mb": {role: round(sample.of_role(role, lambda each: each.rss) / 2**20, 1) for role in roles},
        "descriptors": {role: sample.of_role(role, lambda each: each.descriptors) for role in roles},
        "database_mb": round(sample.database_bytes / 2**20, 2),
        "files": sample.files,
        "statuses": sample.statuses,
        "leases": sum(held.is_leased for held in sample.held),
        "running": sum(held.is_running for held in sample.held),
        "bucket": round(sample.bucket, 2),
    }
