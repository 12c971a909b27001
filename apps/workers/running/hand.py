"""What a worker has in hand: claimed tasks that have not begun, and ends that are not written yet.

It carries out one task at a time. While tasks last milliseconds it claims the next few in the transaction that ends
the last few; one long task, and it is back to one. Nothing stays in hand for longer than HELD_SECONDS: then a thread
beside it writes the ends and gives back what has not begun, so that neither waits behind a long task.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence

import structlog
from django.db import DatabaseError, connections

from apps.executors.contract import Completed, Outcome
from apps.executors.settle import settle
from apps.tasks import lifecycle
from apps.tasks.claims.claiming import Claim
from apps.tasks.claims.taking import Claimer
from apps.tasks.lifecycle import handfuls
from apps.tasks.limits import gates
from apps.tasks.operators import bulk
from apps.tasks.record.ending import Ended
from apps.tasks.record.journal import Batch
from apps.workers.models import Worker

log = structlog.get_logger(__name__)

MOST = 32
QUICK_SECONDS = 0.010
"""How long a handful should take from its claim to its end."""
HELD_SECONDS = 0.05
LOOK_SECONDS = 0.010
STALE_SECONDS = 0.1
"""After so long in hand (the process was stopped, say) a lease is looked at again before its task begins."""
IDLE_LOOKS = 50


class Hand:
    """Of one slice, used by its main thread. As a context: what is in hand at its end is written or given back."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._by = Claimer(worker=worker.name, cluster=worker.cluster, host=worker.host)
        self._lock = threading.Lock()
        self._waiting: deque[Claim] = deque()
        self._ends: list[Ended] = []
        self._since = 0.0
        """Since when it has not been empty."""
        self._claimed_at = 0.0
        """When what waits in it was claimed, whatever has been settled or put back since."""
        self._size = 1
        self._claimed = 0
        """How many tasks the last handful had; 0 once it is known not to be quick."""
        self._pace = QUICK_SECONDS
        """Seconds that each task of the last handful took."""
        self._is_used = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._live, name="hand", daemon=True)

    def __enter__(self) -> "Hand":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._is_used.set()
        self._thread.join(timeout=10)
        self._put_down("its worker ends")

    def next(self, queues: Sequence[str]) -> Claim | None:
        """The next task to carry out; None when there is nothing to claim, and then nothing is in hand."""
        while (claim := self._pop() or self._refill(queues)) is not None:
            if time.monotonic() - self._claimed_at >= STALE_SECONDS and not handfuls.is_ours(claim.lease):
                lifecycle.give_back(claim.lease, "its worker stood still before it began")
            elif not (actions := gates.gate(queues).actions) or not bulk.reach(actions, claim.lease):
                return claim
        return None

    def expect(self, count: int) -> None:
        """So many tasks have come together: if the last ones were quick, the next claim may be of half as many."""
        self._size = size(self._pace, max(1, count // 4))

    def settle(self, claim: Claim, outcome: Outcome) -> None:
        """Write how the attempt ended; the usual end waits for the next claim, at most HELD_SECONDS."""
        if not isinstance(outcome, Completed) or outcome.rest != Batch():
            settle(claim.lease, outcome)
            return
        end = handfuls.ended(claim, outcome.result)
        with self._lock:
            if not (self._ends or self._waiting):
                self._since = time.monotonic()
            self._ends.append(end)
        self._is_used.set()

    def _pop(self) -> Claim | None:
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def _refill(self, queues: Sequence[str]) -> Claim | None:
        self._learn()
        with self._lock:
            ends, self._ends = self._ends, []
        try:
            done, claims = handfuls.swap(ends, queues, self._size, self._by)
        except DatabaseError:
            self._keep(ends)
            raise
        _abandon(ends, done)
        if not claims:
            self._size = 1
            return None
        with self._lock:
            self._waiting.extend(claims[1:])
            self._since = self._claimed_at = time.monotonic()
            self._claimed = len(claims)
        if claims[1:]:
            self._is_used.set()
        return claims[0]

    def _learn(self) -> None:
        """How many to claim next, from how long the last ones took: at most twice as many as before."""
        if self._claimed:
            self._pace = (time.monotonic() - self._claimed_at) / self._claimed
            self._size = size(self._pace, self._size)
            self._claimed = 0

    def _live(self) -> None:
        idle = 0
        try:
            while self._is_used.wait() and not self._stopped.wait(LOOK_SECONDS):
                idle = 0 if self._ends or self._waiting else idle + 1
                if idle > IDLE_LOOKS:
                    self._is_used.clear()
                    if self._ends or self._waiting:  # came into hand just now
                        self._is_used.set()
                elif not idle and time.monotonic() - self._since > HELD_SECONDS:
                    self._put_down("its worker has another task that takes longer")
        finally:
            connections.close_all()

    def _put_down(self, why: str) -> None:
        with self._lock:
            ends, self._ends = self._ends, []
            waiting, self._waiting = list(self._waiting), deque()
            self._size, self._claimed, self._pace = 1, 0, QUICK_SECONDS
        try:
            _abandon(ends, handfuls.complete(ends))
            ends = []
            while waiting:
                lifecycle.give_back(waiting[-1].lease, why)
                waiting.pop()
        except DatabaseError as error:
            log.warning("hand_not_put_down", error=str(error))
            connections.close_all()
            self._keep(ends, waiting)

    def _keep(self, ends: list[Ended], waiting: Sequence[Claim] = ()) -> None:
        with self._lock:
            self._ends[:0] = ends
            self._waiting.extendleft(reversed(waiting))


def size(pace: float, before: int) -> int:
    """How many tasks of `pace` seconds each to claim at once: a power of two, at most twice as many as before."""
    most = min(MOST, 2 * before, int(QUICK_SECONDS / max(pace, 1e-6)))
    return 1 << (most.bit_length() - 1) if most else 1


def _abandon(ends: Sequence[Ended], done: set[int]) -> None:
    for end in ends:
        if end.lease.task_id not in done:
            log.warning("attempt_abandoned", task_id=end.lease.task_id, attempt=end.lease.attempt)
