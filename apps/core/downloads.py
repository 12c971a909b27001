"""Answers that stream a file piece by piece, whole or a part of it: 100 MB cost the web process one piece."""

import re
from collections.abc import AsyncIterator
from typing import Protocol

from asgiref.sync import sync_to_async
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase

PIECE = 256 * 1024
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class File(Protocol):
    def read(self, most: int, /) -> bytes: ...

    def seek(self, position: int, /) -> object: ...

    def close(self) -> None: ...


class _Part:
    """So many bytes of a file from a place on."""

    def __init__(self, file: File, start: int, length: int) -> None:
        self._file = file
        self._left = length
        if start:
            file.seek(start)

    def read(self, most: int) -> bytes:
        data = self._file.read(min(most, self._left)) if self._left else b""
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._file.close()


class Download(FileResponse):
    block_size = PIECE

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Django would read all of a synchronous file before it sends the first byte."""
        assert self.file_to_stream is not None
        read = sync_to_async(self.file_to_stream.read)
        while data := await read(self.block_size):
            yield data


def attachment(
    request: HttpRequest, file: File, *, name: str, size: int, content_type: str, sha256: str
) -> HttpResponseBase:
    """The file, always to be saved and never sniffed or run. One range is served; several are answered with all of it."""
    tag = f'"{sha256}"'
    wanted = _wanted(request, tag, size)
    if wanted is None:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, length = wanted
    answer = Download(_Part(file, start, length), as_attachment=True, filename=name, content_type=_safe(content_type))
    if length < size:
        answer.status_code = 206
        answer.headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{size}"
    answer.headers["Content-Length"] = str(length)
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers["ETag"] = tag
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def _wanted(request: HttpRequest, tag: str, size: int) -> tuple[int, int] | None:
    """Where to begin and how much to send (RFC 9110, 14.2); None when the range lies outside."""
    found = RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if not found or not any(found.groups()) or request.headers.get("If-Range", tag) != tag:
        return 0, size
    first, last = found.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
    return (start, end - start) if start < end else None


def _safe(content_type: str) -> str:
    """What the tool said, if it can stand in a header."""
    is_plain = content_type.isascii() and content_type.isprintable() and all(content_type.partition("/"))
    return content_type if is_plain else "application/octet-stream"
