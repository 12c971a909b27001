"""What tasks make, and results too large for their row: files in one store that all processes share.

ARTIFACT_STORE says where: `files`, `database`, or the dotted path of a Django storage class (contract.py has their duties).
A file is complete before its row exists. Its path holds a digest of the content: a call that is repeated with the same
answer leaves one file, and a worker that has lost its lease, and does not know it yet, cannot change what the record names.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import BinaryIO

from django.conf import settings
from django.utils.module_loading import import_string

from apps.tasks.blobs.checked import Checked
from apps.tasks.blobs.contract import BlobUnreadable, BlobUnwritable, Store, unreadable
from apps.tasks.blobs.database import DatabaseStore
from apps.tasks.blobs.files import FileStore
from apps.tasks.blobs.storage import StorageStore

__all__ = [
    "BlobUnreadable",
    "BlobUnwritable",
    "Saved",
    "of_tasks",
    "open_checked",
    "read",
    "remove_task",
    "remove_tasks",
    "save",
    "write",
]

TAG = "@file:"
"""Begins a result column that names a file; no encoded value begins with @."""
BUILT_IN: dict[str, type[FileStore] | type[DatabaseStore]] = {"files": FileStore, "database": DatabaseStore}


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """A file in the store: its path there, and its SHA-256 in hexadecimal."""

    path: str
    sha256: str


def save(stem: str, data: bytes, suffix: str = "") -> Saved:
    """Keep `data`, durably, at a path that begins with `stem`, whose first part is the task's id. Raises BlobUnwritable."""
    sha256 = hashlib.sha256(data).hexdigest()
    path = f"{stem}-{sha256[:16]}{suffix}"
    store(settings.ARTIFACT_STORE).put(path, data)
    return Saved(path=path, sha256=sha256)


def write(task_id: int, index: int, text: str) -> str:
    """Keep a large result in a file; what is returned goes into the column in its place."""
    saved = save(f"{task_id}/results/{index}", text.encode(), ".json")
    return f"{TAG}{saved.sha256}:{saved.path}"


def read(column: str) -> str:
    """The result that the column holds or names. Raises BlobUnreadable when its file is gone or was changed."""
    if not column.startswith(TAG):
        return column
    sha256, _, path = column.removeprefix(TAG).partition(":")
    try:
        with _open(path) as file:
            data = file.read()
    except OSError as error:
        raise unreadable(f"The recorded result {path}", error) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise BlobUnreadable(f"The recorded result {path} is not what was written.")
    return data.decode()


def open_checked(path: str, *, size: int, sha256: str) -> Checked:
    """The file, to be read piece by piece; before its last piece is given out, it is known to be what was written.

    Raises BlobUnreadable when there is no such file; reading raises it when the file is not what was written.
    """
    try:
        return Checked(_open(path), path=path, size=size, sha256=sha256)
    except OSError as error:
        raise unreadable(f"The file {path}", error, code="file_missing") from error


def remove_task(task_id: int) -> None:
    """Remove every file of the task, wherever it was kept. Safe to repeat."""
    for each in _places():
        each.remove_task(task_id)


def remove_tasks(task_ids: Sequence[int]) -> list[tuple[int, OSError]]:
    """As `remove_task` for each, with one statement for all that the database keeps. Tells what was refused."""
    refused = []
    for each in _places():
        if isinstance(each, DatabaseStore):
            each.remove_tasks(task_ids)
            continue
        for task_id in task_ids:
            try:
                each.remove_task(task_id)
            except OSError as error:
                refused.append((task_id, error))
    return refused


def of_tasks(idle_seconds: float = 0.0) -> Iterator[list[int]]:
    """Ids of tasks that have files, some hundreds at a time.

    `idle_seconds`: without those where something was written since.
    """
    for each in _places():
        ids = each.task_ids()
        while some := list(islice(ids, 500)):
            yield [task_id for task_id in some if not (idle_seconds and each.is_fresh(task_id, idle_seconds))]


def _open(path: str) -> BinaryIO:
    """From the chosen store, else from where it was kept before somebody chose that."""
    for place in _places():
        try:
            return place.open(path)
        except FileNotFoundError as error:
            missing = error
    raise missing


def _places() -> list[Store]:
    chosen = settings.ARTIFACT_STORE
    return [store(chosen), *(store(name) for name in BUILT_IN if name != chosen)]


@lru_cache(maxsize=4)
def store(name: str) -> Store:
    """The store of this name: one of ours, or a Django storage class by its dotted path, made without arguments."""
    if made := BUILT_IN.get(name):
        return made()
    return StorageStore(import_string(name)())
