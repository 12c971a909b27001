"""Slices, brokers and executors that do what they must not."""

import os
import signal
import time
from pathlib import Path

from apps.catalog.definition import Definition, Problem
from apps.executors.contract import Outcome, Session
from apps.workers.q2.broker import Delivery, Launches
from apps.workers.q2.redis import RedisLaunches
from apps.workers.q2.table import TableLaunches


def stubborn_slice() -> None:
    """Lives, and does not hear that it should end."""
    Path(os.environ["CHANTILLY_HOME"], f"stubborn-{os.getpid()}").touch()
    time.sleep(600)


class HeldBack(Launches):
    """Delivers nothing before the file `open` exists: all workers wait inside Django-Q2's queue."""

    def dequeue(self) -> Delivery:
        if not Path(os.environ["CHANTILLY_HOME"], "open").exists():
            time.sleep(0.05)
            return None
        return super().dequeue()


class TableHeldBack(HeldBack, TableLaunches):
    pass


class RedisHeldBack(HeldBack, RedisLaunches):
    pass


class Poison:
    """Kills the worker that runs it."""

    def check(self, definition: Definition) -> list[Problem]:
        return []

    def permissions(self, definition: Definition) -> set[str]:
        return set()

    def run(self, session: Session) -> Outcome:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")
