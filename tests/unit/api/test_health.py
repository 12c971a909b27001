"""Alive without a database; ready only with one that is migrated; degraded without workers."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from apps.api import health
from apps.core import clock
from apps.workers.models import Worker
from apps.workers.registry import roster


def test_live_asks_no_database(client: Any) -> None:
    answer = client.get("/healthz")  # without the django_db mark a query would fail
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert client.post("/healthz").status_code == 405


@pytest.mark.django_db
def test_ready_without_workers_is_degraded_and_serves(client: Any) -> None:
    answer = client.get("/readyz")
    checks = answer.json()["checks"]
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert {name: check["status"] for name, check in checks.items()} == {
        "database": "ok",
        "migrations": "ok",
        "workers": "degraded",
    }


@pytest.mark.django_db
def test_ready_with_a_worker_heard_of_is_ok_until_it_falls_silent(client: Any) -> None:
    roster.register(["default"])
    assert client.get("/readyz").json()["status"] == "ok"
    Worker.objects.update(heartbeat_at=clock.now() - timedelta(seconds=31))
    assert client.get("/readyz").json()["status"] == "degraded"


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_not_ready_and_tells_no_more(client: Any, monkeypatch: Any) -> None:
    def refuse(*_: Any) -> None:
        raise OperationalError("connection to server at db.internal failed: password authentication")

    monkeypatch.setattr(health, "_migrations", refuse)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "failed")
    assert b"internal" not in answer.content


@pytest.mark.django_db
def test_missing_migrations_are_not_ready_until_they_are_applied(client: Any, monkeypatch: Any) -> None:
    health._is_migrated.cache_clear()
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *_: ["one"])
    assert client.get("/readyz").status_code == 503
    monkeypatch.undo()
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="below SQLite the files' own system is asked")
def test_the_disk_below_postgresql_is_asked_for_a_megabyte(client: Any, monkeypatch: Any) -> None:
    """By a temporary file of its server; chaos/test_disk.py fills the disk itself."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL temp_file_limit = '900kB'")
        with pytest.raises(OperationalError, match="temporary file size exceeds"):
            health._is_full()
        cursor.execute("SET LOCAL temp_file_limit = '1500kB'")
        assert not health._is_full()
        monkeypatch.setattr(health, "DISK_FULL", "53400")  # what it says of the limit
        cursor.execute("SET LOCAL temp_file_limit = '900kB'")
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"]["message"] == "The database's disk is full. Make room on it."
