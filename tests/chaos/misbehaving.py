"""Slices, brokers and executors that do what they must not."""

import os
import resource
import signal
import time
from pathlib import Path

import psutil

from apps.catalog.definition import Definition, Problem
from apps.catalog.kinds import Effects
from apps.executors.contract import Outcome, Session
from apps.workers.q2.broker import Delivery, Launches
from apps.workers.q2.redis import RedisLaunches
from apps.workers.q2.table import TableLaunches
from apps.workers.running.slice import run_slice

ROOM = 512 * 1024 * 1024


def stubborn_slice() -> None:
    """Lives, and does not hear that it should end."""
    Path(os.environ["CHANTILLY_HOME"], f"stubborn-{os.getpid()}").touch()
    time.sleep(600)


def narrow_slice() -> None:
    """A slice in a process that may take little more memory than it has, as under `prlimit --as`."""
    _, hardest = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + ROOM, hardest))
    run_slice()


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

    def effects(self, definition: Definition) -> Effects:
        return Effects()

    def run(self, session: Session) -> Outcome:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")
