"""The thread that asks the database whether the cluster progresses. The supervisor itself must never wait for one."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

from django.conf import settings
from django.db import DatabaseError, connections

from apps.tasks import dbclock
from apps.workers import identity, sweep
from apps.workers.models import ClusterEvent, Worker
from apps.workers.registry import events, roster
from apps.workers.supervisor import progress
from apps.workers.supervisor.progress import Progress

LOOK_SECONDS = 1.0
MOST_DOUBLINGS = 4
"""Of the patience with a cluster's start: on a machine so busy that starts fail, killing them only makes it busier."""

log = logging.getLogger("chantilly.supervisor")


class Probe:
    """Tell it which cluster to watch; it calls `on_stall` with the reason, once for each run of the cluster.

    It calls `on_wish` when people ask for the cluster's end, with who and why, and with "" when they take that back.
    """

    def __init__(
        self,
        expected: int,
        on_stall: Callable[[int, str], None],
        on_wish: Callable[[str], None] | None = None,
    ) -> None:
        self.workers_seen = 0
        self._on_wish = on_wish
        self._has_begun = False
        self._stop_wished = ""
        self._failed_starts = 0
        self._expected = expected
        self._on_stall = on_stall
        self._watched: tuple[int, Progress] | None = None
        self._records: SimpleQueue[tuple[ClusterEvent.Kind, str, str]] = SimpleQueue()
        self._thread = threading.Thread(target=self._live, name="probe", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def watch(self, cluster_pid: int | None) -> None:
        self.workers_seen = 0
        self._watched = (cluster_pid, self._judge()) if cluster_pid else None

    def record(self, kind: ClusterEvent.Kind, reason: str = "", worker: str = "") -> None:
        """Keep it as a row as soon as the database takes it."""
        self._records.put((kind, reason, worker))

    def write_records(self) -> None:
        """What is still to be written; an unreachable database must not hold up an end."""
        while not self._records.empty():
            kind, reason, worker = record = self._records.get()
            try:
                events.of_cluster(kind, reason, worker)
            except DatabaseError:
                self._records.put(record)
                raise

    def _live(self) -> None:
        while True:
            try:
                dbclock.follow()
                self._hear_wishes()
                self._look()
                self.write_records()
            except DatabaseError as error:
                log.warning("The database does not answer: %s", str(error).strip())
                self._give_time()
                connections.close_all()
            except Exception:
                # Without this thread nobody would see a cluster that does not progress: whatever it is, go on.
                log.exception("The probe failed; it goes on.")
                connections.close_all()
            time.sleep(LOOK_SECONDS)

    def _hear_wishes(self) -> None:
        """Whether somebody asks that this cluster ends. What was asked before this start is taken back first."""
        if self._on_wish is None:
            return  # no cluster runs here
        if not self._has_begun:
            roster.begin_cluster(settings.WORKER_QUEUES)
            self._has_begun = True
        wished = roster.stop_wished()
        if wished != self._stop_wished:
            self._stop_wished = wished
            self._on_wish(wished)

    def _look(self) -> None:
        sweep.rescue()
        if (watched := self._watched) is None:
            return
        cluster_pid, judge = watched
        look, at = progress.look(cluster_pid), time.monotonic()
        self.workers_seen = len(look.workers)
        reason = judge.stalled(look, at)
        if reason and self._watched is watched:
            self._watched = None
            self._failed_starts = 0 if judge.was_whole else self._failed_starts + 1
            self._on_stall(cluster_pid, reason)
            return
        for worker in Worker.objects.filter(pk__in=judge.silent(look, at)):
            self._kill_silent(worker)

    def _kill_silent(self, worker: Worker) -> None:
        """Django-Q2 starts another in its place, and the rescue gives back what it held."""
        if not identity.is_alive(worker.process):
            return
        try:
            os.kill(worker.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # it has just ended by itself
        reason = f"{worker.name} (process {worker.pid}) sent no heartbeat for {settings.CLUSTER_SILENCE:.0f} s"
        log.warning("Killed %s.", reason)
        self.record(ClusterEvent.Kind.WORKER_KILLED, reason, worker.name)

    def _give_time(self) -> None:
        """Nobody could beat while the database was away: judge anew."""
        if self._watched is not None:
            self._watched = (self._watched[0], self._judge())

    def _judge(self) -> Progress:
        return Progress(
            expected=self._expected,
            started_at=time.monotonic(),
            first_patience=settings.CLUSTER_FIRST_PATIENCE * 2 ** min(self._failed_starts, MOST_DOUBLINGS),
            patience=settings.CLUSTER_PATIENCE,
            silence=settings.CLUSTER_SILENCE,
        )
