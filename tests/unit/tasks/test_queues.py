"""What operators do to queues, and how queues stand."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core import clock
from apps.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from apps.tasks import lifecycle
from apps.tasks.claims import claiming
from apps.tasks.models import AuditEntry, Limit, Queue, Task
from apps.tasks.operators import bulk, queues
from apps.tasks.states import Status
from tests.unit.tasks.standing_at import standing, submitted
from tests.unit.tasks.test_bulk import copies

pytestmark = pytest.mark.django_db


@pytest.fixture
def karl(db: None) -> User:
    """Controls queues, and no tasks."""
    user = User.objects.create_user("karl", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="control_queue"))
    return user


def of(name: str, **more: object) -> queues.Standing:
    return next(each for each in queues.standing(clock.now(), **more) if each.name == name)


@pytest.mark.django_db(transaction=True)
def test_a_paused_queue_starts_nothing_until_it_is_resumed(template, alice, karl):
    task = submitted(template, alice)
    queues.pause("default", karl, "printer change")
    assert claiming.claim(["default"], worker="oak-1", cluster="oak") is None
    queues.resume("default", karl)
    claim = claiming.claim(["default"], worker="oak-1", cluster="oak")
    assert claim is not None and claim.lease.task_id == task.pk


def test_a_change_is_on_the_row_and_in_the_audit(karl):
    row = queues.pause("default", karl, "printer change")
    assert (row.is_paused, row.changed_by, row.reason) == (True, karl, "printer change")
    queues.resume("default", karl, "it prints")
    entries = AuditEntry.objects.filter(subject="queue:default").order_by("pk")
    assert [(each.verb, each.actor_name, each.reason) for each in entries] == [
        ("queue.paused", "karl", "printer change"),
        ("queue.resumed", "karl", "it prints"),
    ]
    assert entries[0].data == {
        "before": {"is_paused": False, "is_draining": False},
        "after": {"is_paused": True, "is_draining": False},
    }


def test_pausing_twice_names_who_did_it_since_when_and_why(alice, karl):
    with clock.frozen(clock.now().replace(hour=10, minute=12)):
        queues.pause("default", karl, "printer change")
        with pytest.raises(
            Conflict, match=r"Queue default is paused already, by karl since 10:12 \(“printer change”\)."
        ):
            queues.pause("default", alice, "mine")
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize(("verb", "said"), [(queues.resume, "is not paused"), (queues.reopen, "is not draining")])
def test_what_does_not_hold_cannot_be_ended(verb, said, alice):
    with pytest.raises(Conflict, match=said):
        verb("default", alice)
    assert not Queue.objects.exists(), "a refusal leaves no row"


def test_two_who_hold_a_queue_are_both_named_and_the_row_names_who_holds_its_tasks(alice, karl):
    queues.pause("default", karl, "printer change")
    queues.drain("default", alice, "moving to gis")
    row, seen = Queue.objects.get(), of("default")
    assert (row.reason, row.changed_by) == ("printer change", karl)
    assert (seen.paused.by, seen.paused.reason) == ("karl", "printer change")
    assert (seen.draining.by, seen.draining.reason) == ("alice", "moving to gis")
    queues.resume("default", karl)
    row.refresh_from_db()
    assert (row.reason, row.changed_by, row.is_draining) == ("moving to gis", alice, True)
    queues.reopen("default", alice, "stays")
    row.refresh_from_db()
    assert (row.reason, row.is_draining, of("default").draining) == ("stays", False, None)


@pytest.mark.parametrize("verb", [queues.pause, queues.resume, queues.drain, queues.reopen])
def test_a_queues_verbs_need_the_permission(verb, bob):
    with pytest.raises(NotPermitted):
        verb("default", bob, "why")
    assert not Queue.objects.exists() and not AuditEntry.objects.exists()


def test_a_misspelt_queue_is_refused_and_one_that_a_worker_serves_is_not(alice):
    with pytest.raises(NotFound, match=r"There is no queue 'defualt'. There are: default"):
        queues.pause("defualt", alice, "")
    assert queues.pause("gis", alice, "", served={"gis"}).is_paused


@pytest.mark.parametrize("reason", ["x" * 301, "a\0b"])
def test_a_reason_that_cannot_be_kept_is_refused(reason, alice):
    with pytest.raises(InvalidInput):
        queues.pause("default", alice, reason)


def test_a_draining_queue_takes_no_task_that_is_moved_to_it(template, alice):
    task = submitted(template, alice)
    queues.drain("gis", alice, "", served={"gis"})
    with pytest.raises(Conflict, match="Queue gis drains"):
        lifecycle.move_queue(task, alice, "gis")


def test_a_full_queue_takes_no_task_that_is_moved_to_it(template, alice):
    first, second = submitted(template, alice), submitted(template, alice)
    Queue.objects.create(name="gis", max_length=1)
    lifecycle.move_queue(first, alice, "gis")
    with pytest.raises(Conflict, match="Queue gis holds 1 tasks"):
        lifecycle.move_queue(second, alice, "gis")


def test_cleaning_cancels_what_has_waited_for_longer_whoever_asked(template, alice, karl):
    running = standing("running", template, alice)
    old, new, later = (submitted(template, alice) for _ in range(3))
    paused = standing("paused", template, alice)
    now = clock.now()
    Task.objects.filter(pk__in=[old.pk, running.task_id, paused.task_id]).update(available_at=now - timedelta(days=3))
    Task.objects.filter(pk=later.pk).update(available_at=now + timedelta(days=3))
    done = queues.clean("default", karl, "stale", timedelta(days=2))
    assert (done.status, done.done) == ("done", 1)
    old.refresh_from_db()
    assert (old.status, old.status_reason) == (Status.CANCELLED, "stale")
    assert AuditEntry.objects.get(verb="queue.cleaned").data == {
        "older_than": "2 d", "statuses": ["pending"], "bulk": done.pk,
    }  # fmt: skip
    queues.clean("default", karl, "all of it", None, statuses=[Status.PENDING, Status.PAUSED])
    left = Task.objects.exclude(status=Status.CANCELLED)
    assert list(left) == [running.task], "what a worker has begun goes on"
    assert {new.pk, later.pk, paused.task_id}.isdisjoint(left.values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("older_than", "statuses"), [(timedelta(), ["pending"]), (None, ["running"]), (None, ["failed"]), (None, ["x"])]
)
def test_cleaning_refuses_what_it_cannot_mean(older_than, statuses, alice):
    with pytest.raises(InvalidInput):
        queues.clean("default", alice, "", older_than, statuses)


def test_cleaning_needs_the_permission_to_control_queues(template, bob, alice):
    submitted(template, alice)
    with pytest.raises(NotPermitted):
        queues.clean("default", bob, "", None)
    with pytest.raises(NotPermitted):
        bulk.stop(queues.clean("default", alice, "", None), bob)


def test_a_queue_stands_with_its_counts_its_oldest_and_its_limits(template, alice):
    for place in ("completed", "failed", "running", "waiting", "paused", "blocked"):
        standing(place, template, alice)
    old, later = submitted(template, alice), submitted(template, alice)
    now = clock.now()
    Task.objects.filter(pk=old.pk).update(available_at=now - timedelta(seconds=90))
    Task.objects.filter(pk=later.pk).update(available_at=now + timedelta(hours=1))
    Limit.objects.create(scope="queue", queue="default", most=7)
    Queue.objects.create(name="default", max_length=100, max_age_seconds=60, description="Everything")
    with clock.frozen(now + timedelta(seconds=1)):
        seen = of("default", served={"default": 2, "gis": 1})
        assert of("gis", served={"default": 2, "gis": 1}).served_by == 1
    assert (seen.pending, seen.scheduled, seen.running, seen.waiting, seen.paused_tasks, seen.blocked) == (
        1, 1, 1, 1, 1, 1,
    )  # fmt: skip
    assert seen.oldest_seconds == pytest.approx(91, abs=1)
    assert (seen.max_length, seen.max_age_seconds, seen.most_running, seen.served_by) == (100, 60, 7, 2)
    assert seen.ended_per_minute == pytest.approx(2 / 5)
    assert seen.started_per_minute == pytest.approx(4 / 5)


def test_the_pace_of_a_busy_site_is_that_of_its_newest_attempts(template, alice, monkeypatch):
    from apps.tasks.operators.queues import figures

    monkeypatch.setattr(figures, "RATE_ATTEMPTS", 3)
    for _ in range(4):
        standing("completed", template, alice)
    now = clock.now()
    with clock.frozen(now + timedelta(seconds=30)):
        assert of("default").ended_per_minute > 3, "three within half a minute, not within five minutes"


def test_the_number_of_queries_does_not_grow_with_tasks_and_queues(template, alice):
    queues.pause("default", alice, "")
    with CaptureQueriesContext(connection) as few:
        queues.standing(clock.now())
    copies(submitted(template, alice), 40)
    for number in range(9):
        Task.objects.filter(title=f"Copy {number}").update(queue=f"q{number}")
        queues.drain(f"q{number}", alice, "")
    with CaptureQueriesContext(connection) as many:
        assert len(queues.standing(clock.now())) >= 10
    assert len(many) == len(few) <= 8


def test_only_the_named_ones_are_told(alice):
    assert [each.name for each in queues.standing(clock.now(), {"gis": 1}, ["gis"])] == ["gis"]
    assert queues.standing(clock.now(), {}, ["nothing"]) == []
