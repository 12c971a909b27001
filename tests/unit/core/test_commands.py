"""What commands say of a database that is not ready."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import load_command_class
from django.db import DatabaseError

from apps.core.commands import DataCommand


@pytest.mark.parametrize("command", ["tasks", "ask hello", "submit hello", "load_templates", "make_demo"])
def test_a_command_on_an_empty_database_says_in_one_line_to_migrate(command: str, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "CHANTILLY_HOME": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3",
        "DJANGO_SETTINGS_MODULE": "config.settings.development",
    }
    ended = subprocess.run(
        [sys.executable, "manage.py", *command.split()],
        env=environment,
        cwd=settings.BASE_DIR,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 1
    [said] = ended.stderr.splitlines()
    assert said.endswith("Else run: python manage.py migrate")


@pytest.mark.django_db
def test_another_error_of_the_database_keeps_its_trace() -> None:
    class Broken(DataCommand):
        def handle(self, *args: Any, **options: Any) -> None:
            raise DatabaseError("the disk is full")

    with pytest.raises(DatabaseError, match="the disk is full"):
        Broken().execute(no_color=True, force_color=False, skip_checks=True)


@pytest.mark.parametrize("command", ["up", "prepare", "memory"])
def test_the_help_of_a_command_ends_with_examples_line_by_line(command: str) -> None:
    shown = load_command_class("apps.workers", command).create_parser("manage.py", command).format_help()
    assert f"\nexamples:\n  manage.py {command} " in shown
