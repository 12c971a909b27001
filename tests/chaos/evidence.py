"""What is known after a storm, from every side: the sink outside, the people's ledger, the rows, the processes."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.chaos import slots
from tests.chaos.slots import Bound, Held, Sql

FINAL = {"completed", "failed", "cancelled"}
ENDS = {
    "task.completed": "completed",
    "task.failed": "failed",
    "task.cancelled": "cancelled",
}
LEAVES = {*ENDS, "task.rescued", "task.released", "task.suspended", "task.paused", "task.retry_scheduled"}
"""Events with which an attempt is over."""
INTERRUPTED = {"crashed", "drained", "paused", "cancelled"}
"""Outcomes of attempts that may leave a call without its record: killed, or stopped between two tries of a call."""


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A task that somebody was told is there."""

    task: int
    key: str
    template: str
    n: int = 0
    because: str = ""
    """Why it made no task of its own: key, debounce, cache."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A line of the sink: the call (task, index) of this attempt took place, for the `times`-th time."""

    task: int
    index: int
    attempt: int
    key: str
    times: int
    pid: int
    at: float


@dataclass(frozen=True, kw_only=True)
class Task:
    id: int
    key: str
    status: str
    reason: str = ""
    is_dead_letter: bool = False
    crashes: int = 0
    attempt_count: int = 0
    error: Mapping[str, Any] = field(default_factory=dict)
    result: str = ""
    steps: int = 0
    seq: int = 0
    lease_until: float | None = None
    lease_token: int = 0


@dataclass(frozen=True, kw_only=True)
class Attempt:
    task: int
    number: int
    outcome: str
    worker: str
    token: int = 0


@dataclass(frozen=True, kw_only=True)
class Step:
    task: int
    seq: int
    index: int
    try_number: int
    attempt: int
    name: str
    outcome: str
    result: str = ""


@dataclass(frozen=True, kw_only=True)
class Event:
    task: int
    seq: int
    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)
    at: float = 0.0
    """Seconds since 1970, by the clock of whoever wrote it."""


@dataclass(frozen=True, kw_only=True)
class Bulk:
    """A verb for many tasks."""

    id: int
    verb: str
    status: str
    done: int = 0
    audited: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Look:
    """One moment of the database, seen from outside."""

    at: float
    """On the machine's monotonic clock."""
    held: tuple[Held, ...] = ()
    bucket: float = 0.0
    """What is left in the rate bucket; negative: promised."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    accepted: Sequence[Accepted] = ()
    asked: Sequence[tuple[str, int]] = ()
    """(verb, task) of what operators asked for, whether it was answered or not."""
    effects: Sequence[Effect] = ()
    tasks: Mapping[int, Task] = field(default_factory=dict)
    attempts: Sequence[Attempt] = ()
    steps: Sequence[Step] = ()
    events: Sequence[Event] = ()
    files: Sequence[tuple[int, str]] = ()
    """(task, path) of every file that a row names."""
    on_disk: Sequence[str] = ()
    """Paths of the files that are kept, in a directory or in the database."""
    pids: Mapping[str, int] = field(default_factory=dict)
    """The process of each worker."""
    frozen: Sequence[int] = ()
    """Processes that were stopped for a while."""
    frozen_workers: Sequence[str] = ()
    seen_final: Mapping[int, Sequence[str]] = field(default_factory=dict)
    """The final statuses that a task showed while it was watched, in order."""
    double_holders: Sequence[str] = ()
    """Workers that were seen with more live leases than they may hold."""
    left_over: Sequence[str] = ()
    """Processes that lived on after the clusters had ended."""
    memory: Mapping[str, int] = field(default_factory=dict)
    """Peak of resident bytes by role."""
    keys: Mapping[str, int] = field(default_factory=dict)
    """The task that each idempotency key gives."""
    bulks: Sequence[Bulk] = ()
    looks: Sequence[Look] = ()
    """While it stormed, a second apart."""
    idle_looks: Sequence[Look] = ()
    """After everything had ended."""
    crew: Sequence[tuple[float, int]] = ()
    """(moment, how many worker processes lived), a second apart."""
    limits: Sequence[Bound] = ()
    cores: int = 1
    """CPU-intensive tasks that may run on a host at once."""
    busy_workers: Sequence[str] = ()
    """Workers whose rows name a task although nothing runs."""

    @cached_property
    def attempts_of(self) -> Mapping[int, list[Attempt]]:
        return _grouped(self.attempts, lambda attempt: attempt.number)

    @cached_property
    def steps_of(self) -> Mapping[int, list[Step]]:
        return _grouped(self.steps, lambda step: step.seq)

    @cached_property
    def events_of(self) -> Mapping[int, list[Event]]:
        return _grouped(self.events, lambda event: event.seq)

    @cached_property
    def effects_of(self) -> Mapping[int, list[Effect]]:
        return _grouped(self.effects, lambda effect: effect.at)

    def was_asked(self, verb: str, task: int) -> bool:
        return (verb, task) in self._asked

    @cached_property
    def _asked(self) -> set[tuple[str, int]]:
        """Also by a verb for many tasks, which each of them tells of."""
        verbs = {bulk.id: bulk.verb for bulk in self.bulks}
        many = {(verbs[event.data["bulk"]], event.task) for event in self.events if event.data.get("bulk") in verbs}
        return {*self.asked, *many}


def _grouped(items: Sequence[Any], order: Callable[[Any], Any]) -> Mapping[int, list[Any]]:
    groups: dict[int, list[Any]] = defaultdict(list)
    for item in sorted(items, key=order):
        groups[item.task].append(item)
    return groups


def gather(directory: Path, sql: Sql, **observed: Any) -> Evidence:
    """Read sink, ledger, rows and files of a storm's directory."""
    ledger = _lines(directory / "ledger.jsonl")
    return Evidence(
        accepted=[
            Accepted(task=entry["task"], key=entry["key"], template=entry["template"], n=entry["n"], because=entry["because"])
            for entry in ledger
            if entry["what"] == "accepted"
        ],
        asked=[(entry["verb"], entry["task"]) for entry in ledger if entry["what"] == "asking"],
        effects=[Effect(**line) for line in _lines(directory / "sink.jsonl")],
        tasks=_tasks(sql),
        attempts=[
            Attempt(task=row[0], number=row[1], outcome=row[2], worker=row[3], token=row[4])
            for row in sql("SELECT task_id, number, outcome, worker, lease_token FROM tasks_attempt")
        ],
        steps=[
            Step(task=row[0], seq=row[1], index=row[2], try_number=row[3], attempt=row[4], name=row[5],
                 outcome=row[6], result=row[7])
            for row in sql(
                'SELECT task_id, seq, "index", try_number, attempt, name, outcome,'
                " CASE WHEN result LIKE '@file:%' THEN result ELSE '' END FROM tasks_step"
            )
        ],
        events=[
            Event(task=row[0], seq=row[1], kind=row[2], data=_json(row[3]), at=_epoch(row[4]))
            for row in sql("SELECT task_id, seq, kind, data, at FROM tasks_event")
        ],
        files=sql("SELECT task_id, path FROM tasks_artifact"),
        on_disk=[
            *_on_disk(directory / "artifacts"),
            *(path for (path,) in sql("SELECT DISTINCT path FROM tasks_blobpiece")),
        ],
        pids=dict(sql("SELECT name, pid FROM workers_worker")),
        keys=dict(
            sql(
                "SELECT idempotency_key, id FROM tasks_task WHERE idempotency_key IS NOT NULL"
                " UNION SELECT key, task_id FROM tasks_answeredkey"
            )
        ),
        bulks=_bulks(sql),
        limits=slots.bounds(sql),
        busy_workers=[
            name
            for (name,) in sql(
                "SELECT name FROM workers_worker WHERE current_task_id IS NOT NULL AND status IN ('idle', 'busy')"
            )
        ],
        **observed,
    )  # fmt: skip


def _tasks(sql: Sql) -> dict[int, Task]:
    rows = sql(
        "SELECT id, idempotency_key, status, status_reason, is_dead_letter, crashes, attempt_count, error, result,"
        " steps, seq, lease_until, lease_token FROM tasks_task JOIN tasks_execution ON task_id = id"
    )
    return {
        row[0]: Task(
            id=row[0], key=row[1] or "", status=row[2], reason=row[3], is_dead_letter=bool(row[4]), crashes=row[5],
            attempt_count=row[6], error=_json(row[7]), result=row[8], steps=row[9], seq=row[10], lease_until=row[11],
            lease_token=row[12],
        )
        for row in rows
    }  # fmt: skip


def _bulks(sql: Sql) -> list[Bulk]:
    audited: dict[str, list[str]] = defaultdict(list)
    for subject, verb in sql("SELECT subject, verb FROM tasks_auditentry WHERE subject LIKE 'bulk:%' ORDER BY id"):
        audited[subject].append(verb)
    return [
        Bulk(id=row[0], verb=row[1], status=row[2], done=row[3], audited=tuple(audited[f"bulk:{row[0]}"]))
        for row in sql("SELECT id, verb, status, done FROM tasks_bulkaction")
    ]


def _epoch(value: Any) -> float:
    """SQLite keeps moments as text, in UTC."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return float((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _json(value: Any) -> Mapping[str, Any]:
    found = json.loads(value) if isinstance(value, str) else value
    return found or {}


def _on_disk(directory: Path) -> list[str]:
    return [str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()]
