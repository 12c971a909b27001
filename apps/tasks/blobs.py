"""Files below the artifact root: what tasks make, and results too large for their row.

A file is complete before its row exists: written under a temporary name, synced, renamed, directory synced. Names on
disk are always ours, and hold a digest of the content: a call that is repeated with the same answer leaves one file, and
a worker that has lost its lease, and does not know it yet, cannot change the file that the record names.
"""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from apps.core.errors import ChantillyError

TAG = "@file:"
"""Begins a result column that names a file; no encoded value begins with @."""


class BlobUnreadable(ChantillyError):
    code = "blob_unreadable"


class BlobUnwritable(ChantillyError):
    """No room, or no right to write: nothing was left behind. It may pass by itself, or when somebody makes room."""

    code = "blob_unwritable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """A file below the artifact root: its path there, and its SHA-256 in hexadecimal."""

    path: str
    sha256: str


def save(stem: str, data: bytes, suffix: str = "") -> Saved:
    """Write `data`, durably, at a path below the artifact root that begins with `stem`. Raises BlobUnwritable."""
    sha256 = hashlib.sha256(data).hexdigest()
    relative = f"{stem}-{sha256[:16]}{suffix}"
    try:
        _write(Path(settings.ARTIFACT_ROOT) / relative, data)
    except OSError as error:
        raise BlobUnwritable(
            f"A file of {len(data):,} bytes could not be kept ({error.strerror}). Make room where the files are kept,"
            " then retry the task."
        ) from error
    return Saved(path=relative, sha256=sha256)


def write(task_id: int, index: int, text: str) -> str:
    """Keep a large result in a file; what is returned goes into the column in its place."""
    saved = save(f"{task_id}/results/{index}", text.encode(), ".json")
    return f"{TAG}{saved.sha256}:{saved.path}"


def read(column: str) -> str:
    """The result that the column holds or names. Raises BlobUnreadable when its file is gone or was changed."""
    if not column.startswith(TAG):
        return column
    sha256, _, relative = column.removeprefix(TAG).partition(":")
    try:
        data = (Path(settings.ARTIFACT_ROOT) / relative).read_bytes()
    except OSError as error:
        raise BlobUnreadable(f"The recorded result {relative} cannot be read ({error.strerror}).") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise BlobUnreadable(f"The recorded result {relative} is not what was written.")
    return data.decode()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
