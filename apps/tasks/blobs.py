"""Files below the artifact root: what tasks make, and results too large for their row.

A file is complete before its row exists: written under a temporary name, synced, renamed, directory synced. Names on
disk are always ours. Writing the same key again replaces the file, so a repeated call leaves one.
"""

import hashlib
import os
import tempfile
from pathlib import Path

from django.conf import settings

from apps.core.errors import ChantillyError

TAG = "@file:"
"""Begins a result column that names a file; no encoded value begins with @."""


class BlobUnreadable(ChantillyError):
    code = "blob_unreadable"


def save(relative: str, data: bytes) -> str:
    """Write `data` at `relative` below the artifact root, durably. Returns its SHA-256 in hexadecimal."""
    path = Path(settings.ARTIFACT_ROOT) / relative
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
    return hashlib.sha256(data).hexdigest()


def write(task_id: int, index: int, text: str) -> str:
    """Keep a large result in a file; what is returned goes into the column in its place."""
    relative = f"{task_id}/results/{index}.json"
    return f"{TAG}{save(relative, text.encode())}:{relative}"


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


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
