"""Lines in one file that all processes append to: a word, seconds since 1970, the process."""

import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

NAP = 0.05


@dataclass(frozen=True, kw_only=True)
class Stamp:
    word: str
    at: float
    pid: int


@cache
def _file() -> int:
    return os.open(os.environ["PEER_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def stamp(word: str) -> None:
    os.write(_file(), b"%s %.6f %d\n" % (word.encode(), time.time(), os.getpid()))


def read(path: Path) -> list[Stamp]:
    if not path.exists():
        return []
    lines = [line.split() for line in path.read_text().splitlines()]
    return [Stamp(word=word, at=float(at), pid=int(pid)) for word, at, pid in lines]


def naps(count: int) -> None:
    """The body of the long task: it says that it began, and naps."""
    stamp("long")
    for _ in range(count):
        time.sleep(NAP)
    stamp("long-end")
