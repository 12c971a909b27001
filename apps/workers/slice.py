"""A slice: the bounded time that a worker process spends claiming and running tasks.

Django-Q2 starts it (workers/q2) and starts a fresh process after it. Nothing here knows of Django-Q2.
"""

import os
import random
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from apps.core import clock, hints
from apps.executors.contract import Failed, Failure, Outcome, executor
from apps.executors.script import sandbox
from apps.executors.session import LiveSession
from apps.executors.settle import settle
from apps.tasks import lifecycle
from apps.tasks.claiming import Claim, claim, next_due
from apps.tasks.journal import LeaseLost
from apps.workers import draining, roster, sweep
from apps.workers.heartbeat import Heartbeat
from apps.workers.models import Worker

log = structlog.get_logger(__name__)

DATABASE_GONE = (OperationalError, InterfaceError)
SHORTEST_WAIT = 0.01
LONGEST_WAIT = 1.0
"""Seconds between looks at the table when no hint comes: the safety net, not the way work is found."""


def run_slice() -> None:
    """Claim and run tasks until the slice is over or the process is asked to drain."""
    queues = settings.WORKER_QUEUES
    worker = roster.register(queues)
    # Jitter: slices that began together do not end together.
    ends = time.monotonic() + settings.SLICE_SECONDS * random.uniform(0.8, 1.0)
    with _heartbeat(worker) as heartbeat, _Waiting(worker) as waiting:
        sweep.sweep()
        sandbox.warm()
        while not draining.requested.is_set() and time.monotonic() < ends:
            if not run_next(worker, queues, heartbeat):
                waiting.wait(min(_until_due(queues), ends - time.monotonic()))
    roster.leave(worker.pk)


def drain(queues: list[str] | None = None) -> int:
    """Run every task that can be claimed now, in this process and without Django-Q2 (tests, one-off commands).

    Returns how many attempts were made.
    """
    queues = queues or settings.WORKER_QUEUES
    worker = roster.register(queues)
    attempts = 0
    with _heartbeat(worker) as heartbeat:
        while run_next(worker, queues, heartbeat):
            attempts += 1
    roster.leave(worker.pk)
    return attempts


def run_next(worker: Worker, queues: list[str], heartbeat: Heartbeat) -> bool:
    """Claim the best task and carry out one attempt. False when there was nothing to claim."""
    taken = claim(queues, worker=worker.name, cluster=worker.cluster)
    if taken is None:
        return False
    with structlog.contextvars.bound_contextvars(task_id=taken.lease.task_id, attempt=taken.lease.attempt):
        _attempt(taken, heartbeat)
    return True


def _attempt(taken: Claim, heartbeat: Heartbeat) -> None:
    session = LiveSession(taken, is_draining=draining.requested.is_set)
    heartbeat.watch(session)
    try:
        outcome = _outcome(taken, session)
        session.is_settling = True
        settle(taken.lease, outcome)
    except LeaseLost as error:
        log.warning("attempt_abandoned", reason=error.message)
        return
    except DATABASE_GONE as error:
        _give_back(taken, error)
        return
    finally:
        heartbeat.watch(None)
    heartbeat.completed += not isinstance(outcome, Failed)
    heartbeat.failed += isinstance(outcome, Failed)


def _outcome(taken: Claim, session: LiveSession) -> Outcome:
    try:
        outcome: Outcome = executor(taken.kind).run(session)
    except (LeaseLost, *DATABASE_GONE):
        raise
    except Exception as error:
        log.exception("executor_failed")
        failure = Failure(
            type=type(error).__name__,
            code="internal_error",
            message="The executor failed unexpectedly; the server's log has the details.",
            line=session.pulse.line,
            is_transient=True,
        )
        return Failed(failure=failure, rest=session.journal.rest())
    return outcome


def _give_back(taken: Claim, error: Exception) -> None:
    """The attempt has lost its database and can tell no outcome: an accident, not a failure of the task.

    What is on record stays; the row of crashes bounds how often it is tried without a new step. When the database is
    still away this raises, the slice ends, and the task is rescued once another worker can.
    """
    log.warning("database_lost", error=str(error))
    connection.close_if_unusable_or_obsolete()
    lifecycle.rescue(
        taken.lease.task_id, taken.lease.token, "its worker lost the database for a moment", is_proved=True
    )


def _until_due(queues: list[str]) -> float:
    """Seconds until the next task becomes claimable by itself, at most LONGEST_WAIT."""
    due = next_due(queues)
    if due is None:
        return LONGEST_WAIT
    seconds = (due - clock.now()).total_seconds()
    if seconds <= 0 and sweep.wake():
        return 0.0
    return min(LONGEST_WAIT, max(SHORTEST_WAIT, seconds))


@contextmanager
def _heartbeat(worker: Worker) -> Iterator[Heartbeat]:
    heartbeat = Heartbeat(worker.pk, draining.requested.is_set)
    heartbeat.start()
    try:
        yield heartbeat
    finally:
        heartbeat.stop()


class _Waiting:
    """Waits for a hint, for the death of a busy peer, for SIGTERM, or for time."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._listener = hints.Listener(hints.WORK)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._signal_out, self._signal_in = socket.socketpair()
        self._peers: set[int] = set()
        self._look_again = 0.0

    def __enter__(self) -> "_Waiting":
        self._signal_in.setblocking(False)
        signal.set_wakeup_fd(self._signal_in.fileno(), warn_on_full_buffer=False)
        self._selector.register(self._signal_out, selectors.EVENT_READ)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        for descriptor in list(self._peers):
            self._forget(descriptor)
        self._selector.close()
        self._listener.close()
        self._signal_out.close()
        self._signal_in.close()

    def wait(self, seconds: float) -> None:
        self._watch_peers()
        ready = {key.fd for key, _ in self._selector.select(max(0.0, seconds))}
        self._listener.drain()
        if dead := ready & self._peers:
            for descriptor in dead:
                self._forget(descriptor)
            sweep.rescue()

    def _watch_peers(self) -> None:
        """The other workers of this host as descriptors that become readable when they die."""
        if time.monotonic() < self._look_again:
            return
        self._look_again = time.monotonic() + LONGEST_WAIT
        for descriptor in list(self._peers):
            self._forget(descriptor)
        for opened in map(_pidfd, roster.peers_here(self._worker.pk)):
            if opened is not None:
                self._peers.add(opened)
                self._selector.register(opened, selectors.EVENT_READ)

    def _forget(self, descriptor: int) -> None:
        self._peers.discard(descriptor)
        self._selector.unregister(descriptor)
        os.close(descriptor)


def _pidfd(pid: int) -> int | None:
    open_pidfd: Callable[[int], int] | None = getattr(os, "pidfd_open", None)
    if open_pidfd is None:
        return None  # not Linux: the sweep finds the dead a second later
    try:
        return open_pidfd(pid)
    except OSError:
        return None
