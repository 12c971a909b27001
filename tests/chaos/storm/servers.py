"""A PostgreSQL and a Redis of the storm's own, on free ports, that may be broken at will."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import redis

from tests.chaos.installation import free_port, wait_for
from tests.chaos.storm.caretaker import MARK


def binary(name: str) -> str:
    """A program of PostgreSQL, which distributions do not put on the path."""
    found = shutil.which(name) or next(map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)
    assert found, f"{name} is not installed"
    return found


class Postgres:
    """fsync and synchronous_commit stay on: what it acknowledged must be there after an immediate stop."""

    def __init__(self, directory: Path) -> None:
        self.data = directory / "pg"
        self._directory = directory
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/storm"
        self._log = directory / "postgres.log"
        self._user = "postgres" if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        self.data.mkdir(mode=0o700)
        if self._user:
            shutil.chown(self.data, self._user, self._user)
        command = [binary("initdb"), "-D", str(self.data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]
        done = subprocess.run(command, capture_output=True, text=True, user=self._user, cwd="/", check=False)
        assert done.returncode == 0, done.stderr
        self.start()
        with psycopg.connect(self.url.replace("/storm", "/postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE storm")

    def start(self) -> None:
        # Beside initdb, where a link leads to it: the server itself is on no path.
        server = Path(binary("initdb")).resolve().with_name("postgres")
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "",
                   "fsync": "on", "synchronous_commit": "on", "max_connections": 200}  # fmt: skip
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(server), "-D", str(self.data), *(f"-c{name}={value}" for name, value in options.items())],
                user=self._user, cwd="/", stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, MARK: str(self._directory)},
            )  # fmt: skip
        wait_for("PostgreSQL", self.answers, seconds=180)

    @property
    def pid(self) -> int:
        """0: it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else 0

    def answers(self) -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(self.url.replace("/storm", "/postgres"), connect_timeout=2).close()
            return True
        return False

    def stop_immediately(self) -> None:
        """As `pg_ctl stop -m immediate`: no checkpoint, no goodbye; the next start recovers from its log."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)

    def bury(self) -> None:
        """End it for good, if that has not happened yet."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def terminate_backends(self) -> int:
        with psycopg.connect(self.url, autocommit=True) as connection:
            rows = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            ).fetchall()
        return len(rows)


class Redis:
    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with (self._directory / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--dir", str(self._directory)], stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, MARK: str(self._directory)},
            )  # fmt: skip
        wait_for("Redis", self._answers, seconds=120)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def bury(self) -> None:
        """End it for good, if that has not happened yet."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    @property
    def pid(self) -> int:
        """0: it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else 0

    def flush(self) -> None:
        self._client().flushall()

    def pause(self, seconds: float) -> None:
        self._client().client_pause(int(seconds * 1000))

    def _answers(self) -> bool:
        with suppress(redis.RedisError):
            return bool(self._client().ping())
        time.sleep(0.05)
        return False

    def _client(self) -> redis.Redis:
        return redis.Redis(port=self.port, socket_timeout=2)
