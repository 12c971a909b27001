"""A Django storage class of the site's own, an object store for example, behind the same contract."""

from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, cast

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import Storage

from apps.tasks.blobs.contract import BlobUnwritable, unwritable


class StorageStore:
    """How durable `put` is, is up to the storage. What it raises when it refuses is its own: all of it counts."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def put(self, path: str, data: bytes) -> None:
        try:
            if self._has(path, len(data)):
                return
            written = self._storage.save(path, ContentFile(data))
        except Exception as error:
            with suppress(Exception):
                self._has(path, len(data))  # takes a part of it away
            raise unwritable(data, str(error) or type(error).__name__) from error
        if written != path:
            self._storage.delete(written)  # somebody was first, or it gives names of its own
        if not self._has(path, len(data)):
            raise BlobUnwritable(f"The storage kept {path} as {written}. Use one that keeps the names it is given.")

    def open(self, path: str) -> BinaryIO:
        try:
            return cast(BinaryIO, self._storage.open(path, "rb"))
        except (SuspiciousFileOperation, IsADirectoryError) as error:
            raise FileNotFoundError(2, "No such file or directory", path) from error

    def remove_task(self, task_id: int) -> None:
        self._remove_below(str(task_id))

    def task_ids(self) -> Iterator[int]:
        with suppress(FileNotFoundError):
            directories, _ = self._storage.listdir("")
            yield from (int(name) for name in directories if name.isdigit())

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
