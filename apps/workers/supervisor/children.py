"""A child process and everything below it: start, ask to end, kill, and know when to start again."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from apps.workers.q2.names import WORKER_PROCESS

STEADY_SECONDS = 5.0
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
LARGEST_LOG = 5_000_000


def pause_before_restart(lived: float, failures: int) -> float:
    """Seconds to wait: none for a child that had been steady, doubling for one that keeps failing at its start."""
    if lived >= STEADY_SECONDS:
        return 0.0
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (failures - 1))


@dataclass(kw_only=True)
class Child:
    """A process that leads its own session. Start it from the supervisor's main thread: it is tethered to that."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path | None = None
    failures: int = 0
    start_at: float = 0.0
    started_at: float = 0.0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    @property
    def lived(self) -> float:
        return time.monotonic() - self.started_at

    def is_due(self) -> bool:
        return self.process is None and time.monotonic() >= self.start_at

    def start(self) -> None:
        with self._output() as output:
            self.process = subprocess.Popen(
                self.command,
                env={**self.environment, "CHANTILLY_SUPERVISOR_PID": str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output is not None else None,
                start_new_session=True,
            )
        self.started_at = time.monotonic()

    def exited(self) -> int | None:
        """Its exit code, once: afterwards it is due again after a pause, and whatever it left is killed."""
        if self.process is None or (code := self.process.poll()) is None:
            return None
        self.kill()
        self.failures = 0 if self.lived >= STEADY_SECONDS else self.failures + 1
        self.start_at = time.monotonic() + pause_before_restart(self.lived, self.failures)
        self.process = None
        return code

    def ask_to_end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def drain_workers(self) -> None:
        """Tell the cluster's workers too: Django-Q2 itself leaves busy ones alone."""
        for process in self.tree():
            with contextlib.suppress(psutil.Error):
                if process.name() == WORKER_PROCESS:
                    process.terminate()

    def kill(self) -> None:
        """End all of it now: the session's group, and those below that left the group."""
        if self.process is None:
            return
        below = self.tree()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for process in below:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.wait()

    def tree(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self.process.pid).children(recursive=True) if self.process else []
        except psutil.NoSuchProcess:
            return []

    @contextlib.contextmanager
    def _output(self) -> Iterator[int | None]:
        if self.log is None:
            yield None
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.rename(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as file:
            yield file.fileno()


def reap_adopted(own: set[int]) -> None:
    """Kill and collect processes whose parents died: as their adopter (tether.adopt_orphans) we are their parent now."""
    for pid in _direct_children():
        if pid in own:
            continue
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _direct_children() -> list[int]:
    pid = os.getpid()
    try:
        return [int(word) for word in Path(f"/proc/self/task/{pid}/children").read_text().split()]
    except OSError:
        return [process.pid for process in psutil.Process().children()]
