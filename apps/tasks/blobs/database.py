"""Files in pieces in a table: every host that reaches the database has them, and one backup holds everything."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from django.db import DatabaseError, connection

from apps.tasks import sql
from apps.tasks.blobs.contract import unwritable

PIECE = 512 * 1024
"""Bytes of a row: what a reader holds in memory. Rows of other sizes can be read too."""
REFUSALS = ("53100", "53200", "54", "42501", "25006")
"""PostgreSQL's codes, or how they begin: disk full, out of memory, limit exceeded, not permitted, read only."""
SQLITE_REFUSALS = ("is full", "readonly", "too big")

INSERT = "INSERT INTO tasks_blobpiece (path, start, task_id, data) VALUES (%s, %s, %s, %s) ON CONFLICT (path, start) DO NOTHING"
LENGTH = "SELECT start + length(data) FROM tasks_blobpiece WHERE path = %s ORDER BY start DESC LIMIT 1"
PIECE_AT = "SELECT start, data FROM tasks_blobpiece WHERE path = %s AND start <= %s ORDER BY start DESC LIMIT 1"


class DatabaseStore:
    def put(self, path: str, data: bytes) -> None:
        task_id = int(path.partition("/")[0])
        with _refusals(data), sql.transaction():
            for start in range(0, max(1, len(data)), PIECE):
                sql.run(INSERT, [path, start, task_id, data[start : start + PIECE]])

    def open(self, path: str) -> BinaryIO:
        row = sql.run(LENGTH, [path])
        if row is None:
            raise FileNotFoundError(2, "No such file or directory", path)
        return cast(BinaryIO, _Pieces(path, row[0]))

    def remove_task(self, task_id: int) -> None:
        self.remove_tasks([task_id])

    def remove_tasks(self, task_ids: Sequence[int]) -> None:
        places = ", ".join(["%s"] * len(task_ids))
        sql.run(f"DELETE FROM tasks_blobpiece WHERE task_id IN ({places})", task_ids)

    def task_ids(self) -> Iterator[int]:
        """By an index, one step a task: the table may hold many pieces of each."""
        found = sql.run("SELECT min(task_id) FROM tasks_blobpiece")[0]
        while found is not None:
            yield found
            found = sql.run("SELECT min(task_id) FROM tasks_blobpiece WHERE task_id > %s", [found])[0]

    def is_fresh(self, task_id: int, seconds: float) -> bool:
        """Never: its pieces are seen when the row that they belong to is."""
        return False


class _Pieces(io.RawIOBase):
    """Reads as a file does; one piece is in memory at a time."""

    def __init__(self, path: str, size: int) -> None:
        self._path = path
        self._size = size
        self._at = 0
        self._start, self._piece = 0, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size:
            return 0
        if not self._start <= self._at < self._start + len(self._piece):
            self._fetch()
        part = self._piece[self._at - self._start :][: len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _fetch(self) -> None:
        row = sql.run(PIECE_AT, [self._path, self._at])
        if row is None or row[0] + len(row[1]) <= self._at:
            raise FileNotFoundError(2, "A piece of it is missing", self._path)
        self._start, self._piece = row[0], bytes(row[1])


@contextmanager
def _refusals(data: bytes) -> Iterator[None]:
    """What the database says no to; one that has gone away is another matter, and stays that error."""
    try:
        yield
    except DatabaseError as error:
        if not _is_refusal(error):
            raise
        raise unwritable(data, str(error).strip().splitlines()[0]) from error


def _is_refusal(error: DatabaseError) -> bool:
    if connection.vendor == "sqlite":
        return any(words in str(error) for words in SQLITE_REFUSALS)
    code = getattr(error.__cause__, "sqlstate", None) or ""
    return code.startswith(REFUSALS)
