"""Files: listed and served to those who may see the task, harmlessly named (H7), never anything else of the disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import RequestFactory
from rest_framework.test import APIClient

from apps.core.downloads import attachment
from apps.tasks.blobs import BlobUnreadable
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Artifact, Task

pytestmark = pytest.mark.django_db


@pytest.fixture
def olga(owner: User, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(owner)


def test_a_listed_file_can_be_downloaded_whole(olga: APIClient, owned: Task, keep_file: Any) -> None:
    keep_file(owned, data=b"%PDF-1.7 " + b"x" * 100_000)
    [listed] = olga.get(f"/api/v1/tasks/{owned.pk}/artifacts/").json()["results"]
    answer = olga.get(listed["url"])
    content = b"".join(answer.streaming_content)
    assert (answer.status_code, len(content), content[:8]) == (200, listed["size"], b"%PDF-1.7")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="report.pdf"'
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


HOSTILE = [
    "../../etc/passwd", "..\\..\\boot.ini", "/etc/shadow", "C:\\con", "nul.pdf", "a\r\nSet-Cookie: x=1", 'a"; filename="b.exe',
    "photo\u202egpj.exe", ".htaccess", "-rf", "x" * 199, "\u200b", "=cmd|' /C calc'!A0.csv", "<script>.html",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_leaves_as_a_harmless_one(olga: APIClient, owned: Task, keep_file: Any, name: str) -> None:
    row = keep_file(owned, name=name)
    answer = olga.get(f"/api/v1/tasks/{owned.pk}/artifacts/{row.pk}/")
    said = answer.headers["Content-Disposition"]
    assert answer.status_code == 200 and said.startswith("attachment; filename")
    assert not any(mark in said for mark in ("..", "\\", "/", "\r", "\n", "\u202e", "%E2%80%AE", "<"))
    assert said.count('"') in (0, 2)
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("content_type", ["text/html\r\nX-Evil: 1", "", "html", "text/\u00e9", "/"])
def test_a_content_type_that_is_none_becomes_plain_bytes(
    olga: APIClient, owned: Task, keep_file: Any, content_type: str
) -> None:
    row = keep_file(owned, content_type=content_type)
    answer = olga.get(f"/api/v1/tasks/{owned.pk}/artifacts/{row.pk}/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/octet-stream")


def test_a_row_that_points_outside_the_storage_serves_nothing(
    olga: APIClient, owned: Task, keep_file: Any, tmp_path: Path
) -> None:
    row = keep_file(owned)
    outside = tmp_path.parent / "outside.txt"
    outside.write_text("secret")
    (tmp_path / "link").symlink_to(outside)
    for path in ("../outside.txt", str(outside), "link", f"{owned.pk}/files", "nowhere"):
        Artifact.objects.filter(pk=row.pk).update(path=path)
        answer = olga.get(f"/api/v1/tasks/{owned.pk}/artifacts/{row.pk}/")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "file_missing")


def test_a_foreign_file_is_not_reached_through_an_own_task(
    olga: APIClient, owned: Task, other: User, keep_file: Any
) -> None:
    foreign = submit(Request(template="sample", origin="test"), other).task
    row = keep_file(foreign)
    assert olga.get(f"/api/v1/tasks/{foreign.pk}/artifacts/{row.pk}/").status_code == 404
    assert olga.get(f"/api/v1/tasks/{owned.pk}/artifacts/{row.pk}/").status_code == 404


def test_who_lost_the_task_lost_its_files(olga: APIClient, owned: Task, other: User, keep_file: Any) -> None:
    row = keep_file(owned)
    Task.objects.filter(pk=owned.pk).update(requester=other)
    assert olga.get(f"/api/v1/tasks/{owned.pk}/artifacts/{row.pk}/").status_code == 404


DATA = bytes(range(256)) * 400


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=100-199", 100, 200), ("bytes=102300-", 102_300, 102_400), ("bytes=-5", 102_395, 102_400),
     ("bytes=5-999999", 5, 102_400)],
)  # fmt: skip
def test_a_part_of_a_file_is_served(
    olga: APIClient, owned: Task, keep_file: Any, asked: str, start: int, end: int
) -> None:
    row = keep_file(owned, data=DATA)
    answer = olga.get(f"/api/v1/tasks/{owned.pk}/artifacts/{row.pk}/", headers={"Range": asked})
    assert (answer.status_code, b"".join(answer.streaming_content)) == (206, DATA[start:end])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/102400"
    assert answer.headers["Content-Length"] == str(end - start)


@pytest.mark.parametrize("asked", ["bytes=102400-", "bytes=9-5", "bytes=-0"])
def test_a_part_that_lies_outside_is_refused(olga: APIClient, owned: Task, keep_file: Any, asked: str) -> None:
    row = keep_file(owned, data=DATA)
    answer = olga.get(f"/api/v1/tasks/{owned.pk}/artifacts/{row.pk}/", headers={"Range": asked})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, "bytes */102400")


@pytest.mark.parametrize("asked", [{"Range": "bytes=-"}, {"Range": "lines=1-2"}, {"Range": "bytes=1-2,4-5"},
                                   {"Range": "bytes=1-2", "If-Range": '"another"'}])  # fmt: skip
def test_what_is_no_range_gets_the_whole_file(olga: APIClient, owned: Task, keep_file: Any, asked: Any) -> None:
    row = keep_file(owned, data=DATA)
    answer = olga.get(f"/api/v1/tasks/{owned.pk}/artifacts/{row.pk}/", headers=asked)
    assert (answer.status_code, b"".join(answer.streaming_content)) == (200, DATA)


def test_a_file_that_was_changed_does_not_arrive_whole(
    olga: APIClient, owned: Task, keep_file: Any, tmp_path: Path
) -> None:
    row = keep_file(owned, data=DATA)
    (tmp_path / row.path).write_bytes(DATA[:-1] + b"!")
    answer = olga.get(f"/api/v1/tasks/{owned.pk}/artifacts/{row.pk}/")
    with pytest.raises(BlobUnreadable):
        b"".join(answer.streaming_content)


@pytest.mark.asyncio
async def test_an_asynchronous_server_gets_a_file_piece_by_piece() -> None:
    read: list[int] = []

    class Long:
        left = 3_000_000

        def read(self, most: int) -> bytes:
            size = min(most, self.left)
            self.left -= size
            read.append(size)
            return b"x" * size

        def close(self) -> None:
            pass

    answer = attachment(
        RequestFactory().get("/"), Long(), name="a", size=3_000_000, content_type="text/plain", sha256="0"
    )
    pieces = aiter(answer)
    first = await anext(pieces)
    assert (len(first), len(read)) == (read[0], 1), "the rest has not been read yet"
    assert len(first) + sum([len(piece) async for piece in pieces]) == 3_000_000
