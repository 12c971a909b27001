"""The thread beside a working process: it keeps the lease, shows progress, hears control, watches limits, sweeps.

It has a connection of its own and holds no lock while the main thread computes. It writes only what may be written
twice: lease, progress and the call in flight, never steps or log lines.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from django.conf import settings
from django.db import DatabaseError, connections

from apps.executors.script.failures import stop_sandbox
from apps.executors.session import LiveSession
from apps.tasks import leases
from apps.tasks.journal import LeaseLost
from apps.tasks.store import DatabaseStore
from apps.workers import roster, sweep

log = structlog.get_logger(__name__)

TICK = 0.2
CONTROL_SECONDS = 0.4
SHOW_SECONDS = 0.25
"""A call in flight or progress is shown when nothing has been written for so long."""
SWEEP_SECONDS = 1.0
OBEY_SECONDS = 1.0
"""How long sandboxed code may go on computing after control was heard; then its process is killed."""
PAGE_SIZE = 4096
SANDBOX_OVERHEAD = 96 * 1024 * 1024
"""Bytes the interpreter's process may use beside the script's own memory."""


class Heartbeat:
    """Beats from `start` to `stop`; `watch` names the attempt that the main thread carries out."""

    def __init__(self, worker_id: int, is_draining: Callable[[], bool]) -> None:
        self.completed = 0
        self.failed = 0
        self._worker_id = worker_id
        self._is_draining = is_draining
        self._session: LiveSession | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._live, name="heartbeat", daemon=True)
        self._due: dict[str, float] = {}
        self._control_since: float | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(timeout=10)

    def watch(self, session: LiveSession | None) -> None:
        self._control_since = None
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
        if self._is_due("worker", settings.HEARTBEAT_SECONDS):
            self._report(session)
        if self._is_due("sweep", SWEEP_SECONDS):
            sweep.sweep()

    def _keep(self, session: LiveSession) -> None:
        """Everything for the attempt that runs now."""
        if self._is_due("control", CONTROL_SECONDS):
            self._hear(session)
        self._enforce(session)
        journal = session.journal
        quiet = time.monotonic() - journal.written_at
        pulse = session.pulse
        has_news = journal.has_news or (pulse.line, pulse.call) != (journal.line_shown, journal.call_shown)
        if quiet > settings.HEARTBEAT_SECONDS or (quiet > SHOW_SECONDS and has_news):
            self._beat(session)

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

    def _report(self, session: LiveSession | None) -> None:
        completed, self.completed = self.completed, 0
        failed, self.failed = self.failed, 0
        roster.beat(self._worker_id, task_id=session.task.id if session else None, completed=completed, failed=failed)

    def _is_due(self, what: str, seconds: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + seconds
        return True


def resident_bytes(pid: int | None) -> int:
    """Memory of a process, 0 when it is gone."""
    if pid is None:
        return 0
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_SIZE
    except (OSError, IndexError, ValueError):
        return 0
