"""A bare cluster in a directory of its own, and what is done to it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

from tests.chaos.installation import ROOT, wait_for


class Bare:
    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="bare-", dir="/tmp"))
        self.key = "the first key"
        self.cluster: subprocess.Popen[bytes] | None = None
        self.django("migrate", "--verbosity", "0")

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ, "BASELINE_HOME": str(self.home), "BASELINE_KEY": self.key,
            "DJANGO_SETTINGS_MODULE": "tests.chaos.baseline.settings",
        }  # fmt: skip

    def django(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "django", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True
        ).stdout

    def python(self, code: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", f"import django; django.setup()\n{code}"], cwd=ROOT, env=self.environment,
            check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip

    def ask(self, count: int, function: str = "put") -> None:
        arguments = ", number" if function == "put" else ""
        self.python(
            "from django_q.tasks import async_task\n"
            f"for number in range({count}): async_task('tests.chaos.baseline.work.{function}'{arguments})"
        )

    def start(self) -> None:
        log = (self.home / "cluster.log").open("ab")
        self.cluster = subprocess.Popen(
            [sys.executable, "-m", "django", "qcluster"], cwd=ROOT, env=self.environment, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        wait_for("the cluster", lambda: len(self.workers()) == 2, seconds=40)
        time.sleep(1.0)  # they have no row that tells; now both wait for work

    def guard(self) -> psutil.Process:
        assert self.cluster is not None
        return psutil.Process(self.cluster.pid).children()[0]

    def workers(self) -> list[psutil.Process]:
        """The guard starts its pusher and monitor last; the workers are what it started first."""
        try:
            children = sorted(self.guard().children(), key=lambda process: process.pid)
        except (IndexError, psutil.Error):
            return []
        return children[:2] if len(children) >= 4 else []

    def done(self) -> list[int]:
        path = self.home / "done"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def rows(self, model: str) -> int:
        return int(self.python(f"from django_q.models import {model}; print({model}.objects.count())"))

    def processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                is_ours = process.environ().get("BASELINE_HOME") == str(self.home)
                if is_ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def stop(self) -> None:
        for process in self.processes():
            with suppress(psutil.Error):
                process.send_signal(signal.SIGKILL)
        if self.cluster is not None:
            self.cluster.wait(10)

    def destroy(self) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
