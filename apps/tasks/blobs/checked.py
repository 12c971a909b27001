"""A stored file that vouches for itself while it is read."""

import hashlib
from typing import BinaryIO

from apps.tasks.blobs.contract import BlobUnreadable, unreadable


class Checked:
    """Read from its beginning to its end it gives exactly what was written, or raises; after a `seek` it can't know."""

    def __init__(self, file: BinaryIO, *, path: str, size: int, sha256: str) -> None:
        self._file = file
        self._path = path
        self._size = size
        self._sha256 = sha256
        self._seen = 0
        self._digest = hashlib.sha256()
        self._is_whole = True

    def seek(self, position: int) -> None:
        self._is_whole = self._is_whole and position == self._seen
        self._file.seek(position)

    def read(self, most: int) -> bytes:
        """Up to so many bytes, none at the end. The last of them only when all were right."""
        try:
            data = self._file.read(most)
        except OSError as error:
            raise unreadable(f"The file {self._path}", error) from error
        if self._is_whole:
            self._digest.update(data)
            self._seen += len(data)
            self._check(is_end=not data and most > 0)
        return data

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> "Checked":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check(self, *, is_end: bool) -> None:
        is_wrong = self._seen > self._size or (is_end and self._seen < self._size)
        if is_wrong or (self._seen == self._size and self._digest.hexdigest() != self._sha256):
            raise BlobUnreadable(f"The file {self._path} is not what was written.")
