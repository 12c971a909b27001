"""A Django storage class of the site's own, an object store for example, behind the same contract."""

import errno
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import Storage

from apps.core import clock
from apps.tasks.blobs.contract import BlobUnwritable, unwritable


class StorageFailed(OSError):
    """Whatever a storage raised: its classes are its own, and callers know this one."""


@contextmanager
def failures_of(path: str) -> Iterator[None]:
    """A missing file stays FileNotFoundError; everything else becomes StorageFailed."""
    try:
        yield
    except (FileNotFoundError, StorageFailed):
        raise
    except Exception as error:  # somebody else's code: botocore's errors, say, have no class in common with ours
        raise StorageFailed(errno.EIO, f"{type(error).__name__}: {error}".rstrip(": "), path) from error


class StorageStore:
    """How durable `put` is, is up to the storage. Everything but `put` raises StorageFailed when the storage fails."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def put(self, path: str, data: bytes) -> None:
        try:
            with failures_of(path):
                if self._has(path, len(data)):
                    return
                written = self._storage.save(path, ContentFile(data))
                if written != path:
                    self._storage.delete(written)  # somebody was first, or it gives names of its own
                is_kept = self._has(path, len(data))
        except OSError as error:
            with suppress(OSError), failures_of(path):
                self._has(path, len(data))  # takes a part of it away
            raise unwritable(data, error.strerror) from error
        if not is_kept:
            raise BlobUnwritable(f"The storage kept {path} as {written}. Use one that keeps the names it is given.")

    def open(self, path: str) -> BinaryIO:
        with failures_of(path):
            try:
                return cast(BinaryIO, _Reading(self._storage.open(path, "rb"), path))
            except (SuspiciousFileOperation, IsADirectoryError) as error:
                raise FileNotFoundError(2, "No such file or directory", path) from error

    def remove_task(self, task_id: int) -> None:
        with failures_of(str(task_id)):
            self._remove_below(str(task_id))

    def task_ids(self) -> Iterator[int]:
        with suppress(FileNotFoundError), failures_of(""):
            directories, _ = self._storage.listdir("")
            yield from (int(name) for name in directories if name.isdigit())

    def is_fresh(self, task_id: int, seconds: float) -> bool:
        """True where the storage tells no times: then its orphans stay."""
        with failures_of(str(task_id)):
            try:
                return self._is_fresh(str(task_id), clock.now() - timedelta(seconds=seconds))
            except (NotImplementedError, FileNotFoundError):
                return True

    def _is_fresh(self, directory: str, since: datetime) -> bool:
        directories, files = self._storage.listdir(directory)
        return any(self._storage.get_modified_time(f"{directory}/{name}") > since for name in files) or any(
            self._is_fresh(f"{directory}/{name}", since) for name in directories
        )

    def _has(self, path: str, size: int) -> bool:
        """A file that was cut by an accident is not there, and makes room for the whole one."""
        if not self._storage.exists(path):
            return False
        if self._storage.size(path) == size:
            return True
        self._storage.delete(path)
        return False

    def _remove_below(self, directory: str) -> None:
        with suppress(FileNotFoundError):
            directories, files = self._storage.listdir(directory)
            for name in files:
                self._storage.delete(f"{directory}/{name}")
            for name in directories:
                self._remove_below(f"{directory}/{name}")
            self._storage.delete(directory)


class _Reading(io.RawIOBase):
    """An opened file of the storage, which may be fetched only now."""

    def __init__(self, file: Any, path: str) -> None:
        self._file = file
        self._path = path

    def read(self, size: int = -1) -> bytes:
        with failures_of(self._path):
            return cast(bytes, self._file.read(size) if size >= 0 else self._file.read())

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with failures_of(self._path):
            return int(self._file.seek(offset, whence) or 0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            with suppress(OSError), failures_of(self._path):
                self._file.close()
        super().close()
