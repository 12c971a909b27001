"""Does the cluster progress? A cluster can live and serve nothing: its guard may be frozen and replace nobody, or its
pusher, so that no new worker process is given its slice. So it is judged by its rows, and by the worker processes
that the guard has started and that have no row yet.

Moments here are the monotonic clock's seconds: what counts is how long a row has not changed, whoever set the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from apps.core import clock
from apps.tasks.limits import choosing, gates
from apps.workers import identity
from apps.workers.models import Worker
from apps.workers.q2.names import WORKER_PROCESS
from apps.workers.running import processes


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A worker as its row shows it."""

    worker_id: int
    heartbeat_at: datetime
    is_idle: bool


@dataclass(frozen=True, kw_only=True)
class Look:
    """What is at one moment: the cluster's workers, and the task that should be claimed next."""

    workers: Sequence[Seen]
    coming: int = 0
    """Worker processes that live and are no workers yet."""
    next_task: int | None = None


@dataclass(kw_only=True)
class Progress:
    """Judges one run of a cluster, from its start on; each restart needs a new one. Patience is in seconds.

    A worker that is lost must be replaced within `patience`: that is the guard's work, and takes it no time. The new
    process may take `first_patience` to its slice, as at the start: it needs the database and the broker for it, and
    the processor, which on a busy machine others have.
    """

    expected: int
    started_at: float
    first_patience: float
    patience: float
    silence: float
    _beats: dict[int, tuple[datetime, float]] = field(default_factory=dict)
    _whole_at: float | None = None
    _manned_at: float = 0.0
    """When each expected worker was last there, or a process in its place."""
    _next_task: tuple[int | None, float] = (None, 0.0)
    _idle: dict[int, float] = field(default_factory=dict)
    """Since when each worker has been seen idle: before it was, no task has waited for it."""

    @property
    def was_whole(self) -> bool:
        """Have all expected workers been seen since the start?"""
        return self._whole_at is not None

    def stalled(self, look: Look, at: float) -> str | None:
        """Why the cluster must be started again, or None."""
        self._note(look, at)
        live = [worker for worker in look.workers if not self._is_silent(worker, at)]
        if short := self._too_few(len(live), look.coming, at):
            return short
        idle = [self._idle[worker.worker_id] for worker in live if worker.is_idle]
        waited = at - max(self._next_task[1], min(idle, default=at))
        if look.next_task is not None and waited > self.patience:
            return f"task {look.next_task} waited for {waited:.0f} s while {len(idle)} workers were idle"
        return None

    def _too_few(self, live: int, coming: int, at: float) -> str | None:
        if live >= self.expected:
            self._whole_at = at
        if live + coming >= self.expected:
            self._manned_at = at
        short = at - (self.started_at if self._whole_at is None else self._whole_at)
        is_unmanned = self._whole_at is not None and at - self._manned_at > self.patience
        if short <= self.first_patience and not is_unmanned:
            return None
        return f"{live} of {self.expected} workers for {short:.0f} s" + (f", {coming} coming" if coming else "")

    def silent(self, look: Look, at: float) -> list[int]:
        """Workers that have not beaten for too long: stopped, or stuck in native code."""
        return [worker.worker_id for worker in look.workers if self._is_silent(worker, at)]

    def _note(self, look: Look, at: float) -> None:
        known, self._beats = self._beats, {}
        for worker in look.workers:
            beat, since = known.get(worker.worker_id, (None, at))
            self._beats[worker.worker_id] = (worker.heartbeat_at, since if beat == worker.heartbeat_at else at)
        self._idle = {
            worker.worker_id: self._idle.get(worker.worker_id, at) for worker in look.workers if worker.is_idle
        }
        if look.next_task != self._next_task[0]:
            self._next_task = (look.next_task, at)

    def _is_silent(self, worker: Seen, at: float) -> bool:
        beat, since = self._beats.get(worker.worker_id, (worker.heartbeat_at, at))
        return beat == worker.heartbeat_at and at - since > self.silence


def look(cluster_pid: int) -> Look:
    """Read the rows of the cluster whose main process this is, and count what has none."""
    rows = Worker.objects.present().filter(host=identity.host(), boot_id=identity.boot_id(), cluster_pid=cluster_pid)
    workers = list(rows)
    gate = gates.gate(settings.WORKER_QUEUES)
    best = choosing.startable(gate, identity.host(), 1, clock.now())  # what limits hold back is no sign of a stall
    return Look(
        workers=[
            Seen(worker_id=row.pk, heartbeat_at=row.heartbeat_at, is_idle=row.status == Worker.Status.IDLE)
            for row in workers
        ],
        coming=len(processes.children(cluster_pid, WORKER_PROCESS) - {row.pid for row in workers}),
        next_task=best[0].id if best else None,
    )
