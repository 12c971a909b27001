"""A journal's store and a session in memory, obeying the same contracts as the real ones."""

import copy
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from apps.core import codec
from apps.executors.contract import Completed, Outcome, Pulse, TaskFacts
from apps.executors.script import run
from apps.tasks.record.journal import Ack, Batch, Journal, Lease, LeaseLost, LoadedCheckpoint, Recorded

MOMENT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Crash(BaseException):
    """The worker died here (a BaseException: nothing in the product may catch it)."""


class MemoryStore:
    """Obeys `journal.Store`. `crash_after` ends the process's life after that many writes."""

    def __init__(self) -> None:
        self.steps: dict[tuple[int, int], Recorded] = {}
        self.checkpoints: list[LoadedCheckpoint] = []
        self.events: list[Any] = []
        self.token = 0
        self.writes = 0
        self.crash_after: int | None = None
        self.control = ""

    def records(self, task_id: int, start: int, limit: int) -> Sequence[Recorded]:
        newest = {index: self.steps[key] for key in sorted(self.steps) if start <= (index := key[0]) < start + limit}
        return list(newest.values())

    def last_index(self, task_id: int) -> int:
        return max((index for index, _ in self.steps), default=-1)

    def write(self, lease: Lease, batch: Batch) -> Ack:
        if lease.token != self.token:
            raise LeaseLost("stale")
        for step in batch.steps:
            key = (step.index, step.try_number)
            assert key not in self.steps, f"step {key} was recorded twice"
            self.steps[key] = Recorded(
                index=step.index,
                try_number=step.try_number,
                name=step.name,
                digest=step.digest,
                succeeded=step.succeeded,
                result=step.result,
                arguments=step.arguments,
            )
        self.events.extend(batch.events)
        if batch.checkpoint:
            self.checkpoints.insert(
                0, LoadedCheckpoint(index=batch.checkpoint.index, line=1, dump=batch.checkpoint.dump)
            )
        self.writes += 1
        if self.crash_after is not None and self.writes >= self.crash_after:
            self.crash_after = None
            raise Crash
        return Ack(seq=self.writes, control=self.control)

    def lines(self) -> list[str]:
        return [line["text"] for event in self.events if event.kind == "task.logged" for line in event.data["lines"]]


class MemorySession:
    """Obeys `executors.contract.Session`."""

    def __init__(
        self,
        script: str,
        store: MemoryStore,
        *,
        parameters: dict[str, Any] | None = None,
        use_checkpoints: bool = True,
        permits: Callable[[str | None], bool] = lambda permission: True,
        reopened: tuple[int, int] | None = None,
        **limits: int,
    ) -> None:
        store.token += 1
        self.store = store
        self.task = facts(script, parameters or {}, **limits)
        self.lease = Lease(task_id=1, token=store.token, attempt=store.token)
        self.journal = Journal(store, self.lease, reopened=reopened, clock=lambda: MOMENT)
        self.pulse = Pulse()
        self.resumes: list[tuple[int, int | None]] = []
        self._use_checkpoints = use_checkpoints
        self._permits = permits

    def checkpoints(self) -> list[LoadedCheckpoint]:
        return copy.copy(self.store.checkpoints) if self._use_checkpoints else []

    def resumed(self, *, index: int, line: int | None, checkpoint: int | None) -> None:
        self.resumes.append((index, checkpoint))

    def permits(self, permission: str | None) -> bool:
        return self._permits(permission)

    def control(self) -> str:
        return self.journal.control


def facts(script: str, parameters: dict[str, Any], **limits: int) -> TaskFacts:
    return TaskFacts(
        id=1,
        uid="4f1c1f52-9d0b-4c43-9f57-5d0a9a2f3c11",
        title="A test",
        script=script,
        revision_id=1,
        revision_label="1.0.0 (revision 1)",
        parameters=parameters,
        outputs={},
        created_at=MOMENT,
        seed="4f1c1f529d0b4c439f575d0a9a2f3c11",
        seeded_at=MOMENT,
        requester=SimpleNamespace(pk=1, is_active=True, get_username=lambda: "alice", get_full_name=lambda: "Alice"),
        memory_mb=limits.get("memory_mb", 128),
        cpu_seconds=limits.get("cpu_seconds", 20),
        max_calls=limits.get("max_calls", 10_000),
    )


PUTS = "import sink\n\ndef run(params):\n    return [sink.put(n) for n in range(5)]\n"


def attempt(source: str, store: MemoryStore | None = None, **options: Any) -> Outcome:
    """How an attempt at this script ends."""
    return run.attempt(MemorySession(source, store or MemoryStore(), **options))


def finished(source: str, store: MemoryStore | None = None, **options: Any) -> Any:
    """What this script returns."""
    outcome = attempt(source, store, **options)
    assert isinstance(outcome, Completed), outcome
    return codec.decode(outcome.result)
