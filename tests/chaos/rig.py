"""Worker processes on the test's own database, each as if on a host of its own, and the world that they act on."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from django.contrib.auth.models import User
from django.db import connection

from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Task
from apps.workers.models import Worker
from tests.chaos.installation import ROOT, wait_for

ACCIDENTS = ("dies before the commit", "dies after the commit", "loses its database")
"""What may happen to a process while it gives back another's task."""


def test_database() -> str:
    """The address of the database that this test uses, for another process."""
    at = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{at['NAME']}"
    return f"postgres://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT'] or 5432}/{at['NAME']}"


test_database.__test__ = False  # type: ignore[attr-defined]


class Forker:
    """A process with Django loaded, which forks workers; it begins with the first."""

    def __init__(self, home: Path, database: str = "") -> None:
        self.home = home
        self._database = database
        """Its address; empty: the test's own."""
        self._log = (home / "workers.log").open("ab")
        self._process: subprocess.Popen[str] | None = None

    def fork(self, **given: Any) -> psutil.Process:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.hosts"], cwd=ROOT, text=True,
                env={
                    **os.environ, "DJANGO_SETTINGS_MODULE": "tests.chaos.worker_settings",
                    "CHANTILLY_HOME": str(self.home), "DATABASE_URL": self._database or test_database(),
                },
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
            )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(given) + "\n")
        self._process.stdin.flush()
        return psutil.Process(int(self._process.stdout.readline()))

    def close(self) -> None:
        if self._process is not None:
            for process in psutil.Process(self._process.pid).children(recursive=True):
                end(process)
            self._process.kill()
            self._process.communicate()
        self._log.close()


class Rig:
    def __init__(self, home: Path, forker: Forker) -> None:
        self.home = home
        self.world = home / "world.jsonl"
        self._forker = forker

    @contextmanager
    def workers(
        self, *hosts: str, lease: float = 3.0, clock: float = 0.0, **settings: Any
    ) -> Iterator[list[psutil.Process]]:
        """A worker process for each name of a host; answers once all of them are present. They end with the block.

        `clock`: seconds by which the host's clock is wrong.
        """
        started = [
            self._forker.fork(host=host, lease=lease, clock=clock, settings=settings, world=str(self.world))
            for host in hosts
        ]
        try:
            pids = {process.pid for process in started}
            wait_for("the workers", lambda: _present(pids) == len(pids), seconds=60)
            yield started
        finally:
            for process in started:
                end(process)

    def accident(self, host: str, what: str, lease: float) -> psutil.Process:
        """A worker to which `what` of ACCIDENTS happens; it ends with the test's module."""
        world = str(self.world)
        return self._forker.fork(host=host, lease=lease, clock=0.0, settings={}, world=world, accident=what)

    @contextmanager
    def crew(self, *hosts: str, lease: float) -> Iterator["Crew"]:
        """A worker for each name of a host, and a new one wherever one is killed."""
        crew = Crew(
            lambda host: self._forker.fork(host=host, lease=lease, clock=0.0, settings={}, world=str(self.world))
        )
        try:
            for host in hosts:
                crew.start(host)
            yield crew
        finally:
            crew.end()

    def effects(self, *task_ids: int) -> list[tuple[str, int]]:
        """(key, value) of what reached the world for these tasks, in order."""
        lines = [json.loads(line) for line in self.world.read_text().splitlines()] if self.world.exists() else []
        keys = tuple(f"{task_id}:" for task_id in task_ids)
        return [(line["key"], line["value"]) for line in lines if line["key"].startswith(keys)]


class Crew:
    def __init__(self, fork: Callable[[str], psutil.Process]) -> None:
        self._fork = fork
        self._workers: dict[str, psutil.Process] = {}

    def start(self, host: str) -> None:
        self._workers[host] = self._fork(host)

    def kill(self, chance: random.Random) -> None:
        """kill -9 of one of them; another takes its place at once."""
        host = chance.choice(sorted(self._workers))
        end(self._workers[host])
        self.start(host)

    def end(self) -> None:
        for process in self._workers.values():
            end(process)


def end(process: psutil.Process) -> None:
    """kill -9, with all below it."""
    with suppress(psutil.Error):
        below = process.children(recursive=True)
        process.kill()
        for child in below:
            with suppress(psutil.Error):
                child.kill()


def _present(pids: set[int]) -> int:
    return Worker.objects.filter(pid__in=pids, status__in=["idle", "busy"]).count()


def ask(key: str, by: User, **parameters: Any) -> Task:
    return submit(Request(template=key, parameters=parameters, origin="test"), by).task


def until(task: Task, *statuses: str, seconds: float = 30) -> Task:
    """The task, once it has one of these statuses."""

    def look() -> bool:
        task.refresh_from_db()
        return task.status in statuses

    wait_for(f"task {task.pk} to be {' or '.join(statuses)}", look, seconds)
    return task


def is_running(pid: int) -> bool:
    with suppress(psutil.Error):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


@contextmanager
def frozen(process: psutil.Process) -> Iterator[None]:
    """Stopped as a whole, as a host is that swaps or is moved; it goes on after the block."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(psutil.Error):
            process.send_signal(signal.SIGCONT)


def sleep_through(seconds: float) -> None:
    """Let that much time pass, where its passing is what is tested."""
    time.sleep(seconds)
