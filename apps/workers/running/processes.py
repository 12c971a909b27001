"""What processes need, as the kernel counts it. Answers 0 for one that is gone."""

import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
PROPORTIONAL = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
TICKS = os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int | None) -> int:
    """Memory of a process."""
    if pid is None:
        return 0
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_SIZE
    except (OSError, IndexError, ValueError):
        return 0


def below(pid: int) -> list[int]:
    """Its children, theirs, and so on."""
    found = [pid]
    for parent in found:
        found += _children(parent)
    return found[1:]


def children(pid: int, name: str) -> set[int]:
    """Those of its children that have this name and live."""
    return {each for each in _children(pid) if _is_alive_as(each, name)}


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for thread in _threads(pid):
        with suppress(OSError):
            found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
    return found


def _is_alive_as(pid: int, name: str) -> bool:
    """A process that has ended and that nobody has collected keeps its name; its state is Z, or X at the very end."""
    try:
        before, _, after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    except OSError:
        return False
    return before.partition("(")[2] == name and after.split()[0] not in "ZX"


def _threads(pid: int) -> list[str]:
    try:
        return [entry.name for entry in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return []


def own_bytes(pid: int) -> int:
    """Memory of a process, of what it shares with others only its part. Much dearer to ask than `resident_bytes`."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return resident_bytes(pid)
    found = PROPORTIONAL.search(text)
    return int(found[1]) * 1024 if found else resident_bytes(pid)


def tree_bytes(pid: int, above: int, *, without: int | None = None) -> int:
    """Memory of a process and all below it, but for the tree of `without`: a rough sum up to `above`, beyond it a fair one."""
    out = {without, *below(without)} if without is not None else set()
    pids = [each for each in (pid, *below(pid)) if each not in out]
    rough = sum(map(resident_bytes, pids))
    return rough if rough <= above else sum(map(own_bytes, pids))


def kill_below(pid: int) -> None:
    """End everything that the process has begun."""
    for each in below(pid):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def cpu_seconds(pid: int | None, thread: int | None = None) -> float:
    """Processor time of a process, or of one of its threads (as the kernel numbers them)."""
    if pid is None:
        return 0.0
    return sum(_times(f"{pid}/task/{thread}" if thread is not None else str(pid))[:2])


def tree_cpu_seconds(pid: int) -> float:
    """Processor time of a process and of all that it has begun, whether that goes on or has ended."""
    return sum(sum(_times(str(each))) for each in (pid, *below(pid)))


def _times(path: str) -> list[float]:
    """Seconds as user and as system, then the same of its children that have ended."""
    try:
        # After the name, which may hold anything: state is the first field, the times are the 12th to 15th.
        fields = Path(f"/proc/{path}/stat").read_text().rpartition(")")[2].split()
        return [int(ticks) / TICKS for ticks in fields[11:15]]
    except (OSError, ValueError):
        return []


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
