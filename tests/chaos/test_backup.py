"""D3: a real backup, taken while tasks run, and restored elsewhere after the world has gone on."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from apps.tasks.models import Task
from tests import making
from tests.chaos.installation import ROOT, wait_for
from tests.chaos.rig import Forker, ask, end, sleep_through, test_database
from tests.chaos.storm.servers import binary

pytestmark = [pytest.mark.chaos, pytest.mark.long, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

TASKS, CALLS = 6, 15
SCRIPT = f"""\
import world

def run(params):
    total = 0
    for number in range({CALLS}):
        total += world.wait(number, 0.1)
    return total
"""
REASON = "restored from a backup: look at what it did since, then resume or cancel it"


class Restored:
    """Another home and another database, filled from the backup."""

    def __init__(self, home: Path, backup: Path) -> None:
        self.home = home
        if connection.vendor == "sqlite":
            self.url = f"sqlite:///{shutil.copy(backup, home / 'chantilly.sqlite3')}"
            return
        server, _, name = test_database().rpartition("/")
        self.name = f"{name}_restored"
        self._on_server(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        self._on_server(f'CREATE DATABASE "{self.name}"')
        self.url = f"{server}/{self.name}"
        subprocess.run([binary("pg_restore"), "--no-owner", "-d", _for_libpq(self.url), str(backup)], check=True)

    def destroy(self) -> None:
        if connection.vendor != "sqlite":
            self._on_server(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def manage(self, *arguments: str) -> str:
        settings = {"DJANGO_SETTINGS_MODULE": "tests.chaos.worker_settings", "CHANTILLY_HOME": str(self.home)}
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120,
            env={**os.environ, **settings, "DATABASE_URL": self.url},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        if connection.vendor == "sqlite":
            with closing(sqlite3.connect(self.home / "chantilly.sqlite3", timeout=20)) as restored:
                return restored.execute(statement).fetchall()
        with psycopg.connect(_for_libpq(self.url)) as restored:
            return restored.execute(statement).fetchall()

    def _on_server(self, statement: str) -> None:
        server = _for_libpq(test_database()).rpartition("/")[0]
        with psycopg.connect(f"{server}/postgres", autocommit=True) as on_server:
            on_server.execute(statement)


def _for_libpq(url: str) -> str:
    return url.replace(":@", "@")


def _back_up(to: Path) -> Path:
    """As docs/operators/backup.md says, while workers write."""
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(connection.settings_dict["NAME"])) as live, closing(sqlite3.connect(to)) as backup:
            live.backup(backup)
    else:
        subprocess.run([binary("pg_dump"), "-Fc", "-f", str(to), _for_libpq(test_database())], check=True)
    return to


@pytest.fixture
def restored(tmp_path: Path) -> Iterator[Any]:
    made: list[Restored] = []

    def restore(backup: Path) -> Restored:
        home = tmp_path / "south"
        home.mkdir()
        made.append(Restored(home, backup))
        return made[-1]

    yield restore
    for each in made:
        each.destroy()


def test_nothing_runs_twice_after_a_restore_until_somebody_has_looked(rig, alice, tmp_path, restored):
    key = making.template(SCRIPT, alice).key
    tasks = [ask(key, alice, n=n).pk for n in range(TASKS)]
    with rig.workers("north", "north-2"):
        wait_for("work", lambda: len(rig.effects(*tasks)) > CALLS)
        backup = _back_up(tmp_path / "backup")
        wait_for("the end of all", lambda: not Task.objects.open().exists(), seconds=90)
    assert len(rig.effects(*tasks)) == TASKS * CALLS

    south = restored(backup)
    open_then = dict(south.sql("SELECT id, status FROM tasks_task WHERE finished_at IS NULL"))
    recorded = dict(south.sql("SELECT task_id, steps FROM tasks_execution"))
    assert "running" in open_then.values(), "the backup was taken in the middle"
    said = south.manage("hold_restored")

    assert f"Paused {len(open_then)} open tasks" in said
    reasons = set(south.sql("SELECT status, status_reason FROM tasks_task WHERE finished_at IS NULL"))
    assert reasons == {("paused", REASON)}
    forker = Forker(tmp_path / "south", south.url)
    worker = forker.fork(host="south", lease=3.0, clock=0.0, settings={}, world=str(rig.world))
    try:
        _nothing_runs(rig, south, tasks)
        south.manage("tasks", "resume", "--status", "paused", "--yes")
        wait_for("the end of all", lambda: not _open(south), seconds=90)
    finally:
        end(worker)
        forker.close()
    _assert_only_what_was_not_on_record_came_again(rig, south, open_then, recorded)


def _nothing_runs(rig: Any, south: Restored, tasks: list[int]) -> None:
    there = "SELECT count(*) FROM workers_worker WHERE host = 'south' AND status = 'idle'"
    wait_for("a worker that looks for work", lambda: south.sql(there)[0][0] == 1, seconds=60)
    sleep_through(2.0)  # two looks at the table
    assert len(rig.effects(*tasks)) == TASKS * CALLS


def _open(south: Restored) -> bool:
    return bool(south.sql("SELECT count(*) FROM tasks_task WHERE finished_at IS NULL")[0][0])


def _assert_only_what_was_not_on_record_came_again(
    rig: Any, south: Restored, open_then: dict[int, str], recorded: dict[int, int]
) -> None:
    results = {json.loads(result) for (result,) in south.sql("SELECT result FROM tasks_task")}
    assert results == {sum(2 * number for number in range(CALLS))}
    for task in recorded:
        first, again = rig.effects(task)[:CALLS], rig.effects(task)[CALLS:]
        expected = first[recorded[task] :] if task in open_then else []
        assert again == expected, "each with the key that it had the first time"
