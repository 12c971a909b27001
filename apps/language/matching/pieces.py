"""The sentence encoder's table of word pieces, left on disk: 65 MB, of which a sentence needs ten rows.

The encoder unpacks it into memory. Written once to a file beside the fits it is read row by row, and every process that
understands sentences is that much smaller. Where the file cannot be written the table stays where it was.
"""

import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from apps.language.matching import disk

Array = npt.NDArray[Any]
ROWS = 4096
"""Compared at a time: a megabyte, and no second table in memory."""
logger = logging.getLogger(__name__)


class Pieces:
    """Rows of bytes in a file, taken as `pieces[numbers]`. Reads say where they read, so a forked child may share the file."""

    def __init__(self, path: Path, width: int) -> None:
        self.width = width
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __getitem__(self, numbers: Array) -> Array:
        rows = [os.pread(self._file, self.width, int(number) * self.width) for number in numbers]
        return np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), self.width)

    def __del__(self) -> None:
        os.close(self._file)


def on_disk(table: Array, path: Path) -> Pieces | None:
    """The same rows from the file, which is written where it is not there or not whole; None where that fails."""
    try:
        if not _has_all(table, path):
            _write(table, path)
        return Pieces(path, table.shape[1])
    except OSError as error:
        logger.warning("The encoder's table stays in memory: %s", error)
        return None


def _has_all(table: Array, path: Path) -> bool:
    """Compared to its end: after a power cut a file can be as long as it was to be, and hold zeros."""
    if not path.exists() or path.stat().st_size != table.nbytes:
        return False
    with path.open("rb") as file:
        parts = (table[at : at + ROWS] for at in range(0, len(table), ROWS))
        return all(file.read(part.nbytes) == part.tobytes() for part in parts)


def _write(table: Array, path: Path) -> None:
    with disk.appearing(path) as file:
        table.tofile(file)
    for other in path.parent.glob("pieces-*"):
        if other != path:
            other.unlink(missing_ok=True)  # of another version; who reads it has it open
