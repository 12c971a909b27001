"""D1: a disk of 16 MB that is full, below the files and below the database. Needs the right to mount one."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

from apps.tasks import lifecycle
from apps.tasks.states import Status
from apps.workers.running.slice import drain
from tests import making
from tests.chaos.sharing import FILE, Host

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


@contextmanager
def small_disk(at: Path) -> Iterator[Path]:
    at.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "none", str(at)], capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)
        at.rmdir()


@pytest.mark.django_db(transaction=True)
def test_a_task_whose_file_finds_no_room_fails_with_that_message_and_can_be_retried(settings, tmp_path, alice):
    settings.ARTIFACT_STORE = "files"
    with small_disk(tmp_path / "artifacts") as disk:
        settings.ARTIFACT_ROOT = disk
        ballast = disk / "ballast"
        with pytest.raises(OSError, match="No space"), ballast.open("wb") as file:
            shutil.copyfileobj(Path("/dev/zero").open("rb"), file)  # noqa: SIM115
        task = making.task(FILE, alice, {"n": 100}, retry={"max_attempts": 1, "delays": [1.0]})
        drain()
        task.refresh_from_db()
        assert task.status == Status.FAILED
        assert "could not be kept" in task.error["message"]
        assert "Make room" in task.error["message"]
        assert [path for path in disk.rglob("*") if path.is_file()] == [ballast], "no half of a file"

        ballast.unlink()
        lifecycle.retry_failed(task, alice)
        drain()
        task.refresh_from_db()
        assert task.status == Status.COMPLETED
        [made] = task.artifacts.all()
        assert (disk / made.path).stat().st_size == made.size


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the server's volume is the server's")
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
