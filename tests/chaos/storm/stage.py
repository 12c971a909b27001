"""The storm's installation: servers, sink, and clusters in homes of their own that share one database."""

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tests.chaos.installation import ROOT, wait_for
from tests.chaos.storm import caretaker, sink
from tests.chaos.storm.caretaker import MARK
from tests.chaos.storm.scripts import NARROW
from tests.chaos.storm.servers import Postgres, Redis

SECONDS = 600.0
"""A bound for what is done before and after: on a machine that has much else to do a migration takes minutes."""


@dataclass(kw_only=True)
class Cluster:
    """One slot, such as a host, and the supervisor that serves it now; a deploy replaces the supervisor and its home."""

    slot: str
    home: Path
    process: subprocess.Popen[bytes]
    keys: str

    def tree(self) -> Iterator[tuple[str, psutil.Process]]:
        """(role, process) of the supervisor and of everything below it, oldest first."""
        with suppress(psutil.Error):
            supervisor = psutil.Process(self.process.pid)
            yield "supervisor", supervisor
            yield from _roles(supervisor)


@dataclass(kw_only=True)
class Stage:
    database: str
    workers: int = 2
    lease: float = 4.0
    store: str = "files"
    disk_mb: int = 64
    """Size of the file system for artifacts."""
    directory: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="st-", dir="/tmp")))
    postgres: Postgres | None = None
    redis: Redis | None = None
    clusters: list[Cluster] = field(default_factory=list)
    leaving: list[Cluster] = field(default_factory=list)
    """Old versions that drain while new ones work already."""
    waiting: list[tuple[Cluster, Cluster]] = field(default_factory=list)
    """(old, new): the old one drains as soon as the new one has workers."""
    has_small_disk: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    """More of the environment of all processes."""
    web_port: int = 0
    """Where the first cluster's supervisor serves pages; 0: none does."""
    _homes: int = 0
    _sink: subprocess.Popen[bytes] | None = None
    _caretaker: subprocess.Popen[bytes] | None = None

    def build(self) -> None:
        self._caretaker = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.storm.caretaker", str(self.directory)], cwd=ROOT,
            env=self.environment(), stdin=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self.directory.chmod(0o755)
        (self.directory / "artifacts").mkdir()
        self._mount()
        if self.database == "postgresql":
            self.postgres = Postgres(self.directory)
            self.postgres.create()
            self.redis = Redis(self.directory)
            self.redis.start()
        self._sink = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.storm.sink", str(self.directory)],
            cwd=ROOT,
            env=self.environment(),
            start_new_session=True,
        )
        wait_for("the sink", (self.directory / sink.SOCKET).exists, seconds=SECONDS)
        self.run("manage.py", "migrate", "--verbosity", "0")

    def environment(self, home: Path | None = None, slot: str = "people", keys: str = "first") -> dict[str, str]:
        home = home or self.directory / "people"
        given = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        return {
            **given,
            MARK: str(self.directory),
            "CHANTILLY_HOME": str(home),
            "CHANTILLY_HOST": f"storm-{slot}",
            "DJANGO_SETTINGS_MODULE": "tests.chaos.storm.settings",
            "DATABASE_URL": self.postgres.url if self.postgres else f"sqlite:///{self.directory}/storm.sqlite3",
            "REDIS_URL": self.redis.url if self.redis else "",
            "STORM_CHECKPOINT_KEYS": keys,
            "STORM_LEASE": str(self.lease),
            "STORM_STORE": self.store,
            "SECRET_KEY": f"secret-of-the-storm-{keys}-that-is-long-enough",
            "WORKER_QUEUES": f"default,{NARROW}",
            "CPU_SLOTS": "1",
            **self.settings,
        }

    def run(self, *command: str, timeout: float = SECONDS) -> str:
        """A command of the people's own, in their home."""
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=self.environment(), capture_output=True, text=True,
            timeout=timeout, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start_cluster(self, slot: str, keys: str, home: Path | None = None) -> Cluster:
        if home is None:
            self._homes += 1
            home = self.directory / f"{slot}{self._homes}"
        home.mkdir(exist_ok=True)
        web = ["--port", str(self.web_port)] if self.web_port and not self.clusters else ["--no-web"]
        with (home / "up.log").open("a") as log:  # not a pipe: nobody reads it, and a full one stops the writers
            process = subprocess.Popen(
                [sys.executable, "manage.py", "up", *web, "--log-files", "--workers", str(self.workers)],
                cwd=ROOT, env=self.environment(home, slot, keys), stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the storm, which then ends them in order
            )  # fmt: skip
        cluster = Cluster(slot=slot, home=home, process=process, keys=keys)
        self.clusters.append(cluster)
        return cluster

    def replace(self, old: Cluster, keys: str) -> None:
        """A rolling deploy: the successor starts, and once it has workers the old one drains."""
        new = self.start_cluster(old.slot, keys)
        self.clusters.remove(old)
        self.leaving.append(old)
        self.waiting.append((old, new))

    def look_after_clusters(self) -> list[str]:
        """Start supervisors that have died again, forget those that have drained. Returns what was unexpected."""
        told = []
        for cluster in self.clusters:
            if cluster.process.poll() is not None:
                told.append(f"the supervisor of {cluster.home.name} ended with code {cluster.process.returncode}")
                self.clusters.remove(cluster)
                self.start_cluster(cluster.slot, cluster.keys, cluster.home)
        for old, new in list(self.waiting):
            serving = [
                cluster for cluster in self.clusters if cluster.home == new.home
            ]  # it may have been killed since
            has_workers = any(role == "worker" for cluster in serving for role, _ in cluster.tree())
            if has_workers or not serving or old.process.poll() is not None:
                self.waiting.remove((old, new))
                old.process.send_signal(signal.SIGTERM)
        self.leaving = [cluster for cluster in self.leaving if cluster.process.poll() is None]
        return told

    # What there is

    def everyone(self) -> list[Cluster]:
        return [cluster for cluster in [*self.clusters, *self.leaving] if cluster.process.poll() is None]

    def tree(self) -> Iterator[tuple[str, psutil.Process]]:
        """(role, process) of all clusters."""
        for cluster in self.everyone():
            yield from cluster.tree()

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        if self.postgres:
            with psycopg.connect(self.postgres.url, connect_timeout=5) as connection:
                return connection.execute(statement).fetchall()
        with closing(sqlite3.connect(self.directory / "storm.sqlite3", timeout=20)) as connection:
            return connection.execute(statement).fetchall()

    # The end

    def stop_clusters(self) -> None:
        for cluster in self.everyone():
            cluster.process.send_signal(signal.SIGTERM)
        for cluster in self.everyone():
            cluster.process.wait(SECONDS)

    def destroy(self) -> None:
        """End everything, whatever state it is in, and leave nothing behind."""
        caretaker.clean(self.directory)
        for process in [cluster.process for cluster in [*self.clusters, *self.leaving]]:
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
        for server in (self._sink, self._caretaker):
            if server is not None:
                server.wait(10)
        for broken in (self.redis, self.postgres):
            if broken is not None:
                broken.bury()

    def _mount(self) -> None:
        """A small disk of its own, where that is permitted; elsewhere the disk never fills."""
        if self.store != "files":
            return
        command = ["mount", "-t", "tmpfs", "-o", f"size={self.disk_mb}m", "tmpfs", str(self.directory / "artifacts")]
        self.has_small_disk = subprocess.run(command, capture_output=True, check=False).returncode == 0


def _roles(supervisor: psutil.Process) -> Iterator[tuple[str, psutil.Process]]:
    for main in supervisor.children():
        if main.name() != "q2-main":
            continue
        yield "guard", main
        for process in main.children():
            name = process.name()
            yield "worker" if name == "q2-worker" else "helper", process
            if name == "q2-worker":
                yield from (("sandbox", box) for box in process.children())
