"""A real installation in a directory of its own: `manage.py up` in a process, and eyes on everything below it."""

import atexit
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil
import psycopg

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")
_migrated: dict[str, str] = {}
"""The database of which all others of this process are copies: a path for SQLite (""), a name for each server's address."""


PATIENCE = float(os.environ.get("CHAOS_PATIENCE", "1"))
"""How many times longer everything may take, on a machine that has much else to do."""


def wait_for(what: str, look: Callable[[], T], seconds: float = 20.0) -> T:
    """What `look` answers as soon as it is truthy."""
    seconds *= PATIENCE
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """Its own home and database; on PostgreSQL (DATABASE_URL) one that is made for it."""

    def __init__(self, **environment: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="ch-", dir="/tmp"))  # short: it holds unix sockets
        self.port = free_port()
        server = os.environ.get("DATABASE_URL", "")
        self.database = f"chantilly_{self.home.name.replace('-', '_').lower()}" if server.startswith("postgres") else ""
        self._server = server
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
            "CHANTILLY_HOME": str(self.home),
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            **environment,
        }
        self.environment.pop("DATABASE_URL", None)
        if self.database:
            self.environment["DATABASE_URL"] = server.rsplit("/", 1)[0] + f"/{self.database}"
        self.supervisor: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Its database: the first one is migrated, all further ones of this process are copies of that."""
        kind = self._server if self.database else ""
        if kind not in _migrated:
            _migrated[kind] = self._migrate_first()
        source = _migrated[kind]
        if self.database:
            self._sql_on_server(f'CREATE DATABASE "{self.database}" TEMPLATE "{source}"')
        else:
            with (
                closing(sqlite3.connect(source)) as first,
                closing(sqlite3.connect(self.home / "chantilly.sqlite3")) as own,
            ):
                first.backup(own)

    def _migrate_first(self) -> str:
        """Where it stands: made with the migrations themselves, and kept away from what the tests do to theirs."""
        if self.database:
            made = f"{self.database}_first"
            self._sql_on_server(f'CREATE DATABASE "{made}"')
            url = self._server.rsplit("/", 1)[0] + f"/{made}"
            atexit.register(self._sql_on_server, f'DROP DATABASE IF EXISTS "{made}" WITH (FORCE)')
        else:
            place = tempfile.mkdtemp(prefix="ch-first-")
            made = f"{place}/chantilly.sqlite3"
            url = f"sqlite:///{made}"
            atexit.register(shutil.rmtree, place)
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**self.environment, "DATABASE_URL": url},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return made

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=100 * PATIENCE
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def submit(self, kind: str) -> int:
        """Have a task made there; answers its id."""
        command = [sys.executable, "-m", "tests.chaos.submit", kind]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60 * PATIENCE
        )
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        self.supervisor = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(self.port), *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=(self.home / "up.log").open("a"),  # not a pipe: nobody reads it, and a full one stops the writers
            stderr=subprocess.STDOUT,
        )
        return self.supervisor

    def up(self, *arguments: str) -> None:
        """Start and wait until both workers live in their slices."""
        self.start("--no-web", *arguments)
        wait_for("two workers", lambda: len(self.workers()) == 2, seconds=60)

    # What there is

    def processes(self) -> list[psutil.Process]:
        """Everything that belongs to this installation, orphans too: by its home in the environment."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.environ().get("CHANTILLY_HOME") == str(self.home) and process.status() != "zombie":
                    found.append(process)
        return found

    def named(self, name: str) -> list[psutil.Process]:
        return [process for process in self.processes() if _name(process) == name]

    def main(self) -> psutil.Process:
        assert self.supervisor is not None
        below = psutil.Process(self.supervisor.pid).children()
        return next(process for process in below if _name(process) == "q2-main")

    def helpers(self) -> list[psutil.Process]:
        """Django-Q2's pusher."""
        return [process for process in self.main().children() if _name(process) == "q2-main"]

    def workers(self) -> set[int]:
        """Processes that live in a slice: present by their rows, and running."""
        rows = self.sql("SELECT pid FROM workers_worker WHERE status IN ('idle', 'busy')")
        return {pid for (pid,) in rows} & {process.pid for process in self.named("q2-worker")}

    def events(self) -> list[tuple[str, str]]:
        """Those of the supervisor."""
        wanted = "kind LIKE 'cluster.%' OR kind = 'worker.killed'"
        return [
            (kind, reason)
            for kind, reason in self.sql(f"SELECT kind, reason FROM workers_clusterevent WHERE {wanted} ORDER BY id")
        ]

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        if self.database:
            with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
                return connection.execute(statement).fetchall()
        with closing(sqlite3.connect(self.home / "chantilly.sqlite3", timeout=20)) as connection:
            return connection.execute(statement).fetchall()

    # What happens to it

    def kill(self, *pids: int) -> float:
        """SIGKILL; answers the moment."""
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return time.monotonic()

    def stop(self, number: int = signal.SIGTERM, seconds: float = 20.0) -> tuple[int, float]:
        """Exit code and how long it took."""
        assert self.supervisor is not None
        began = time.monotonic()
        self.supervisor.send_signal(number)
        return self.supervisor.wait(seconds), time.monotonic() - began

    def destroy(self) -> None:
        for process in self.processes():
            with suppress(psutil.Error):
                process.kill()
        if self.supervisor is not None:
            self.supervisor.wait(10)
        wait_for("the end of all processes", lambda: not self.processes())
        if self.database:
            self._sql_on_server(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
        shutil.rmtree(self.home, ignore_errors=True)

    def _sql_on_server(self, statement: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement)


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return ""
