"""Files below ARTIFACT_ROOT: right for one host, or for a directory that all hosts mount.

A file is written under a temporary name, synced, renamed, and its directory synced.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from apps.tasks.blobs.contract import unwritable


class FileStore:
    def put(self, path: str, data: bytes) -> None:
        try:
            _write(root() / path, data)
        except OSError as error:
            raise unwritable(data, error.strerror) from error

    def open(self, path: str) -> BinaryIO:
        place = (root() / path).resolve()
        if not place.is_relative_to(root().resolve()) or not place.is_file():
            raise FileNotFoundError(2, "No such file or directory", path)
        return place.open("rb")

    def remove_task(self, task_id: int) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(root() / str(task_id))

    def task_ids(self) -> Iterator[int]:
        with suppress(FileNotFoundError), os.scandir(root()) as entries:
            yield from (int(entry.name) for entry in entries if entry.name.isdigit())

    def is_fresh(self, task_id: int, seconds: float) -> bool:
        """By the clock of the disk, which may be another host's."""
        try:
            now = _disk_clock(root())
            return any(now - place.stat().st_mtime < seconds for place in _places(root() / str(task_id)))
        except FileNotFoundError:
            return False


def root() -> Path:
    return Path(settings.ARTIFACT_ROOT)


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


def _places(directory: Path) -> Iterator[Path]:
    """It and the directories below; each is stamped when something is put into it."""
    yield directory
    for name, directories, _ in os.walk(directory):
        yield from (Path(name, each) for each in directories)


def _disk_clock(directory: Path) -> float:
    with tempfile.TemporaryFile(dir=directory) as probe:
        return os.fstat(probe.fileno()).st_mtime
