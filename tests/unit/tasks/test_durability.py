"""D4: what is acknowledged is on the disk: accepting, claiming and recording wait for it, on both databases."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from django.db import connection

from apps.workers.running.slice import drain
from config.settings import base
from tests import making

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = "import task\n\ndef run(params):\n    return task.new_id()\n"
WRITTEN = ("tasks_task", "tasks_event", "tasks_attempt", "tasks_execution", "tasks_step")
FULL = 2


@pytest.fixture
def witnessed() -> Iterator[None]:
    """A table that tells how each write was made. PostgreSQL only."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE witness (written text, synchronous text)")
        cursor.execute(
            "CREATE FUNCTION tell() RETURNS trigger AS $$ BEGIN"
            " INSERT INTO witness VALUES (TG_TABLE_NAME, current_setting('synchronous_commit')); RETURN NULL; END $$"
            " LANGUAGE plpgsql"
        )
        for table in WRITTEN:
            cursor.execute(
                f"CREATE TRIGGER told AFTER INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION tell()"
            )
    yield
    with connection.cursor() as cursor:
        for table in WRITTEN:
            cursor.execute(f"DROP TRIGGER told ON {table}")
        cursor.execute("DROP FUNCTION tell; DROP TABLE witness")


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one setting for all: the test below")
def test_accepting_claiming_and_recording_wait_for_the_disk(witnessed, alice):
    making.task(SCRIPT, alice)
    assert drain() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT written, synchronous FROM witness")
        told = set(cursor.fetchall())
    assert told == {(table, "on") for table in WRITTEN}


def test_sqlite_waits_for_the_disk_at_every_commit(tmp_path):
    with closing(sqlite3.connect(tmp_path / "made.sqlite3")) as made:
        made.executescript(base.SQLITE_OPTIONS["init_command"])
        assert made.execute("PRAGMA synchronous").fetchone() == (FULL,)
