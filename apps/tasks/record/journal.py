"""The journal of a running task: what has been done and must not be done again. Plain Python over a store.

Kinds of entries and when they reach the store:

- steps of effects and reads: at once, one transaction each;
- steps of volatile calls, log lines: with the next transaction (losing them harms nothing: no effect saw them);
- progress: with the next transaction, or by `beat` from the heartbeat thread.

While an attempt answers calls from the record it is *replaying*; log lines and progress of that stretch are dropped,
because they were written the first time.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from apps.core.errors import ChantillyError
from apps.core.masking import mask
from apps.core.saying import count

PAGE = 200
"""Records read at once while replaying: memory stays bounded however long the journal is."""
SHOWN_ARGUMENTS = 300
MAX_LOG_LINE = 2_000
MAX_LOG_SIZE = 64_000
"""Characters kept between two steps."""
MAX_LOG_LINES = 500
"""Lines kept between two steps; more are counted, not kept, so that a flood costs nothing."""


class LeaseLost(ChantillyError):
    """Another attempt holds the task now, or it has ended: this worker may write nothing more."""

    code = "lease_lost"


class Diverged(ChantillyError):
    """The script asked for something else than what was recorded at this place."""

    code = "diverged"


class RecordTooNew(ChantillyError):
    """A newer version of the product wrote it; this one must not guess what it means."""

    code = "record_too_new"


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """The right of one attempt to write. Every write names it and is refused when it is no longer the task's."""

    task_id: int
    token: int
    attempt: int
    is_child: bool = True
    """Whether somebody may wait for its end; False where it is known that nobody does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """A step as the store has it: the newest try at its index."""

    index: int
    try_number: int
    name: str
    digest: bytes
    succeeded: bool
    result: str
    arguments: str = ""
    """Encoded, shortened: for people, never compared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewStep:
    index: int
    name: str
    call_class: str
    digest: bytes
    arguments: str
    succeeded: bool
    result: str
    line: int | None
    started_at: datetime
    seconds: float
    try_number: int = 1
    retries: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class NewEvent:
    kind: str
    at: datetime
    data: dict[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class NewFile:
    """A file already written and synced at `path` below the artifact root; its row comes with the step."""

    index: int
    name: str
    kind: str
    content_type: str
    size: int
    sha256: str
    path: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class NewCheckpoint:
    index: int
    line: int | None
    interpreter: str
    dump: bytes
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedCheckpoint:
    index: int
    line: int | None
    dump: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    percent: float
    stage: str
    message: str


@dataclass(kw_only=True, slots=True)
class Batch:
    """Everything that one transaction writes."""

    steps: list[NewStep] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)
    files: list[NewFile] = field(default_factory=list)
    checkpoint: NewCheckpoint | None = None
    progress: Progress | None = None
    line: int | None = None
    call: str = ""
    call_started_at: datetime | None = None
    counts: dict[str, int] = field(default_factory=dict)
    """Additions to the execution's counters: warnings, errors, api_calls, model_tokens."""
    memory_bytes: int = 0
    beside: Callable[[], None] | None = None
    """Writes of an executor's own, in the transaction that ends the attempt, while its lease still holds."""

    def count(self, name: str, addition: int) -> None:
        self.counts[name] = self.counts.get(name, 0) + addition


@dataclass(frozen=True, kw_only=True, slots=True)
class Ack:
    """The store's answer to a write: the feed's last number, and what is asked of the task."""

    seq: int
    control: str


class Store(Protocol):
    """Where a journal lives.

    1. `write` is one transaction: all of the batch or nothing.
    2. It is fenced: raises LeaseLost when the lease is not the task's current one, and then writes nothing.
    3. It extends the lease.
    4. It returns only after the write is durable.
    5. Nothing is written twice at one (index, try_number).
    """

    def records(self, task_id: int, start: int, limit: int) -> Sequence[Recorded]:
        """The newest try of every index from `start`, in order, at most `limit` of them."""
        ...

    def last_index(self, task_id: int) -> int:
        """The highest recorded index, -1 for an empty journal."""
        ...

    def write(self, lease: Lease, batch: Batch) -> Ack: ...


class Journal:
    """One attempt's view of the record. Used by one executor thread; `beat` by the heartbeat thread."""

    def __init__(
        self,
        store: Store,
        lease: Lease,
        *,
        reopened: tuple[int, int] | None = None,
        is_new: bool = False,
        stage: str = "",
        clock: Callable[[], datetime],
    ) -> None:
        self.lease = lease
        self.control = ""
        self.steps_recorded = 0
        self.calls_answered = 0
        self.signs = 0
        """Grows with every line of log, report of progress and count: somebody is alive."""
        self.api_calls = 0
        self._store = store
        self._reopened = reopened
        self._clock = clock
        self.last_index = -1 if is_new else store.last_index(lease.task_id)
        """Highest index that earlier attempts recorded, -1 for none."""
        self._page: dict[int, Recorded] = {}
        self._pending = Batch()
        self._log: list[dict[str, object]] = []
        self._log_dropped = 0
        self._log_size = 0
        self._stage = stage
        self._lock = threading.Lock()
        self.written_at = time.monotonic()
        self.line_shown: int | None = None
        self.call_shown = ""

    def is_replaying(self, index: int) -> bool:
        """Whether call `index` lies in the stretch that an earlier attempt has been through."""
        return index <= self.last_index

    def find(self, index: int, name: str, digest: bytes, arguments: str) -> Recorded | None:
        """The recorded answer to this call, or None when it has to be executed.

        Raises Diverged when another call was recorded here.
        """
        recorded = self._record(index)
        if recorded is None:
            return None
        if (recorded.name, recorded.digest) != (name, digest):
            raise Diverged(
                f"At call {index} the script asks for {shown(name, arguments)}, but the journal has"
                f" {shown(recorded.name, recorded.arguments)} there."
                f" The record and the script no longer fit. Fork it at step {index} or before: the calls before that"
                " are not made again. Or run it again from the start."
            )
        if self._reopened is not None and self._is_reopened(recorded):
            return None
        self.calls_answered += 1
        return recorded

    def end_at(self, index: int) -> None:
        """The script has ended, and `index` calls of it are on record. Raises Diverged when the record has more."""
        if self.is_replaying(index) and (recorded := self._record(index)) is not None:
            raise Diverged(
                f"The script ended after {count(index, 'call')}, but the journal has {shown(recorded.name, recorded.arguments)}"
                f" as call {index}. The record and the script no longer fit. Fork it at step {index} or before, or run it"
                " again from the start."
            )

    def before(self, index: int) -> Recorded | None:
        """The record of the call before this one."""
        return self._record(index - 1) if index else None

    def next_try(self, index: int) -> int:
        """The number of the try that executing call `index` now would be."""
        recorded = self._record(index)
        return recorded.try_number + 1 if recorded else 1

    def record(self, step: NewStep, *, files: Sequence[NewFile] = (), checkpoint: NewCheckpoint | None = None) -> None:
        """Write the step, and with it everything that has been waiting. Durable when it returns."""
        with self._lock:
            batch = self._take()
            batch.steps.append(step)
            batch.files.extend(files)
            batch.checkpoint = checkpoint
            batch.line = step.line
            self._write(batch)

    def keep(self, step: NewStep) -> None:
        """Hold a volatile call's step until the next transaction."""
        with self._lock:
            self._pending.steps.append(step)

    def log(self, text: str, level: str, line: int | None, now: datetime) -> None:
        with self._lock:
            self.signs += 1
            if level in ("warning", "error"):
                self._pending.count(f"{level}s", 1)
            if len(self._log) >= MAX_LOG_LINES or self._log_size >= MAX_LOG_SIZE:
                self._log_dropped += 1
                return
            self._log_size += len(text[:MAX_LOG_LINE])
            entry: dict[str, object] = {"at": now.isoformat(), "level": level, "text": text[:MAX_LOG_LINE]}
            if line is not None:
                entry["line"] = line
            self._log.append(entry)

    def progress(self, progress: Progress, now: datetime) -> None:
        """Show this progress with the next transaction or heartbeat; a new stage becomes an event."""
        with self._lock:
            self.signs += 1
            self._pending.progress = progress if progress.stage else replace(progress, stage=self._stage)
            if progress.stage and progress.stage != self._stage:
                self._stage = progress.stage
                data: dict[str, object] = {"stage": progress.stage, "percent": progress.percent}
                self._pending.events.append(NewEvent(kind="task.stage_started", at=now, data=data))

    def count(self, name: str, addition: int) -> None:
        with self._lock:
            self.signs += 1
            self.api_calls += addition if name == "api_calls" else 0
            self._pending.count(name, addition)

    def note_memory(self, memory_bytes: int) -> None:
        with self._lock:
            self._pending.memory_bytes = max(self._pending.memory_bytes, memory_bytes)

    def beat(self, store: Store, *, line: int | None, call: str, call_started_at: datetime | None) -> None:
        """Renew the lease and show progress and the call in flight (heartbeat thread, with its own store).

        Log lines, events and steps stay for the next transaction of the executor.
        """
        with self._lock:
            pending, self._pending = self._pending, Batch()
            self._pending.steps, self._pending.events = pending.steps, pending.events
            pending.steps, pending.events = [], []
            pending.line, pending.call, pending.call_started_at = line, call, call_started_at
            try:
                self._write(pending, store)
            except Exception:
                self._restore(pending)
                raise

    def _restore(self, unwritten: Batch) -> None:
        """The heartbeat could not write (the database is away): its counts and progress wait for the next."""
        self._pending.progress = self._pending.progress or unwritten.progress
        self._pending.memory_bytes = max(self._pending.memory_bytes, unwritten.memory_bytes)
        for name, addition in unwritten.counts.items():
            self._pending.count(name, addition)

    @property
    def has_news(self) -> bool:
        """Whether progress waits to be shown."""
        return self._pending.progress is not None

    def rest(self) -> Batch:
        """What has not been written yet; it goes into the transaction that ends the attempt."""
        with self._lock:
            return self._take()

    def _record(self, index: int) -> Recorded | None:
        if index > self.last_index:
            return None
        if index not in self._page:
            records = self._store.records(self.lease.task_id, index, PAGE)
            self._page = {recorded.index: recorded for recorded in records}
        return self._page.get(index)

    def _is_reopened(self, recorded: Recorded) -> bool:
        assert self._reopened is not None
        index, try_number = self._reopened
        return recorded.index == index and recorded.try_number <= try_number and not recorded.succeeded

    def _take(self) -> Batch:
        batch, self._pending = self._pending, Batch()
        if self._log:
            data: dict[str, object] = {"lines": self._log}
            if self._log_dropped:
                data["dropped"] = self._log_dropped
            batch.events.append(NewEvent(kind="task.logged", at=self._clock(), data=data))
            self._log, self._log_dropped, self._log_size = [], 0, 0
        return batch

    def _write(self, batch: Batch, store: Store | None = None) -> None:
        ack = (store or self._store).write(self.lease, batch)
        self.control = ack.control
        self.written_at = time.monotonic()
        self.line_shown = batch.line
        self.call_shown = batch.call
        self.steps_recorded += len(batch.steps)


def shown(name: str, arguments: str) -> str:
    """A call as people read it: no secrets, and the arguments shortened."""
    return f"{name} {mask(arguments, SHOWN_ARGUMENTS)}"
