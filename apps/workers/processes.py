"""What processes need, as the kernel counts it. Answers 0 for one that is gone."""

import os
import time
from pathlib import Path

PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int | None) -> int:
    """Memory of a process."""
    if pid is None:
        return 0
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_SIZE
    except (OSError, IndexError, ValueError):
        return 0


def cpu_seconds(pid: int | None, thread: int | None = None) -> float:
    """Processor time of a process, or of one of its threads (as the kernel numbers them)."""
    if pid is None:
        return 0.0
    part = f"/task/{thread}" if thread is not None else ""
    try:
        # After the name, which may hold anything: state is the first field, user and system time the 12th and 13th.
        fields = Path(f"/proc/{pid}{part}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
    except (OSError, IndexError, ValueError):
        return 0.0


class Meter:
    """The share of a core that this process has used since it was last asked."""

    def __init__(self) -> None:
        self._at = time.monotonic()
        self._used = cpu_seconds(os.getpid())

    def percent(self) -> float | None:
        """None when nothing can be said yet."""
        now, used = time.monotonic(), cpu_seconds(os.getpid())
        passed, spent = now - self._at, used - self._used
        self._at, self._used = now, used
        return round(100 * spent / passed, 1) if passed > 1.0 else None
