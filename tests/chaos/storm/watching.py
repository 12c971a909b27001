"""Eyes on a storm while it blows: final statuses, leases, processes and their memory, look after look."""

import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress
from sqlite3 import OperationalError as SqliteError

import psutil
import psycopg

from tests.chaos.evidence import Look
from tests.chaos.slots import bucket_now, held_now
from tests.chaos.storm.faults import is_alive
from tests.chaos.storm.scripts import SHOP
from tests.chaos.storm.stage import Stage

PAUSE = 1.0
HANDFUL = 32
"""Tasks that a worker holds at most: short ones are claimed several at once (workers/running/hand.py)."""
FULL_SECONDS = 40.0
"""By then a rate bucket has refilled, whatever it had promised."""


class Watch:
    def __init__(self, stage: Stage) -> None:
        self.seen_final: dict[int, list[str]] = defaultdict(list)
        self.double_holders: list[str] = []
        self.looks: list[Look] = []
        self.crew: list[tuple[float, int]] = []
        """(moment, how many worker processes lived)"""
        self.memory: dict[str, int] = defaultdict(int)
        self.processes: dict[tuple[int, float], str] = {}
        """Everything that was ever seen below a supervisor: (pid, start) and role."""
        self._stage = stage
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, name="watch", daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)

    def left_over(self) -> list[str]:
        """What of all that still runs."""
        return [f"{role} {pid}" for (pid, started), role in self.processes.items() if _is_alive(pid, started)]

    def idle_looks(self) -> list[Look]:
        """Some looks once all has ended and the rate bucket has had time to refill."""
        ends = time.monotonic() + FULL_SECONDS
        while (look := self._look()).bucket < SHOP["burst"] and time.monotonic() < ends:
            time.sleep(0.5)
        return [look, self._look()]

    def _live(self) -> None:
        while not self._over.wait(PAUSE):
            self._look_at_processes()
            with suppress(psycopg.Error, SqliteError):  # the database is away: that is the storm
                self._look_at_rows()

    def _look_at_rows(self) -> None:
        for task, status in self._stage.sql("SELECT id, status FROM tasks_task WHERE finished_at IS NOT NULL"):
            if self.seen_final[task][-1:] != [status]:
                self.seen_final[task].append(status)
        look = self._look()
        self.looks.append(look)
        live = Counter(held.worker for held in look.held if (held.seconds_left or 0) > 0)
        self.double_holders += [worker for worker, number in live.items() if worker and number > HANDFUL]

    def _look(self) -> Look:
        at, sql, database = time.monotonic(), self._stage.sql, self._stage.database
        return Look(at=at, held=held_now(sql, database), bucket=bucket_now(sql, database))

    def _look_at_processes(self) -> None:
        workers = 0
        for role, process in self._stage.tree():
            with suppress(psutil.Error):
                self.processes[process.pid, process.create_time()] = role
                self.memory[role] = max(self.memory[role], process.memory_info().rss)
                workers += role == "worker" and is_alive(process)
        self.crew.append((time.monotonic(), workers))


def _is_alive(pid: int, started: float) -> bool:
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < 0.02 and is_alive(process)
    except psutil.Error:
        return False
