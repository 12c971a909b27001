"""Eyes on a storm while it blows: final statuses, leases, processes and their memory, look after look."""

import threading
from collections import defaultdict
from contextlib import suppress
from sqlite3 import OperationalError as SqliteError

import psutil
import psycopg

from tests.chaos.storm.stage import Stage

PAUSE = 1.0
HANDFUL = 32
"""Tasks that a worker holds at most: short ones are claimed several at once (workers/hand.py)."""
DATABASE_CLOCK = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "extract(epoch from clock_timestamp())",
}


class Watch:
    def __init__(self, stage: Stage) -> None:
        self.seen_final: dict[int, list[str]] = defaultdict(list)
        self.double_holders: list[str] = []
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

    def _live(self) -> None:
        while not self._over.wait(PAUSE):
            self._look_at_processes()
            with suppress(psycopg.Error, SqliteError):  # the database is away: that is the storm
                self._look_at_rows()

    def _look_at_rows(self) -> None:
        for task, status in self._stage.sql("SELECT id, status FROM tasks_task WHERE finished_at IS NOT NULL"):
            if self.seen_final[task][-1:] != [status]:
                self.seen_final[task].append(status)
        now = DATABASE_CLOCK[self._stage.database]
        self.double_holders += [
            worker
            for (worker,) in self._stage.sql(
                f"SELECT worker FROM tasks_execution WHERE lease_until > {now} AND worker <> ''"
                f" GROUP BY worker HAVING count(*) > {HANDFUL}"
            )
        ]

    def _look_at_processes(self) -> None:
        for role, process in self._stage.tree():
            with suppress(psutil.Error):
                self.processes[process.pid, process.create_time()] = role
                self.memory[role] = max(self.memory[role], process.memory_info().rss)


def _is_alive(pid: int, started: float) -> bool:
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < 0.02 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
