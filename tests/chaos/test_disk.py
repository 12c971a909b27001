"""D1: a small disk that is full, below the files and below the database. Needs the right to mount one."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

from apps.tasks import lifecycle
from apps.tasks.states import Status
from apps.workers.running.slice import drain
from tests import making
from tests.chaos.installation import wait_for
from tests.chaos.rig import sleep_through
from tests.chaos.sharing import FILE, Host
from tests.chaos.storm.servers import Postgres

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

FULL_VOLUME = """
import contextlib, os
from django.db import OperationalError
from django.test import Client

def ready():
    return Client(HTTP_HOST="localhost").get("/readyz").status_code

def taken(n):
    try:
        return bool(ask("quick_default", n).pk)
    except OperationalError as error:
        return str(error)

before = [ready(), taken(1), Task.objects.count()]
ballast = open({ballast!r}, "wb", buffering=0)
with contextlib.suppress(OSError):
    while True:
        ballast.write(bytes(4096))
refused = next((said for said in (taken(n) for n in range(2, 500)) if said is not True), "never")
full = [ready(), refused, taken(500), Task.objects.filter(parameters__n=500).count()]
ballast.close()
os.unlink({ballast!r})
print(json.dumps([before, full, [ready(), taken(501)]]))
"""


REFUSED = """
from django.db import DatabaseError, connections
from django.test import Client

said, accepted = "", []
for n in range(20_000):
    try:
        accepted.append(ask("quick_default", n).pk)
    except DatabaseError as error:
        said = str(error)
        break
ready = Client(HTTP_HOST="localhost").get("/readyz")
print(json.dumps([accepted, said, ready.status_code, ready.json()["checks"]["database"]["message"]]))
"""
READY = """
from django.test import Client
print(Client(HTTP_HOST="localhost").get("/readyz").status_code)
"""
LENGTH = 60
FULL_SECONDS = 10.0


@contextmanager
def small_disk(at: Path, megabytes: int = 16) -> Iterator[Path]:
    at.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(at)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no right to mount a small disk here: only root has it, and not in every container")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)
        at.rmdir()


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Not a byte is free, until the end of the block."""
    ballast = disk / "ballast"
    zeros = Path("/dev/zero")
    with zeros.open("rb") as zero, pytest.raises(OSError, match="No space"), ballast.open("wb") as file:
        shutil.copyfileobj(zero, file)
    try:
        yield
    finally:
        ballast.unlink()


@pytest.mark.django_db(transaction=True)
def test_a_task_whose_file_finds_no_room_fails_with_that_message_and_can_be_retried(settings, tmp_path, alice):
    settings.ARTIFACT_STORE = "files"
    with small_disk(tmp_path / "artifacts") as disk:
        settings.ARTIFACT_ROOT = disk
        task = making.task(FILE, alice, {"n": 100}, retry={"max_attempts": 1, "delays": [1.0]})
        with full(disk):
            drain()
            task.refresh_from_db()
            assert task.status == Status.FAILED
            assert "could not be kept" in task.error["message"]
            assert "Make room" in task.error["message"]
            assert [path.name for path in disk.rglob("*") if path.is_file()] == ["ballast"], "no half of a file"

        lifecycle.retry_failed(task, alice)
        drain()
        task.refresh_from_db()
        assert task.status == Status.COMPLETED
        [made] = task.artifacts.all()
        assert (disk / made.path).stat().st_size == made.size


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has a disk and a test of its own, below")
def test_with_a_full_database_nothing_is_acknowledged_and_the_site_is_not_ready():
    host = Host("north")
    with small_disk(host.home):
        try:
            host.create()
            host.create_templates("default")
            before, full, after = host.python(FULL_VOLUME.format(ballast=str(host.home / "ballast")))
        finally:
            host.destroy()
    assert before == [200, True, 1]
    assert full == [503, "database or disk is full", "database or disk is full", 0]
    assert after == [200, True]


@pytest.fixture
def volume() -> Iterator[tuple[Path, Postgres]]:
    """A PostgreSQL whose data lie on a small disk of their own."""
    place = Path(tempfile.mkdtemp(prefix="ch-pg-", dir="/tmp"))
    place.chmod(0o755)
    with small_disk(place / "disk", megabytes=192) as disk:
        server = Postgres(disk)
        try:
            server.create()
            yield disk, server
        finally:
            server.bury()
    place.rmdir()


@pytest.mark.long
@pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="SQLite has a test of its own, above"
)
def test_work_goes_on_once_there_is_room_again_on_postgresql_s_volume(volume: tuple[Path, Postgres]):
    """Nothing is acknowledged that is not kept, the site is not ready, and no task pays for the full disk."""
    disk, server = volume
    host = Host("north", url=server.url, REDIS_URL="")
    try:
        host.manage("migrate", "--verbosity", "0")
        host.create_templates("default")
        host.up()
        tasks = host.ask("chain_default", LENGTH, times=4)
        wait_for("a few steps", lambda: host.effect_count() > 5, seconds=60)
        with full(disk):
            accepted, said, status, told = host.python(REFUSED)
            sleep_through(FULL_SECONDS)
            stopped = not server.pid
        if stopped:  # it ends itself where its log of changes finds no room; whoever made room starts it again
            server.start()
        print(f"{len(accepted)} accepted, then: {said!r}; server {'stopped' if stopped else 'ran on'}")
        assert "No space left on device" in said
        assert (status, told) == (503, "The database's disk is full. Make room on it.")

        wait_for("the end of all", lambda: host.are_completed(tasks + accepted), seconds=90)

        assert host.python(READY) == 200
        assert len(host.sql("SELECT id FROM tasks_task")) == len(tasks + accepted), "no other was kept"
        for task in tasks:
            assert sorted(set(host.effects(task))) == list(range(LENGTH))
        assert host.sql("SELECT count(*) FROM tasks_execution WHERE worker <> ''") == [(0,)]
    finally:
        host.destroy()
