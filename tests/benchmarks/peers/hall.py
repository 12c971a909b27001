"""A peer at work: its environment, its servers, its log; everything ends with the `with` block."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from tests.benchmarks import servers
from tests.benchmarks.peers import stamps
from tests.benchmarks.peers.stamps import Stamp
from tests.benchmarks.rows import last_line
from tests.chaos.installation import ROOT, wait_for

PYTHON = ROOT / ".venv-peers" / "bin" / "python"
PEERS = {"bare Django-Q2": ("q2", 1), "Celery": ("celery", 1), "Procrastinate": ("procrastinate", 2),
         "DBOS": ("dbos", 2), "Huey": ("huey", 1)}  # fmt: skip
"""By the name that people know: the module, and in how many processes it serves."""
ON = {"bare Django-Q2": ("sqlite", "postgresql"), "Celery": ("redis",), "Procrastinate": ("postgresql",),
      "DBOS": ("postgresql",), "Huey": ("sqlite",)}  # fmt: skip


def is_installed(name: str) -> bool:
    return PEERS[name][0] == "q2" or PYTHON.exists()


@dataclass(kw_only=True)
class Peer:
    name: str
    home: Path
    environment: dict[str, str]
    servers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def module(self) -> str:
        return PEERS[self.name][0]

    def _command(self, *arguments: str) -> list[str]:
        # Bare Django-Q2 is one of our own dependencies.
        python = sys.executable if self.module == "q2" else str(PYTHON)
        return [python, "-m", "tests.benchmarks.peers.run", self.module, *arguments]

    def run(self, verb: str, count: int = 0) -> None:
        done = subprocess.run(
            self._command(verb, str(count)), cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=300
        )
        if done.returncode:
            raise RuntimeError(f"{verb} failed: {last_line(done.stderr)}")

    def serve(self) -> None:
        for number in range(PEERS[self.name][1]):
            self.serve_one(number)

    def serve_one(self, number: int) -> None:
        with (self.home / f"server-{number}.log").open("ab") as log:
            self.servers.append(
                subprocess.Popen(
                    self._command("serve", str(number)),
                    cwd=ROOT,
                    env=self.environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def processes(self) -> list[psutil.Process]:
        found = []
        for server in self.servers:
            if server.poll() is None:
                process = psutil.Process(server.pid)
                found += [process, *process.children(recursive=True)]
        return found

    def stamps(self, word: str) -> list[Stamp]:
        return [stamp for stamp in stamps.read(self.home / "stamps") if stamp.word == word]

    def wait(self, word: str, count: int, seconds: float = 120) -> list[Stamp]:
        wait_for(f"{count} × {word} by {self.name}", lambda: len(self.stamps(word)) >= count, seconds=seconds)
        return self.stamps(word)

    def forget(self) -> None:
        """Begin a new measurement. The file stays the same one: servers hold it open."""
        os.truncate(self.home / "stamps", 0)

    def end(self) -> None:
        for process in self.processes():
            process.kill()
        for server in self.servers:
            with_group(server)
            server.wait()


def with_group(server: subprocess.Popen[bytes]) -> None:
    """What the server's children started too."""
    try:
        os.killpg(server.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def peer(name: str, database: str, *, serving: bool) -> Iterator[Peer]:
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="peer-", dir="/tmp"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        url = stack.enter_context(_address(name, database, home))
        made = Peer(name=name, home=home, environment={**os.environ, "PEER_LOG": str(home / "stamps"), "PEER_URL": url})
        made.environment.pop("DJANGO_SETTINGS_MODULE", None)
        stack.callback(made.end)
        (home / "stamps").touch()
        made.run("prepare")
        if serving:
            made.serve()
            made.run("noop", 1)
            made.wait("noop", 1)
            time.sleep(1)
            made.forget()
        yield made


@contextmanager
def _address(name: str, database: str, home: Path) -> Iterator[str]:
    """Of a database of the peer's own, which ends with the block."""
    if database == "redis":
        with servers.own_redis() as url:
            yield url
    elif database == "sqlite":
        path = home / "peer.sqlite3"
        yield str(path) if name == "Huey" else f"sqlite:///{path}"
    else:
        server = os.environ["DATABASE_URL"].replace("postgres://", "postgresql://")
        fresh = home.name.replace("-", "_").lower()
        _on(server, f'CREATE DATABASE "{fresh}"')
        try:
            yield f"{server.rsplit('/', 1)[0]}/{fresh}"
        finally:
            _on(server, f'DROP DATABASE "{fresh}" WITH (FORCE)')


def _on(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)
