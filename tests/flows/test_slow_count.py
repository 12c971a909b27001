"""The template that operators interrupt. That interrupted tasks go on where they were is shown by tests/chaos."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from apps.catalog.management.commands.load_templates import SHIPPED
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Task
from apps.workers.running import slice as worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shipped(alice: User, settings: Any, tmp_path: Path) -> None:
    settings.WAKE_DIR, settings.ARTIFACT_ROOT = tmp_path / "wake", tmp_path / "artifacts"
    call_command("load_templates", str(SHIPPED), stdout=io.StringIO())


def stages(task: Task) -> list[str]:
    with task.artifacts.get().open() as file:
        header, *rows = csv.reader(io.StringIO(file.read(10_000).decode("utf-8-sig")))
    assert header == ["stage", "done at"]
    return [row[0] for row in rows]


def test_its_file_has_each_stage_once(shipped: None, alice: User) -> None:
    asked = Request(template="slow_count", parameters={"stages": 5, "seconds": 0.01}, origin="test")
    task = submit(asked, alice).task

    worker.drain()

    task.refresh_from_db()
    assert (task.status, task.returned["summary"]) == ("completed", "Counted to 5.")
    assert stages(task) == ["1", "2", "3", "4", "5"]
    assert {event.data["stage"] for event in task.events.filter(kind="task.stage_started")} == {
        stage["name"] for stage in task.revision.stages
    }


def test_a_rest_of_more_than_a_second_leaves_the_worker(shipped: None, alice: User) -> None:
    task = submit(Request(template="slow_count", parameters={"stages": 1, "seconds": 2}, origin="test"), alice).task
    worker.drain()
    task.refresh_from_db()
    assert task.status == "waiting"
