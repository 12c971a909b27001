"""Retention: what is over goes, in small pieces, and leaves a line and its share of the totals."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, connections

from apps.core import clock, codec
from apps.core.errors import Gone
from apps.tasks import blobs, lifecycle
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import (
    Attempt,
    AuditEntry,
    BulkAction,
    Event,
    Execution,
    Step,
    Task,
    TaskTotal,
    Tombstone,
)
from apps.tasks.operators import audit
from apps.tasks.record.journal import Batch, NewEvent
from apps.tasks.record.store import DatabaseStore
from apps.tasks.retention import chores, past, pruning
from apps.tasks.retention.orphans import orphans
from apps.tasks.retention.pruning import Choice
from tests import making
from tests.unit.tasks.standing_at import claimed, submitted

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    """Other tests leave files of tasks that no database knows."""
    settings.ARTIFACT_ROOT = tmp_path / "artifacts"


def ended(template: str, by: User, **fields: Any) -> Task:
    task = submitted(template, by, **fields)
    lease = claimed().lease
    assert lease.task_id == task.pk
    DatabaseStore().write(lease, Batch(events=[NewEvent(kind="task.logged", at=clock.now(), data={"lines": []})]))
    lifecycle.complete(lease, codec.encode(1), Batch())
    task.refresh_from_db()
    return task


def prune(**fields: Any) -> int:
    return sum(pruning.run(Choice(**{"now": clock.now() + 8 * DAY, **fields})))


def left(task: Task) -> int:
    models = (Event, Step, Attempt, Execution)
    return (
        sum(model.objects.filter(task_id=task.pk).count() for model in models) + Task.objects.filter(pk=task.pk).count()
    )


def test_a_task_whose_time_is_over_goes_with_all_that_belongs_to_it(template, alice):
    task = ended(template, alice)
    blobs.write(task.pk, 1, "a result")
    assert prune(now=clock.now() + 6 * DAY) == 0
    assert prune() == 1
    assert (left(task), list(orphans())) == (0, [])
    row = Tombstone.objects.get()
    assert (row.task_id, row.uid, row.status, row.is_cleared) == (task.pk, task.uid, "completed", True)
    assert row.reason == "its template keeps tasks for 7 days after their end"


def test_what_has_not_ended_stays_however_old_it_is(template, alice):
    submitted(template, alice)
    assert prune(now=clock.now() + 900 * DAY) == 0
    assert prune(now=clock.now() + 900 * DAY, older_than=DAY) == 0


def test_retention_of_none_means_at_the_next_sweep(alice):
    key = making.template("def run(params):\n    return 1\n", alice, key="brief", retention_days=0).key
    ended(key, alice)
    assert prune(now=clock.now()) == 1


def test_a_retried_task_is_no_longer_to_go(template, alice):
    submitted(template, alice)
    lifecycle.fail(claimed().lease, {"type": "E", "message": "no", "code": "script_error"}, Batch())
    task = Task.objects.get()
    assert task.delete_after is not None
    lifecycle.retry_failed(task, alice)
    assert prune() == 0


def test_a_person_may_remove_sooner_and_one_template_only(template, alice):
    ended(template, alice)
    other = making.template("def run(params):\n    return 1\n", alice, key="other").key
    kept = ended(other, alice)
    assert prune(now=clock.now() + 3 * DAY, older_than=2 * DAY, template=template) == 1
    assert list(Task.objects.all()) == [kept]


def test_totals_keep_what_the_tasks_added_up_to(template, alice):
    tasks = [ended(template, alice) for _ in range(3)]
    Execution.objects.filter(task__in=tasks).update(steps=5, model_tokens=7)
    lifecycle.cancel(submitted(template, alice), alice)
    prune()
    with_them = {total.status: (total.count, total.steps, total.model_tokens) for total in TaskTotal.objects.all()}
    assert with_them == {"completed": (3, 15, 21), "cancelled": (1, 0, 0)}
    ended(template, alice)
    prune()
    assert TaskTotal.objects.get(status="completed").count == 4
    worked = TaskTotal.objects.get(status="completed")
    assert 0 < worked.longest_seconds <= worked.seconds_worked


def test_a_key_is_free_again_when_its_task_has_gone(template, alice):
    ended(template, alice, idempotency_key="march")
    prune()
    assert submit(Request(template=template, origin="test", idempotency_key="march"), alice).is_new


def test_its_address_says_when_and_why_to_those_who_could_see_it(template, alice, bob, charlie):
    task = ended(template, alice)
    prune()
    for user in (alice, bob):
        error = past.missing(task.pk, user)
        assert isinstance(error, Gone) and "its template keeps tasks for 7 days" in error.message
    assert past.missing(task.pk, charlie).code == "not_found"
    assert past.missing(task.pk + 1, alice).code == "not_found"


def test_a_long_feed_goes_in_pieces(template, alice, monkeypatch):
    task = ended(template, alice)
    monkeypatch.setattr(pruning, "ROWS", 2)
    assert Event.objects.filter(task_id=task.pk).count() == 4
    lengths = []
    for _ in pruning.steps(Choice(now=clock.now() + 8 * DAY)):
        lengths.append(Event.objects.filter(task_id=task.pk).count())
    assert lengths == [4, 2, 0, 0]


def test_a_pruner_that_died_half_way_is_followed_by_one_that_goes_on(template, alice, monkeypatch):
    task = ended(template, alice)
    blobs.write(task.pk, 1, "a result")
    pruning.remove(Choice(now=clock.now() + 8 * DAY))  # and dies
    assert (Task.objects.count(), Event.objects.count(), list(orphans())) == (0, 4, [task.pk])
    assert prune(now=clock.now()) == 0
    assert (Event.objects.count(), list(orphans())) == (0, [])


def test_a_task_that_cannot_go_strands_no_other(template, alice, monkeypatch):
    stuck, other = ended(template, alice), ended(template, alice)
    of = pruning.totals.of

    def refuse(tasks: list[Task]) -> Any:
        if stuck in tasks:
            raise IntegrityError("something still refers to it")
        return of(tasks)

    monkeypatch.setattr(pruning.totals, "of", refuse)
    prune()
    assert list(Task.objects.all()) == [stuck]
    assert other.pk in Tombstone.objects.values_list("pk", flat=True)


def test_tombstones_go_when_their_own_time_is_over(template, alice, settings):
    ended(template, alice)
    prune()
    assert prune(now=clock.now() + 8 * DAY + settings.TOMBSTONE_DAYS * DAY) == 0
    assert Tombstone.objects.count() == 0


def test_audit_entries_and_ended_actions_go_when_their_time_is_over_in_small_batches(alice, settings, monkeypatch):
    monkeypatch.setattr(pruning, "ROWS", 2)
    old, now = clock.now() - (settings.AUDIT_DAYS + 1) * DAY, clock.now()
    with clock.frozen(old):
        for number in range(5):
            audit.record(alice, "queue.paused", f"queue:{number}")
    kept = audit.record(alice, "queue.resumed", "queue:0")
    given = {"verb": "pause", "by": alice, "newest_id": 1, "cursor": 1, "matched": 0, "created_at": old}
    runs = BulkAction.objects.create(**given)
    BulkAction.objects.create(**given, status="done", finished_at=old)
    ended_now = BulkAction.objects.create(**given, status="stopped", finished_at=now)

    assert list(pruning.steps(Choice(now=now))) == [0, 0, 0]

    assert list(AuditEntry.objects.all()) == [kept]
    assert set(BulkAction.objects.all()) == {runs, ended_now}


def test_one_turn_at_a_time(template, alice, monkeypatch):
    monkeypatch.setattr(pruning, "TURN_SECONDS", 60)
    ended(template, alice)
    Task.objects.update(delete_after=clock.now() - DAY)
    number = chores.take(pruning.CHORE, 30)
    assert number is not None
    assert pruning.turn() == 0
    chores.give_back(pruning.CHORE, number, 0)
    assert pruning.turn() == 1
    assert chores.take(pruning.CHORE, 30) is None  # not due before a minute has passed


def test_a_turn_given_back_late_takes_nothing_from_the_next(db):
    late = chores.take("sweeping", -1)
    assert late is not None and chores.take("sweeping", 30) is not None
    chores.give_back("sweeping", late, 0)
    assert chores.take("sweeping", 30) is None


@pytest.mark.django_db(transaction=True)
def test_two_pruners_at_once_count_each_task_once(template, alice):
    for _ in range(12):
        ended(template, alice)
    done: list[int] = []

    def go() -> None:
        try:
            done.append(prune())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (sum(done), TaskTotal.objects.get().count, Tombstone.objects.count()) == (12, 12, 12)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one write lock")
def test_a_task_that_somebody_holds_is_left_for_later(template, alice):
    from django.db import transaction

    task = ended(template, alice)
    removed: list[int] = []

    def go() -> None:
        removed.append(prune())
        connections.close_all()

    with transaction.atomic():
        Task.objects.select_for_update().get(pk=task.pk)
        thread = threading.Thread(target=go)
        thread.start()
        thread.join(30)
    assert (removed, prune()) == ([0], 1)
