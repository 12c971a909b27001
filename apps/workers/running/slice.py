"""A slice: the bounded time that a worker process spends claiming and running tasks.

Django-Q2 starts it (workers/q2) and starts a fresh process after it. Nothing here knows of Django-Q2.
"""

import os
import selectors
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from apps.core import clock, hints
from apps.executors.contract import Completed, Failed, Failure, Outcome, Suspended, executor
from apps.executors.script import sandbox
from apps.executors.session import LiveSession
from apps.tasks import lifecycle
from apps.tasks.claims.claiming import Claim, next_due
from apps.tasks.limits import gates
from apps.tasks.record.journal import LeaseLost
from apps.tasks.states import Control
from apps.workers import sweep
from apps.workers.models import ClusterEvent, Wish, Worker
from apps.workers.registry import events, roster
from apps.workers.registry.roster import Work
from apps.workers.running import draining
from apps.workers.running.hand import Hand
from apps.workers.running.heartbeat import Heartbeat
from apps.workers.running.lifespan import Lifespan

log = structlog.get_logger(__name__)

DATABASE_GONE = (OperationalError, InterfaceError)
SHORTEST_WAIT = 0.01
LONGEST_WAIT = 1.0
"""Seconds between looks at the table when no hint comes: the safety net, not the way work is found."""
STAND_BACK_SECONDS = LONGEST_WAIT + 0.2
"""How long a worker claims nothing after a task was taken from it for another: all others have looked by then."""
FLOOD, FLOOD_SECONDS = 20, 0.1
GATHER_SECONDS = 0.008
"""Where so many tasks come within so short a time, an idle worker lets some more come: one claim of several costs
little more than one of one."""
WORTH_TELLING = {"memory_limit", "time_limit", "output_limit", "sandbox_crashed", "stalled", "internal_error"}
"""Codes of failures that say something about the worker, not only about the script."""
Kind = ClusterEvent.Kind


def run_slice() -> None:
    """Claim and run tasks until the slice is over or the process is asked to end."""
    queues = settings.WORKER_QUEUES
    worker = roster.register(queues)
    life = _Life(Lifespan.from_settings())
    with _heartbeat(worker) as heartbeat, Hand(worker) as hand, _Waiting(worker) as waiting:
        sweep.sweep()
        sandbox.warm()
        while not (end := life.end(heartbeat)):
            if heartbeat.is_held:
                _hold(worker, heartbeat, waiting)
            elif life.back_seconds():
                waiting.wait(life.back_seconds())
            elif not run_next(hand, queues, heartbeat, life):
                hand.expect(waiting.wait(min(_until_due(queues), life.seconds_left())))
    kind, reason = end
    roster.leave(worker, heartbeat.tally.take(), kind=kind, reason=reason)


class _Life:
    """What one slice has done so far, and whether it shall go on."""

    def __init__(self, span: Lifespan) -> None:
        self._span = span
        self._began = time.monotonic()
        self._back_until = 0.0
        self.attempts = 0

    def end(self, heartbeat: Heartbeat) -> tuple[Kind, str] | None:
        """Why it shall end now. A worker that is asked to drain stays, idle, until somebody says otherwise."""
        asked = heartbeat.asked
        if draining.requested.is_set():
            return Kind.WORKER_STOPPED, "its cluster ends"
        if asked.wish == Wish.STOP:
            return Kind.WORKER_STOPPED, asked.why
        if asked.wish:
            return None
        seconds = time.monotonic() - self._began
        over = self._span.over(
            seconds=seconds, attempts=self.attempts, memory_bytes=heartbeat.memory_bytes,
            cpu_seconds=heartbeat.cpu_seconds,
        )  # fmt: skip
        return (Kind.WORKER_RECYCLED, over) if over else None

    def seconds_left(self) -> float:
        return self._began + self._span.seconds - time.monotonic()

    def stand_back(self) -> None:
        self._back_until = time.monotonic() + STAND_BACK_SECONDS

    def back_seconds(self) -> float:
        """How long it still leaves the tasks to others."""
        return max(0.0, self._back_until - time.monotonic())


def _hold(worker: Worker, heartbeat: Heartbeat, waiting: "_Waiting") -> None:
    """Stay and take nothing, for as long as that is what is asked."""
    events.of_worker(worker, Kind.WORKER_DRAINED, heartbeat.asked.why)
    while heartbeat.asked.wish == Wish.DRAIN and not draining.requested.is_set():
        waiting.wait(LONGEST_WAIT)
    if not heartbeat.asked.wish:
        events.of_worker(worker, Kind.WORKER_RESUMED)


def drain(queues: list[str] | None = None) -> int:
    """Run every task that can be claimed now, in this process and without Django-Q2 (tests, one-off commands).

    Returns how many attempts were made.
    """
    queues = queues or settings.WORKER_QUEUES
    worker = roster.register(queues)
    attempts = 0
    with _heartbeat(worker) as heartbeat, Hand(worker) as hand:
        while run_next(hand, queues, heartbeat):
            attempts += 1
    roster.leave(worker, heartbeat.tally.take())
    return attempts


def run_next(hand: Hand, queues: list[str], heartbeat: Heartbeat, life: _Life | None = None) -> bool:
    """Claim the best task and carry out one attempt. False when there was nothing to claim."""
    taken = hand.next(queues)
    if taken is None:
        return False
    with structlog.contextvars.bound_contextvars(task_id=taken.lease.task_id, attempt=taken.lease.attempt):
        outcome = _attempt(taken, hand, heartbeat)
    if life is not None:
        life.attempts += 1
        if isinstance(outcome, Suspended) and outcome.because == Control.DRAIN:
            life.stand_back()
    return True


def _attempt(taken: Claim, hand: Hand, heartbeat: Heartbeat) -> Outcome | None:
    """How the attempt ended; None when that was not ours to say."""
    worker = hand.worker
    session = LiveSession(taken, is_draining=lambda: heartbeat.is_held or draining.requested.is_set())
    heartbeat.watch(session)
    began, outcome = time.monotonic(), None
    try:
        found = _with_reason(_outcome(taken, session), heartbeat)
        session.is_settling = True
        hand.settle(taken, found)
        outcome = found
    except LeaseLost as error:
        log.warning("attempt_abandoned", reason=error.message)
    except DATABASE_GONE as error:
        _give_back(taken, worker, error)
    finally:
        heartbeat.watch(None)
        heartbeat.tally.add(
            Work(
                completed=isinstance(outcome, Completed), failed=isinstance(outcome, Failed), attempts=1,
                busy_seconds=time.monotonic() - began, api_calls=session.journal.api_calls,
            )
        )  # fmt: skip
    if isinstance(outcome, Failed) and outcome.failure.code in WORTH_TELLING:
        _tell(taken, worker, outcome.failure)
    return outcome


def _tell(taken: Claim, worker: Worker, failure: Failure) -> None:
    """An error that the worker itself had to do with, for the operators' list."""
    events.of_worker(
        worker, Kind.WORKER_ERROR, failure.message, task_id=taken.lease.task_id, attempt=taken.lease.attempt,
        action="The attempt was stopped and failed; the worker goes on.",
    )  # fmt: skip


def _with_reason(outcome: Outcome, heartbeat: Heartbeat) -> Outcome:
    """A drain that people asked for is told with the task."""
    if heartbeat.is_held and isinstance(outcome, Suspended) and outcome.because == Control.DRAIN:
        return replace(outcome, reason=f"{outcome.reason}, its worker drains ({heartbeat.asked.why})")
    return outcome


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


def _give_back(taken: Claim, worker: Worker, error: Exception) -> None:
    """The attempt has lost its database and can tell no outcome: an accident, not a failure of the task.

    What is on record stays; the row of crashes bounds how often it is tried without a new step. When the database is
    still away this raises, the slice ends, and the task is rescued once another worker can.
    """
    log.warning("database_lost", error=str(error))
    connection.close_if_unusable_or_obsolete()
    why = "its worker lost the database for a moment"
    if lifecycle.rescue(taken.lease.task_id, taken.lease.token, why, is_proved=True):
        events.of_worker(
            worker, Kind.WORKER_ERROR, "lost the database for a moment", action="The task was given back.",
            task_id=taken.lease.task_id, attempt=taken.lease.attempt,
        )  # fmt: skip


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
    heartbeat = Heartbeat(worker)
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
        self._heard: deque[tuple[float, int]] = deque()
        """When how many tasks were heard of, within the last FLOOD_SECONDS."""

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

    def wait(self, seconds: float) -> int:
        """How many tasks were heard of."""
        self._watch_peers()
        ready = {key.fd for key, _ in self._selector.select(max(0.0, seconds))}
        heard = self._listener.drain()
        if self._is_flood(len(heard)):
            time.sleep(GATHER_SECONDS)
            heard |= self._listener.drain()
        if 0 in heard:
            gates.forget()  # no task: what may be started has changed
        if dead := ready & self._peers:
            for descriptor in dead:
                self._forget(descriptor)
            sweep.rescue()
        return len(heard)

    def _is_flood(self, heard: int) -> bool:
        now = time.monotonic()
        self._heard.append((now, heard))
        while self._heard[0][0] < now - FLOOD_SECONDS:
            self._heard.popleft()
        return sum(count for _, count in self._heard) >= FLOOD

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
