"""When a worker process has served long enough and a fresh one takes its place: counters of ours, not Django-Q2's."""

import random
from dataclasses import dataclass
from typing import Self

from django.conf import settings

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Lifespan:
    """The bounds of one slice; 0 is none."""

    seconds: float
    attempts: int = 0
    memory_bytes: int = 0
    cpu_seconds: int = 0

    @classmethod
    def from_settings(cls) -> Self:
        return cls(
            # Jitter: slices that began together do not end together.
            seconds=settings.SLICE_SECONDS * random.uniform(0.8, 1.0),
            attempts=settings.WORKER_MAX_TASKS,
            memory_bytes=settings.WORKER_MEMORY_MB * MIB,
            cpu_seconds=settings.WORKER_CPU_SECONDS,
        )

    def over(self, *, seconds: float, attempts: int, memory_bytes: int, cpu_seconds: float = 0.0) -> str:
        """Why it is over, for people; empty while it is not."""
        if self.memory_bytes and memory_bytes > self.memory_bytes:
            return f"stopped at {self.memory_bytes // MIB} MB: it needed {memory_bytes // MIB} MB"
        if self.cpu_seconds and cpu_seconds > self.cpu_seconds:
            return f"stopped at {self.cpu_seconds} s of processor time: it used {cpu_seconds:.0f} s"
        if self.attempts and attempts >= self.attempts:
            return f"after {attempts} attempts"
        if seconds >= self.seconds:
            return f"after {seconds:.0f} s"
        return ""
