"""Carrying out planned faults, and taking back those that last."""

import heapq
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any

import psutil

from tests.chaos.storm.plan import NEEDS_POSTGRESQL, NEEDS_REDIS, WEIGHTS, Planned
from tests.chaos.storm.stage import Stage

JUMPS = (3600.0, -3600.0, 5.0, -5.0)
"""Seconds by which a cluster's clock is moved."""
SPARE = 16_384
"""Bytes that the ballast leaves free when the disk is full."""


@dataclass(kw_only=True)
class Fault:
    kind: str
    at: float
    """On the machine's monotonic clock, as the sink's moments."""
    until: float
    pids: list[int] = field(default_factory=list)
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def possible(stage: Stage) -> list[str]:
    kinds = list(WEIGHTS)
    if stage.postgres is None:
        kinds = [kind for kind in kinds if kind not in NEEDS_POSTGRESQL | NEEDS_REDIS]
    return kinds if stage.has_small_disk else [kind for kind in kinds if kind != "disk full"]


class Faults:
    def __init__(self, stage: Stage) -> None:
        self.record: list[Fault] = []
        self._stage = stage
        self._undo: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()
        self._keys = 0

    def carry_out(self, planned: Planned) -> Fault | None:
        """None where there was nobody to do it to at this moment."""
        words = planned.kind.split()
        fault = Fault(kind=planned.kind, at=time.monotonic(), until=time.monotonic())
        done: Any = getattr(self, f"_{'_'.join(words)}", None)
        if words[0] in ("kill", "freeze", "terminate") and done is None:
            done = getattr(self, f"_{words[0]}")
        if done(fault, planned) is False:
            return None
        self.record.append(fault)
        return fault

    def undo_due(self) -> None:
        while self._undo and self._undo[0][0] <= time.monotonic():
            heapq.heappop(self._undo)[2]()

    def undo_all(self) -> None:
        while self._undo:
            heapq.heappop(self._undo)[2]()

    def _later(self, fault: Fault, seconds: float, undo: Callable[[], None]) -> None:
        fault.until = time.monotonic() + seconds

        def end() -> None:
            undo()
            fault.until = time.monotonic()

        heapq.heappush(self._undo, (fault.until, next(self._number), end))

    # To processes

    def _one(self, planned: Planned) -> psutil.Process | None:
        found = self._living(planned.kind.split()[-1])
        return found[int(planned.draw * len(found))] if found else None

    def _living(self, role: str) -> list[psutil.Process]:
        """Without those that are dead and whose parent, frozen perhaps, has not heard of it yet."""
        return [process for is_role, process in self._stage.tree() if is_role == role and is_alive(process)]

    def _kill(self, fault: Fault, planned: Planned) -> bool | None:
        return self._signal(fault, self._one(planned), signal.SIGKILL)

    def _terminate(self, fault: Fault, planned: Planned) -> bool | None:
        return self._signal(fault, self._one(planned), signal.SIGTERM)

    def _kill_all_workers(self, fault: Fault, planned: Planned) -> bool | None:
        done = [self._signal(fault, process, signal.SIGKILL) for process in self._living("worker")]
        return None if any(one is None for one in done) else False

    def _freeze(self, fault: Fault, planned: Planned) -> bool | None:
        process = self._one(planned)
        if self._signal(fault, process, signal.SIGSTOP) is False:
            return False
        assert process is not None
        seconds = 0.2 + planned.measure * 3 * self._stage.lease
        fault.detail = f"for {seconds:.1f} s"
        self._later(fault, seconds, lambda: self._thaw(process))
        return None

    def _thaw(self, process: psutil.Process) -> None:
        with suppress(psutil.Error):  # it was killed meanwhile; psutil makes sure that the pid is not another's
            process.send_signal(signal.SIGCONT)

    def _signal(self, fault: Fault, process: psutil.Process | None, number: int) -> bool | None:
        try:
            if process is None:
                return False
            process.send_signal(number)
        except psutil.Error:
            return False
        fault.at = fault.until = time.monotonic()  # to find it may have taken a while on a machine that is busy
        fault.pids.append(process.pid)
        return None

    # To what they stand on

    def _restart_postgresql(self, fault: Fault, planned: Planned) -> bool | None:
        postgres = self._stage.postgres
        assert postgres is not None
        postgres.stop_immediately()
        time.sleep(planned.measure * 2)
        postgres.start()
        fault.until = time.monotonic()
        return None

    def _terminate_connections(self, fault: Fault, planned: Planned) -> bool | None:
        assert self._stage.postgres is not None
        fault.detail = f"{self._stage.postgres.terminate_backends()} connections"
        return None

    def _flush_redis(self, fault: Fault, planned: Planned) -> bool | None:
        assert self._stage.redis is not None
        self._stage.redis.flush()
        return None

    def _restart_redis(self, fault: Fault, planned: Planned) -> bool | None:
        redis = self._stage.redis
        assert redis is not None
        redis.kill()
        time.sleep(planned.measure)
        redis.start()
        fault.until = time.monotonic()
        return None

    def _pause_redis(self, fault: Fault, planned: Planned) -> bool | None:
        assert self._stage.redis is not None
        seconds = 0.5 + 3 * planned.measure
        self._stage.redis.pause(seconds)
        fault.until = time.monotonic() + seconds
        return None

    def _disk_full(self, fault: Fault, planned: Planned) -> bool | None:
        directory = self._stage.directory / "artifacts"
        ballast = directory / "ballast"
        if ballast.exists():
            return False
        free = os.statvfs(directory)
        with ballast.open("wb") as file, suppress(OSError):
            file.write(b"\0" * max(0, free.f_bavail * free.f_frsize - SPARE))
        self._later(fault, 0.5 + 3 * planned.measure, lambda: ballast.unlink(missing_ok=True))
        return None

    # By operators

    def _kept(self, planned: Planned) -> Any:
        clusters = self._stage.clusters
        return clusters[int(planned.draw * len(clusters))] if clusters else None

    def _rotate_keys(self, fault: Fault, planned: Planned) -> bool | None:
        """Half of the time the old key stays for reading; else checkpoints are lost, and the journal must do."""
        cluster = self._kept(planned)
        self._keys += 1
        new = f"rotated{self._keys}"
        keys = f"{new},{cluster.keys.split(',')[0]}" if planned.measure < 0.5 else new
        fault.detail = f"{cluster.home.name}: {keys}"
        self._stage.replace(cluster, keys)
        return None

    def _deploy(self, fault: Fault, planned: Planned) -> bool | None:
        cluster = self._kept(planned)
        fault.detail = f"{cluster.home.name} drains while its successor starts"
        self._stage.replace(cluster, cluster.keys)
        return None

    def _move_clock(self, fault: Fault, planned: Planned) -> bool | None:
        cluster = self._kept(planned)
        jump = JUMPS[int(planned.measure * len(JUMPS))]
        fault.detail = f"{cluster.home.name} by {jump:+.0f} s"
        (cluster.home / "clock").write_text(str(jump))
        self._later(fault, 2 + 4 * planned.draw, lambda: (cluster.home / "clock").unlink(missing_ok=True))
        return None
