"""Every store obeys the contract: whole or not at all, found again, removed for good, read piece by piece."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection, transaction

from apps.tasks import blobs, sql
from apps.tasks.blobs import BlobUnreadable, BlobUnwritable, database
from apps.tasks.models import BlobPiece
from apps.tasks.retention import pruning
from apps.tasks.retention.orphans import orphans
from tests import making

pytestmark = pytest.mark.django_db


class SiteStorage(FileSystemStorage):
    """As a site may name one: it gives another name to what is there already."""


class RenamingStorage(FileSystemStorage):
    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return f"{name}-renamed"


SITE = f"{__name__}.SiteStorage"


@pytest.fixture(params=["files", "database", SITE])
def chosen(request: pytest.FixtureRequest, settings, tmp_path, monkeypatch) -> Iterator[str]:
    settings.ARTIFACT_STORE = request.param
    settings.ARTIFACT_ROOT = tmp_path / "artifacts"
    settings.MEDIA_ROOT = str(tmp_path / "site")
    monkeypatch.setattr(database, "PIECE", 1000)
    blobs.store.cache_clear()
    yield request.param
    blobs.store.cache_clear()


def content(saved: blobs.Saved, size: int, most: int = 700) -> bytes:
    with blobs.open_checked(saved.path, size=size, sha256=saved.sha256) as file:
        return b"".join(iter(lambda: file.read(most), b""))


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 25_000])
def test_what_was_kept_comes_back(chosen, size):
    data = os.urandom(size)
    assert content(blobs.save("7/files/0-a", data), size) == data


def test_a_part_is_read_from_the_middle(chosen):
    data = bytes(range(256)) * 20
    saved = blobs.save("7/files/0-a", data)
    with blobs.open_checked(saved.path, size=len(data), sha256=saved.sha256) as file:
        file.seek(1990)
        pieces = [file.read(7) for _ in range(4)]
    assert data[1990:].startswith(b"".join(pieces))
    assert len(b"".join(pieces)) > 10


def test_the_same_content_is_kept_once_and_another_beside_it(chosen):
    first, again = blobs.save("7/files/0-a", b"one"), blobs.save("7/files/0-a", b"one")
    other = blobs.save("7/files/0-a", b"two")
    assert first == again != other
    assert [content(each, 3) for each in (first, other)] == [b"one", b"two"]


def test_a_file_that_is_gone_is_unreadable(chosen):
    with pytest.raises(BlobUnreadable, match="cannot be read"):
        blobs.open_checked("7/files/nowhere", size=1, sha256="")
    with pytest.raises(BlobUnreadable, match="cannot be read"):
        blobs.read(f"{blobs.TAG}00:7/results/0.json")


@pytest.mark.parametrize("path", ["../outside", "7/files", "/etc/passwd", "7/../../outside"])
def test_no_path_leads_out_of_the_store(chosen, path, tmp_path):
    blobs.save("7/files/0-a", b"one")
    (tmp_path / "outside").write_text("secret")
    with pytest.raises(BlobUnreadable):
        blobs.open_checked(path, size=6, sha256="")


def test_a_task_is_removed_with_all_of_its_files_and_no_others(chosen):
    mine = [blobs.save(f"7/{place}", os.urandom(2500)) for place in ("files/0-a", "files/1-b", "results/2", "page")]
    other = blobs.save("77/files/0-a", b"stays")
    for _ in range(2):
        blobs.remove_task(7)
    for saved in mine:
        with pytest.raises(BlobUnreadable):
            blobs.open_checked(saved.path, size=2500, sha256=saved.sha256)
    assert content(other, 5) == b"stays"


def test_files_of_tasks_that_have_no_row_are_found(chosen, alice):
    task = making.task("def run(params):\n    return 1\n", alice)
    blobs.save(f"{task.pk}/files/0-a", b"kept")
    for gone in (task.pk + 1, task.pk + 2):
        blobs.save(f"{gone}/files/0-a", b"left over")
    assert sorted(orphans()) == [task.pk + 1, task.pk + 2]
    assert len(orphans(most=1)) == 1
    for gone in orphans():
        blobs.remove_task(gone)
    assert orphans() == []


@pytest.mark.django_db(transaction=True)
def test_files_of_a_fork_whose_row_is_not_seen_yet_are_left_alone(chosen, alice, settings, monkeypatch):
    """A fork keeps files first, and its row is committed afterwards. The database commits both at once."""
    gone = making.task("def run(params):\n    return 1\n", alice).pk + 7
    blobs.save(f"{gone}/files/0-a", b"of a fork")
    is_seen_late = chosen != "database"
    assert list(orphans(idle_seconds=3600)) == ([] if is_seen_late else [gone])
    assert (pruning.remove_orphaned_files() == 0) is is_seen_late
    _age(settings, gone, 3700)
    assert list(orphans(idle_seconds=3600)) == ([gone] if is_seen_late else [])
    assert (pruning.remove_orphaned_files() == 1) is is_seen_late
    assert orphans() == []


def _age(settings, task_id: int, seconds: float) -> None:
    """As if what is kept of the task on disk had been written so much earlier."""
    for root in (settings.ARTIFACT_ROOT, Path(settings.MEDIA_ROOT)):
        for place in [root / str(task_id), *(root / str(task_id)).rglob("*")]:
            if place.exists():
                os.utime(place, (place.stat().st_mtime - seconds,) * 2)


def test_an_orphan_that_may_not_be_removed_holds_up_no_other(settings, tmp_path, monkeypatch):
    settings.ARTIFACT_STORE, settings.ARTIFACT_ROOT = "files", tmp_path / "artifacts"
    monkeypatch.setattr(pruning, "IDLE_SECONDS", 0.0)
    monkeypatch.setattr(pruning, "ROWS", 1)
    for number in (1, 2, 3):
        blobs.write(number, 0, "left over")
    remove = shutil.rmtree

    def refuse_one(path: Path) -> None:
        if path.name == "2":
            raise PermissionError(13, "Permission denied", str(path))
        remove(path)

    monkeypatch.setattr(shutil, "rmtree", refuse_one)
    assert pruning.remove_orphaned_files() == 2
    assert list(orphans()) == [2]


@pytest.mark.parametrize("harm", ["changed", "cut", "grown"])
def test_a_file_that_is_not_what_was_written_is_not_read_to_its_end(harm, settings, tmp_path):
    settings.ARTIFACT_ROOT = tmp_path
    data = b"x" * 5000
    saved = blobs.save("7/files/0-a", data)
    harmed = {"changed": data[:-1] + b"y", "cut": data[:-1], "grown": data + b"x"}[harm]
    (tmp_path / saved.path).write_bytes(harmed)
    with pytest.raises(BlobUnreadable, match="is not what was written"):
        content(saved, 5000)


def test_files_from_before_the_setting_was_changed_are_still_found(settings, tmp_path):
    settings.ARTIFACT_ROOT = tmp_path
    kept = {}
    for name in ("files", "database"):
        settings.ARTIFACT_STORE = name
        kept[name] = blobs.save(f"7/{name}", name.encode())
    for name in ("files", "database"):
        settings.ARTIFACT_STORE = name
        assert {content(saved, len(where)) for where, saved in kept.items()} == {b"files", b"database"}
    blobs.remove_task(7)
    assert (list(tmp_path.iterdir()), BlobPiece.objects.count()) == ([], 0)


def test_a_storage_that_gives_other_names_is_refused_in_words(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    settings.ARTIFACT_STORE = f"{__name__}.RenamingStorage"
    blobs.store.cache_clear()
    with pytest.raises(BlobUnwritable, match="keeps the names it is given"):
        blobs.save("7/files/0-a", b"one")
    blobs.store.cache_clear()


class AwayStorage(FileSystemStorage):
    """Of a service that cannot be reached while `is_away`: it raises an error of its own making."""

    is_away = True

    class Unreachable(Exception):
        """No class that anybody here knows."""

    def _or_raise(self, do, *given):
        if AwayStorage.is_away:
            raise self.Unreachable("connection reset by peer")
        return do(*given)

    def exists(self, name):
        return self._or_raise(super().exists, name)

    def _open(self, name, mode="rb"):
        return self._or_raise(super()._open, name, mode)

    def listdir(self, path):
        return self._or_raise(super().listdir, path)


@pytest.fixture
def away(settings, tmp_path, monkeypatch) -> Iterator[type[AwayStorage]]:
    settings.MEDIA_ROOT = str(tmp_path)
    settings.ARTIFACT_STORE = f"{__name__}.AwayStorage"
    monkeypatch.setattr(AwayStorage, "is_away", False)
    blobs.store.cache_clear()
    yield AwayStorage
    blobs.store.cache_clear()


def test_whatever_a_storage_raises_its_callers_know_it(away):
    saved = blobs.save("7/files/0-a", b"one")
    column = blobs.write(7, 0, "x" * 100)
    away.is_away = True

    with pytest.raises(BlobUnwritable, match=r"Unreachable: connection reset by peer.*then retry the task"):
        blobs.save("7/files/0-b", b"two")
    with pytest.raises(BlobUnreadable, match="ARTIFACT_STORE") as refused:
        content(saved, 3)
    assert refused.value.is_transient
    with pytest.raises(BlobUnreadable, match="just now") as refused:
        blobs.read(column)
    assert refused.value.is_transient
    assert [(task_id, type(error).__mro__[1]) for task_id, error in blobs.remove_tasks([7])] == [(7, OSError)]
    with pytest.raises(OSError, match="connection reset"):
        orphans()

    away.is_away = False
    assert content(saved, 3) == b"one"


def test_a_file_that_is_gone_is_no_matter_of_time(away):
    with pytest.raises(BlobUnreadable) as refused:
        blobs.open_checked("7/files/0-none", size=1, sha256="")
    assert not refused.value.is_transient


def test_a_storage_that_fails_while_it_is_read_is_told_as_that(away, monkeypatch):
    saved = blobs.save("7/files/0-a", b"one")
    with blobs.open_checked(saved.path, size=3, sha256=saved.sha256) as file:
        monkeypatch.setattr(file._file, "_file", SimpleNamespace(read=_unreachable, close=_unreachable))
        with pytest.raises(BlobUnreadable, match="just now"):
            file.read(3)


def _unreachable(*_):
    raise AwayStorage.Unreachable


# D1: no room


@contextmanager
def small_disk(at: Path) -> Iterator[None]:
    at.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(at)], capture_output=True)
    if done.returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", str(at)], check=True)


@pytest.fixture
def small(chosen, settings, tmp_path) -> Iterator[None]:
    """A store with room for some 40 KB."""
    if chosen == "database":
        with _refusing_database():
            yield
        return
    with small_disk(tmp_path / "disk"):
        settings.ARTIFACT_ROOT = tmp_path / "disk"
        settings.MEDIA_ROOT = str(tmp_path / "disk")
        blobs.store.cache_clear()
        yield


@contextmanager
def _refusing_database() -> Iterator[None]:
    """SQLite gets no more pages; PostgreSQL says by a trigger what it says when its disk is full."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("VACUUM")  # free pages of earlier tests would be room
            pages = cursor.execute("PRAGMA page_count").fetchone()[0]
            cursor.execute(f"PRAGMA max_page_count = {pages + 12}")
            yield
            cursor.execute("PRAGMA max_page_count = 1073741823")
            return
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN"
            " IF (SELECT coalesce(sum(length(data)), 0) FROM tasks_blobpiece) > 40000 THEN"
            " RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END IF;"
            " RETURN NEW; END $$ LANGUAGE plpgsql;"
            "CREATE TRIGGER full_disk BEFORE INSERT ON tasks_blobpiece FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
        yield
        cursor.execute("DROP TRIGGER full_disk ON tasks_blobpiece; DROP FUNCTION refuse()")


@pytest.mark.django_db(transaction=True)
def test_a_full_store_says_so_keeps_no_part_and_takes_it_once_there_is_room(small):
    kept = blobs.save("6/files/0-a", os.urandom(20_000))
    data = os.urandom(200_000)
    with pytest.raises(BlobUnwritable, match=r"A file of 200,000 bytes could not be kept \(.*\)\. Make room"):
        blobs.save("7/files/0-a", data)
    sha256 = hashlib.sha256(data).hexdigest()
    with pytest.raises(BlobUnreadable):
        blobs.open_checked(f"7/files/0-a-{sha256[:16]}", size=len(data), sha256=sha256)
    less = os.urandom(19_000)
    blobs.remove_task(6)
    saved = blobs.save("7/files/0-a", less)
    assert content(saved, 19_000) == less
    with pytest.raises(BlobUnreadable):
        content(kept, 20_000)


# The database


def test_a_database_that_goes_away_is_no_refusal(settings, monkeypatch):
    from django.db import OperationalError

    def gone(*_: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    settings.ARTIFACT_STORE = "database"
    monkeypatch.setattr(sql, "run", gone)
    monkeypatch.setattr(sql, "transaction", transaction.atomic)
    with pytest.raises(OperationalError):
        blobs.save("7/files/0-a", b"one")


def test_a_file_with_a_missing_piece_is_unreadable(settings, monkeypatch):
    settings.ARTIFACT_STORE = "database"
    monkeypatch.setattr(database, "PIECE", 1000)
    saved = blobs.save("7/files/0-a", bytes(3000))
    BlobPiece.objects.filter(path=saved.path, start=1000).delete()
    with pytest.raises(BlobUnreadable, match="A piece of it is missing"):
        content(saved, 3000)
    assert str(BlobPiece.objects.filter(path=saved.path).first()).endswith("from 0")
