"""T1, T6: timers of a host whose own clock is wrong, or jumps: nothing is parked for an hour, nothing begins early."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection

from apps.core import clock
from apps.tasks import dbclock, lifecycle
from apps.tasks.claims import claiming
from apps.tasks.models import Queue, Task
from apps.tasks.record.journal import Batch
from apps.tasks.states import Status
from apps.workers import sweep
from tests import making
from tests.unit.tasks.standing_at import BROKEN, HOUR, PASSING, claimed, running, submitted

pytestmark = pytest.mark.django_db

HELLO = "def run(params):\n    return 1\n"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def sample(alice: User) -> str:
    return making.template(HELLO, alice).key


@pytest.fixture(params=[1, -1, 24], ids=["an hour fast", "an hour slow", "a day fast"])
def wrong(request: pytest.FixtureRequest, sample: str, monkeypatch: pytest.MonkeyPatch) -> timedelta:
    """A process whose clock is wrong, as it comes to its database."""
    moved_by = timedelta(hours=request.param)
    monkeypatch.setattr(clock, "host", lambda: datetime.now(UTC) + moved_by)
    monkeypatch.setattr(clock, "_followed", None)
    monkeypatch.setattr(dbclock, "_asked_at", None)
    dbclock.follow_on_connecting(None, connection)
    return moved_by


def now() -> datetime:
    """As the database says."""
    return datetime.fromtimestamp(dbclock.now(), UTC)


def may_be_claimed() -> bool:
    return claiming.claim(["default"], worker="oak-1", cluster="oak") is not None


def swept(task: Task) -> str:
    sweep.sweep()
    task.refresh_from_db()
    return task.status


def test_what_may_start_now_starts_now(wrong, sample, alice):
    task = submitted(sample, alice)
    assert abs(task.available_at - now()) < MINUTE
    assert may_be_claimed()


def test_a_retry_comes_after_its_delay(wrong, sample, alice):
    at = running(sample, alice)
    lifecycle.fail(at.lease, PASSING, Batch())
    assert timedelta() < at.task.available_at - now() < MINUTE
    assert not may_be_claimed()


def test_a_person_who_retries_need_not_wait(wrong, sample, alice):
    at = running(sample, alice)
    lifecycle.fail(at.lease, BROKEN, Batch())
    lifecycle.retry_failed(at.task, alice)
    assert may_be_claimed()


@pytest.mark.parametrize(("until", "status"), [(MINUTE, Status.WAITING), (-MINUTE, Status.PENDING)])
def test_a_sleeper_wakes_when_its_time_has_come(wrong, sample, alice, until, status):
    at = running(sample, alice)
    lifecycle.suspend(at.lease, now() + until, "sleeps", Batch())
    assert swept(at.task) == status


@pytest.mark.parametrize(("until", "status"), [(MINUTE, Status.PENDING), (-MINUTE, Status.CANCELLED)])
def test_a_deadline_ends_what_is_late_and_nothing_else(wrong, sample, alice, until, status):
    task = submitted(sample, alice)
    Task.objects.filter(pk=task.pk).update(deadline=now() + until)
    assert swept(task) == status


@pytest.mark.parametrize(("age", "status"), [(20 * MINUTE, Status.PENDING), (40 * MINUTE, Status.CANCELLED)])
def test_a_queue_sheds_what_has_waited_too_long_and_nothing_else(wrong, sample, alice, age, status):
    Queue.objects.create(name="default", max_age_seconds=30 * 60)
    task = submitted(sample, alice)
    Task.objects.filter(pk=task.pk).update(available_at=now() - age)
    assert swept(task) == status


def test_a_start_that_was_set_for_later_is_neither_early_nor_parked(wrong, sample, alice):
    task = submitted(sample, alice, available_at=now() + HOUR / 2)
    assert not may_be_claimed()
    Task.objects.filter(pk=task.pk).update(available_at=now() - timedelta(seconds=1))
    assert may_be_claimed()


def test_a_debounce_window_has_its_length(wrong, alice):
    key = making.template(HELLO, alice, key="debounced", debounce_seconds=30).key
    task = submitted(key, alice)
    assert timedelta() < task.available_at - now() < MINUTE
    assert not may_be_claimed()


def test_a_clock_that_jumps_while_a_task_runs_changes_nothing(sample, alice, monkeypatch):
    monkeypatch.setattr(dbclock, "_asked_at", None)
    dbclock.follow()
    submitted(sample, alice)
    claim = claimed()
    monkeypatch.setattr(clock, "host", lambda: datetime.now(UTC) + HOUR)
    lifecycle.fail(claim.lease, PASSING, Batch())
    task = Task.objects.get(pk=claim.lease.task_id)
    assert timedelta() < task.available_at - now() < MINUTE


def test_the_database_is_asked_now_and_then_only(monkeypatch, db):
    asked = []
    monkeypatch.setattr(dbclock, "_asked_at", None)
    monkeypatch.setattr(dbclock, "now", lambda: asked.append(1) or datetime.now(UTC).timestamp())
    for _ in range(3):
        dbclock.follow()
    assert len(asked) == 1
    monkeypatch.setattr(dbclock, "_asked_at", clock.elapsed() - dbclock.FRESH_SECONDS)
    dbclock.follow()
    assert len(asked) == 2
