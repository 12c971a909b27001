"""What a store of files owes. Names on disk are always ours: `<task id>/<…>-<digest of the content>`.

1. `put` is durable when it returns, and leaves nothing when it raises. Whoever reads a path finds all of it or nothing.
2. `put` of a path that is there already changes nothing: a path names its content.
3. `put` raises BlobUnwritable when the store refuses (no room, no right). A database that has gone away is that error.
4. `open` gives a seekable file, read piece by piece and never all at once. FileNotFoundError when there is none,
   also for a path that leads outside.
5. `remove_task` removes everything of a task, and is done when there is nothing.
6. `task_ids` says of which tasks there is something, in any order, without holding them all in memory.
7. `is_fresh` says whether something of the task may have been written in the last so many seconds, by the clock of
   whoever stamped it: a fork keeps files before its row can be seen.
"""

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from apps.core.errors import ChantillyError


class BlobUnreadable(ChantillyError):
    """It is gone or was changed; or, when `is_transient`, the store did not give it out just now."""

    code = "blob_unreadable"

    def __init__(self, message: str, *, code: str | None = None, is_transient: bool = False) -> None:
        super().__init__(message, code=code)
        self.is_transient = is_transient


class BlobUnwritable(ChantillyError):
    """No room, or no right to write: nothing was left behind. It may pass by itself, or when somebody makes room."""

    code = "blob_unwritable"


def unreadable(what: str, error: OSError, *, code: str | None = None) -> BlobUnreadable:
    """One that is missing will stay so; a store that fails may be mended, and then the file is there."""
    if isinstance(error, FileNotFoundError):
        return BlobUnreadable(f"{what} cannot be read ({error.strerror}).", code=code)
    return BlobUnreadable(
        f"{what} cannot be read just now ({error.strerror}). Look at the store of files (ARTIFACT_STORE), then retry"
        " the task.",
        is_transient=True,
    )


def unwritable(data: bytes, why: str | None) -> BlobUnwritable:
    return BlobUnwritable(
        f"A file of {len(data):,} bytes could not be kept ({why}). Make room where the files are kept,"
        " or see why they are refused there; then retry the task."
    )


class Store(Protocol):
    def put(self, path: str, data: bytes) -> None: ...

    def open(self, path: str) -> BinaryIO: ...

    def remove_task(self, task_id: int) -> None: ...

    def task_ids(self) -> Iterator[int]: ...

    def is_fresh(self, task_id: int, seconds: float) -> bool: ...
