"""The thread beside a working process: it keeps the lease, shows progress, hears wishes, watches limits, sweeps.

It has a connection of its own and holds no lock while the main thread computes. It writes only what may be written
twice: lease, progress and the call in flight, never steps or log lines. One exception: an attempt whose main thread is
stuck is failed here, fenced like every end, and then this process ends.
"""

import os
import threading
import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import DatabaseError, connections

from apps.core import hints
from apps.executors.contract import Failure
from apps.executors.script.failures import stop_sandbox
from apps.executors.session import LiveSession
from apps.tasks import dbclock, lifecycle
from apps.tasks.record import leases
from apps.tasks.record.journal import Batch, LeaseLost
from apps.tasks.record.store import DatabaseStore
from apps.workers import sweep
from apps.workers.models import ClusterEvent, Worker
from apps.workers.registry import events, roster
from apps.workers.registry.roster import Asked, Work
from apps.workers.running import processes
from apps.workers.running.lifespan import MIB
from apps.workers.running.processes import cpu_seconds, resident_bytes
from apps.workers.running.stalls import Look, Stalled, Watch
from apps.workers.running.tally import Tally

log = structlog.get_logger(__name__)

TICK = 0.2
CONTROL_SECONDS = 0.4
ASKED_SECONDS = 0.5
SHOW_SECONDS = 0.25
"""A call in flight or progress is shown when nothing has been written for so long."""
SWEEP_SECONDS = 1.0
STALL_LOOK_SECONDS = 1.0
PRUNE_SECONDS = 60.0
OBEY_SECONDS = 1.0
"""How long sandboxed code may go on computing after control was heard; then its process is killed."""
SANDBOX_OVERHEAD = 96 * 1024 * 1024
"""Bytes the interpreter's process may use beside the script's own memory."""
STUCK_EXIT = 70


class Heartbeat:
    """Beats from `start` to `stop`; `watch` names the attempt that the main thread carries out."""

    def __init__(self, worker: Worker, *, end_process: Callable[[int], object] = os._exit) -> None:
        self.asked = Asked()
        """What people ask of this worker; at most ASKED_SECONDS old."""
        self.memory_bytes = 0
        self.cpu_seconds = 0.0
        """Processor time of this process and of all that it started, since the slice began."""
        self.tally = Tally()
        self._worker = worker
        self._end_process = end_process
        self._session: LiveSession | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._live, name="heartbeat", daemon=True)
        self._due: dict[str, float] = {}
        self._control_since: float | None = None
        self._meter = processes.Meter()
        self._cpu_before = processes.tree_cpu_seconds(os.getpid())
        self._lateness = 0.0
        self._main_thread = threading.get_native_id()
        self._watch: Watch | None = None

    @property
    def is_held(self) -> bool:
        """Whether this worker shall take nothing more, and give up what it has."""
        return bool(self.asked.wish)

    def start(self) -> None:
        self.asked = roster.asked(self._worker.pk)  # before anything is claimed
        self._thread.start()

    def stop(self) -> None:
        """What has not been added to the worker's counters yet is left in the tally."""
        self._stopped.set()
        self._thread.join(timeout=10)

    def watch(self, session: LiveSession | None) -> None:
        """Called by the thread that carries it out."""
        self._control_since = None
        self._main_thread = threading.get_native_id()
        self._watch = None
        self._session = session

    def _live(self) -> None:
        try:
            while not self._stopped.wait(TICK):
                try:
                    self._tick()
                except DatabaseError as error:
                    # The lease runs out if this lasts; the next tick tries again.
                    log.warning("heartbeat_failed", error=str(error))
                    connections.close_all()
                except Exception:
                    # Without this thread the lease would run out under a working attempt: whatever it is, go on.
                    log.exception("heartbeat_failed_unexpectedly")
        finally:
            connections.close_all()

    def _tick(self) -> None:
        session = self._session
        if session is not None:
            self._keep(session)
        if self._is_due("asked", ASKED_SECONDS):
            dbclock.follow()
            self._hear_wishes()
        if self._is_due("worker", settings.HEARTBEAT_SECONDS):
            self._report(session)
        if self._is_due("sweep", SWEEP_SECONDS):
            sweep.sweep()
        if self._is_due("prune", PRUNE_SECONDS):
            roster.prune()

    # The attempt that runs now

    def _keep(self, session: LiveSession) -> None:
        if self._is_due("control", CONTROL_SECONDS):
            self._hear(session)
        self._enforce(session)
        self._enforce_own(session)
        journal = session.journal
        quiet = time.monotonic() - journal.written_at
        pulse = session.pulse
        has_news = journal.has_news or (pulse.line, pulse.call) != (journal.line_shown, journal.call_shown)
        if quiet > settings.HEARTBEAT_SECONDS or (quiet > SHOW_SECONDS and has_news):
            self._beat(session)
        if self._is_due("stall", STALL_LOOK_SECONDS):
            self._look_for_stall(session)

    def _beat(self, session: LiveSession) -> None:
        pulse = session.pulse
        try:
            session.journal.beat(
                DatabaseStore(), line=pulse.line, call=pulse.call, call_started_at=pulse.call_started_at
            )
        except LeaseLost:
            self._lost(session)

    def _hear(self, session: LiveSession) -> None:
        lease = session.journal.lease
        control = leases.control(lease.task_id, lease.token)
        if control is None:
            self._lost(session)
            return
        session.journal.control = control

    def _lost(self, session: LiveSession) -> None:
        if session is self._session and not session.is_settling:
            log.warning("lease_lost", task_id=session.task.id)
            stop_sandbox(session.pulse, "lost")

    def _enforce(self, session: LiveSession) -> None:
        """Kill a sandbox that computes on after control was heard, or that has outgrown its memory."""
        control = session.control()
        now = time.monotonic()
        if not control:
            self._control_since = None
        elif self._control_since is None:
            self._control_since = now
        heard, turn_started = self._control_since, session.pulse.turn_started
        if heard is not None and turn_started is not None and now - max(turn_started, heard) > OBEY_SECONDS:
            stop_sandbox(session.pulse, control)
        memory = resident_bytes(session.pulse.sandbox_pid)
        session.journal.note_memory(memory)
        if memory > session.task.memory_mb * 1024 * 1024 + SANDBOX_OVERHEAD:
            stop_sandbox(session.pulse, "memory")

    def _enforce_own(self, session: LiveSession) -> None:
        """End the attempt whose call has outgrown this worker's memory: nothing else can stop it before the system does."""
        most = settings.WORKER_MEMORY_MB * MIB
        if not most or session.is_settling or not session.pulse.call:
            return
        needed = processes.tree_bytes(os.getpid(), most, without=session.pulse.sandbox_pid)
        if needed <= most or session is not self._session:
            return
        failure = Failure(
            type="MemoryError", code="worker_memory", line=session.pulse.line, is_transient=True,
            message=f"Stopped at {most // MIB} MB: its worker needed {needed // MIB} MB during {session.pulse.call}.",
            advice="Have the call work on less at a time, or give workers more with WORKER_MEMORY_MB.",
        )  # fmt: skip
        self._end_with(session, failure, f"stopped at {most // MIB} MB: it needed {needed // MIB} MB during a call")

    def _look_for_stall(self, session: LiveSession) -> None:
        if self._watch is None:
            self._watch = Watch(
                stall_seconds=settings.STALL_SECONDS,
                most=settings.STALLS_UNTIL_FAILED,
                call_seconds=settings.CALL_SECONDS,
            )
        stalled = self._watch.look(self._seen(session), time.monotonic())
        if stalled is None or session.is_settling or session is not self._session:
            return
        log.warning("attempt_stalled", task_id=session.task.id, count=stalled.count, reason=stalled.reason)
        if not stalled.is_stuck:
            data = {"count": stalled.count, "reason": stalled.reason}
            lifecycle.note(session.journal.lease, "task.stalled", data)
        elif session.pulse.turn_started is not None:
            stop_sandbox(session.pulse, "stalled")
        else:
            self._give_up(session, stalled)

    def _seen(self, session: LiveSession) -> Look:
        pulse, journal = session.pulse, session.journal
        signs = (journal.steps_recorded, journal.calls_answered, journal.signs, pulse.call, pulse.turn_started)
        if pulse.turn_started is not None:
            return Look(signs=signs, where="sandbox", cpu_seconds=cpu_seconds(pulse.sandbox_pid))
        if pulse.call:
            return Look(signs=signs, where="rest" if pulse.is_resting else "call", call=pulse.call)
        return Look(signs=signs, where="host", cpu_seconds=cpu_seconds(os.getpid(), self._main_thread))

    def _give_up(self, session: LiveSession, stalled: Stalled) -> None:
        """The main thread is stuck in a call and cannot be interrupted."""
        failure = Failure(
            type="TimeoutError", code="stalled", message=f"Stopped: {stalled.reason}.", line=session.pulse.line,
            is_transient=True,
            advice="Look at what the call waits for. A call may take longer when TASK_TIMEOUT_MS says so.",
        )  # fmt: skip
        self._end_with(session, failure, "its main thread was stuck")

    def _end_with(self, session: LiveSession, failure: Failure, reason: str) -> None:
        """Fail the attempt, and end the process with all that it has begun."""
        lease = session.journal.lease
        try:
            lifecycle.fail(lease, failure.as_json(), Batch())
        except LeaseLost:
            log.warning("lease_lost", task_id=lease.task_id)
        events.of_worker(
            self._worker, ClusterEvent.Kind.WORKER_ERROR, failure.message, task_id=lease.task_id, attempt=lease.attempt,
            action="The attempt failed, and a fresh process takes this worker's place.",
        )  # fmt: skip
        self.tally.add(Work(failed=1, attempts=1))
        roster.leave(self._worker, self.tally.take(), kind=ClusterEvent.Kind.WORKER_RECYCLED, reason=reason)
        processes.kill_below(os.getpid())
        self._end_process(STUCK_EXIT)

    # The worker itself

    def _hear_wishes(self) -> None:
        asked, before = roster.asked(self._worker.pk), self.asked
        self.asked = asked
        if asked.wish != before.wish:
            hints.send(hints.WORK)  # the main thread may be waiting for work
        if asked.status == Worker.Status.OFFLINE:
            self._due.pop("worker", None)
            events.of_worker(self._worker, ClusterEvent.Kind.WORKER_RETURNED, "its heartbeats come again")

    def _report(self, session: LiveSession | None) -> None:
        self.memory_bytes = resident_bytes(os.getpid())
        self.cpu_seconds = processes.tree_cpu_seconds(os.getpid()) - self._cpu_before
        sample = None
        if self._is_due("sample", settings.RESOURCE_SECONDS):
            sample = roster.Sample(
                memory_bytes=self.memory_bytes, cpu_percent=self._meter.percent(), cpu_seconds=self.cpu_seconds,
                beat_lateness=self._lateness,
            )  # fmt: skip
            self._lateness = 0.0
        work = self.tally.take()
        try:
            roster.beat(
                self._worker.pk, task_id=session.task.id if session else None, is_held=self.is_held, work=work,
                sample=sample,
            )  # fmt: skip
        except DatabaseError:
            self.tally.add(work)
            raise

    def _is_due(self, what: str, seconds: float) -> bool:
        now = time.monotonic()
        due = self._due.get(what, now)
        if now < due:
            return False
        if what == "worker":
            self._lateness = max(self._lateness, now - due)
        self._due[what] = now + seconds
        return True
