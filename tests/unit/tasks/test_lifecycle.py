"""Every verb at every status: it moves as TRANSITIONS says, with one event, or it changes nothing at all."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connections, transaction

from apps.core import clock
from apps.core.errors import Conflict, NotPermitted
from apps.tasks import lifecycle, news
from apps.tasks.claims import claiming
from apps.tasks.models import Attempt, Checkpoint, Event, Execution, Step, Task
from apps.tasks.record import checkpoints, feed
from apps.tasks.record.journal import Batch, Lease, LeaseLost, NewCheckpoint, NewEvent, NewStep, Progress
from apps.tasks.record.store import DatabaseStore
from apps.tasks.states import FINAL, TRANSITIONS, Status
from tests import making
from tests.unit.tasks.standing_at import BROKEN, HOUR, PASSING, Standing, claimed, running, standing, submitted

pytestmark = pytest.mark.django_db

PLACES = [*Status.values, "paused from waiting", "paused from blocked"]
Verb = Callable[[Standing, User], Any]

WORKERS_VERBS: dict[str, tuple[Verb, Status, str]] = {
    "complete": (lambda at, by: lifecycle.complete(at.lease, "1", Batch()), Status.COMPLETED, "task.completed"),
    "fail": (lambda at, by: lifecycle.fail(at.lease, BROKEN, Batch()), Status.FAILED, "task.failed"),
    "fail for now": (lambda at, by: lifecycle.fail(at.lease, PASSING, Batch()), Status.PENDING, "task.retry_scheduled"),
    "suspend": (
        lambda at, by: lifecycle.suspend(at.lease, clock.now() + HOUR, "waits", Batch()),
        Status.WAITING,
        "task.suspended",
    ),
    "stop_paused": (lambda at, by: lifecycle.stop_paused(at.lease, "off", Batch()), Status.PAUSED, "task.paused"),
    "stop_asked": (lambda at, by: lifecycle.stop_asked(at.lease, "heard", Batch()), Status.PENDING, "task.released"),
    "stop_cancelled": (
        lambda at, by: lifecycle.stop_cancelled(at.lease, "asked", Batch()),
        Status.CANCELLED,
        "task.cancelled",
    ),
    "release": (lambda at, by: lifecycle.release(at.lease, "drains", Batch()), Status.PENDING, "task.released"),
}

Table = dict[str, tuple[str, str]]
"""By place: the status afterwards and the event's kind."""
NOT_FINAL = [place for place in PLACES if place not in FINAL]

TABLE: dict[str, tuple[Verb, Table]] = {
    **{name: (verb, {"running": (status, kind)}) for name, (verb, status, kind) in WORKERS_VERBS.items()},
    "claim": (
        lambda at, by: claiming.claim(["default"], worker="oak-1", cluster="oak") or _refused(),
        {"pending": ("running", "task.claimed")},
    ),
    "rescue": (
        lambda at, by: lifecycle.rescue(at.task_id, at.lease.token, "died", is_proved=True) or _refused(),
        {"running": ("pending", "task.rescued")},
    ),
    "pause": (
        lambda at, by: lifecycle.pause(at.task, by, "later"),
        {
            "blocked": ("paused", "task.paused"),
            "pending": ("paused", "task.paused"),
            "waiting": ("paused", "task.paused"),
            "running": ("running", "task.pause_requested"),
        },
    ),
    "cancel": (
        lambda at, by: lifecycle.cancel(at.task, by, "not needed"),
        {
            **dict.fromkeys(NOT_FINAL, ("cancelled", "task.cancelled")),
            "running": ("running", "task.cancel_requested"),
        },
    ),
    "resume": (
        lambda at, by: lifecycle.resume(at.task, by),
        {
            "paused": ("pending", "task.resumed"),
            "paused from waiting": ("waiting", "task.resumed"),
            "paused from blocked": ("blocked", "task.resumed"),
        },
    ),
    "retry_failed": (lambda at, by: lifecycle.retry_failed(at.task, by), {"failed": ("pending", "task.retried")}),
    "wake": (lambda at, by: lifecycle.wake(at.task_id) or _refused(), {"waiting": ("pending", "task.woken")}),
    "expire": (
        lambda at, by: lifecycle.expire(at.task_id) or _refused(),
        {
            **dict.fromkeys(NOT_FINAL, ("cancelled", "task.cancelled")),
            "running": ("running", "task.expire_requested"),
        },
    ),
}
NO_VERB_YET = {(Status.BLOCKED, Status.PENDING), (Status.PENDING, Status.FAILED)}
"""Legal moves that only graphs of tasks make."""


class Refused(Exception):
    """The verb answered None or False: another was first, or there is nothing to do."""


def _refused() -> None:
    raise Refused


def everything(task_id: int) -> list[Any]:
    """All rows of a task, as they are."""
    return [
        list(Task.objects.filter(pk=task_id).values()),
        list(Execution.objects.filter(pk=task_id).values()),
        *(list(model.objects.filter(task_id=task_id).order_by("pk").values()) for model in (Attempt, Event, Step)),
        list(Checkpoint.objects.filter(task_id=task_id).order_by("pk").values("index", "generation")),
    ]


@pytest.mark.parametrize("name", TABLE)
def test_a_verb_moves_as_the_table_says_or_changes_nothing(name, template, alice):
    verb, table = TABLE[name]
    for place in PLACES:
        _a_verb_at(name, verb, table.get(place), place, template, alice)
        lifecycle_end(alice)


def _a_verb_at(name: str, verb: Verb, expected: tuple[str, str] | None, place: str, template: str, alice: User) -> None:
    now = clock.now()
    at = standing(place, template, alice, deadline=now + HOUR)
    before, events = everything(at.task_id), Event.objects.filter(task_id=at.task_id).count()
    later = now + 2 * HOUR if name in ("wake", "expire") else now + timedelta(seconds=1)
    with clock.frozen(later):
        if expected is None:
            with transaction.atomic(), pytest.raises((Conflict, LeaseLost, Refused)):
                verb(at, alice)
            assert everything(at.task_id) == before, f"{name} at {place} changed something"
            return
        verb(at, alice)
    task, entries = at.task, feed.read(at.task_id)
    assert (task.status, entries[-1].kind) == expected, f"{name} at {place}"
    assert len(entries) == events + 1, f"{name} at {place}: one event"
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1)), f"{name} at {place}: no gap"
    assert task.execution.seq == len(entries)
    assert (task.finished_at is not None) == (task.status in FINAL)
    assert task.updated_at > before[0][0]["updated_at"] or task.status == place


def lifecycle_end(by: User) -> None:
    """End what is open, so that the next claim finds its own task."""
    for task in Task.objects.open():
        Task.objects.filter(pk=task.pk).update(status=Status.CANCELLED, finished_at=clock.now(), paused_from="")
        Attempt.objects.filter(task=task, outcome="running").update(outcome="crashed", ended_at=clock.now())


def test_the_verbs_make_every_legal_move_and_no_other():
    made = {
        (Status(place.partition(" ")[0]), Status(status))
        for _, table in TABLE.values()
        for place, (status, _) in table.items()
        if place.partition(" ")[0] != status
    }
    legal = {(before, after) for before, afters in TRANSITIONS.items() for after in afters}
    waits_for_its_control = {(Status.RUNNING, Status.CANCELLED), (Status.RUNNING, Status.PAUSED)}
    assert made | waits_for_its_control | NO_VERB_YET == legal


def batch() -> Batch:
    """Something of everything that a worker writes."""
    now = clock.now()
    step = NewStep(
        index=7, name="sink.put", call_class="effect", digest=b"d", arguments="{}", succeeded=True, result="1",
        line=1, started_at=now, seconds=0.1,
    )  # fmt: skip
    return Batch(
        steps=[step],
        events=[NewEvent(kind="task.logged", at=now, data={"lines": []})],
        checkpoint=NewCheckpoint(index=7, line=1, interpreter="x", dump=b"dump", created_at=now),
        progress=Progress(percent=99, stage="late", message=""),
        counts={"warnings": 3},
    )


STALE_WRITES: dict[str, Callable[[Lease], Any]] = {
    "complete": lambda lease: lifecycle.complete(lease, "1", batch()),
    "fail": lambda lease: lifecycle.fail(lease, BROKEN, batch()),
    "fail for now": lambda lease: lifecycle.fail(lease, PASSING, batch()),
    "suspend": lambda lease: lifecycle.suspend(lease, clock.now(), "waits", batch()),
    "stop_paused": lambda lease: lifecycle.stop_paused(lease, "off", batch()),
    "stop_asked": lambda lease: lifecycle.stop_asked(lease, "heard", batch()),
    "stop_cancelled": lambda lease: lifecycle.stop_cancelled(lease, "asked", batch()),
    "release": lambda lease: lifecycle.release(lease, "drains", batch()),
    "complete, with nothing left to write": lambda lease: lifecycle.complete(lease, "1", Batch()),
    "fail, with nothing left to write": lambda lease: lifecycle.fail(lease, BROKEN, Batch()),
    "note": lambda lease: lifecycle.note(lease, "task.logged", {}),
    "write a step": lambda lease: DatabaseStore().write(lease, Batch(steps=batch().steps)),
    "write everything": lambda lease: DatabaseStore().write(lease, batch()),
    "beat": lambda lease: DatabaseStore().write(lease, Batch()),
    "rescue": lambda lease: lifecycle.rescue(lease.task_id, lease.token, "died", is_proved=True) or _lost(),
}


def _lost() -> None:
    raise LeaseLost("rescue answered False")


@pytest.mark.parametrize("name", STALE_WRITES)
@pytest.mark.parametrize("now_held", [True, False], ids=["another attempt runs", "it waits for a worker"])
def test_a_stale_lease_writes_nothing(name, now_held, template, alice):
    at = running(template, alice)
    assert lifecycle.rescue(at.task_id, at.lease.token, "died", is_proved=True)
    if now_held:
        claimed(worker="oak-1")
    before = everything(at.task_id)

    with pytest.raises(LeaseLost), transaction.atomic():
        STALE_WRITES[name](at.lease)

    assert everything(at.task_id) == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", [name for name in STALE_WRITES if name != "rescue"])
def test_a_write_that_waited_while_its_lease_was_lost_writes_nothing(name, alice):
    """Rescued and claimed by another in one commit, for which the stale write waited: it must not see half of that."""
    at = running(making.template("def run(params):\n    return 1\n", alice).key, alice)
    raised: list[BaseException] = []
    begun = threading.Event()

    def write() -> None:
        begun.set()
        try:
            STALE_WRITES[name](at.lease)
        except BaseException as error:
            raised.append(error)
        finally:
            connections.close_all()

    with transaction.atomic():
        assert lifecycle.rescue(at.task_id, at.lease.token, "died", is_proved=True)
        claimed(worker="oak-1")
        before = everything(at.task_id)
        thread = threading.Thread(target=write)
        thread.start()
        begun.wait(10)
        time.sleep(0.2)  # it runs into our locks; if it is late, it meets the stale lease all the same
    thread.join(30)
    assert [type(error) for error in raised] == [LeaseLost]
    assert everything(at.task_id) == before


@pytest.mark.parametrize("status", sorted(FINAL))
def test_the_database_refuses_a_final_task_without_its_end(status, template, alice):
    at = running(template, alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.filter(pk=at.task_id).update(status=status)


def test_two_live_attempts_of_one_task_are_refused_by_the_database(template, alice):
    at = running(template, alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Attempt.objects.create(
            task_id=at.task_id, number=2, lease_token=9, worker="x", cluster="x", started_at=clock.now()
        )


PERSONS_VERBS = {
    "pause": ("pending", lifecycle.pause),
    "cancel": ("pending", lifecycle.cancel),
    "resume": ("paused", lifecycle.resume),
    "retry_failed": ("failed", lifecycle.retry_failed),
}


@pytest.mark.parametrize("name", PERSONS_VERBS)
def test_who_may_only_look_moves_nothing(name, template, alice, bob, charlie):
    place, verb = PERSONS_VERBS[name]
    at = standing(place, template, alice)
    before = everything(at.task_id)
    for person in (bob, charlie):
        with pytest.raises(NotPermitted):
            verb(at.task, person)
    assert everything(at.task_id) == before


@pytest.mark.parametrize("name", PERSONS_VERBS)
def test_the_requester_moves_their_own_task_and_the_event_names_them(name, template, alice, charlie):
    place, verb = PERSONS_VERBS[name]
    at = standing(place, template, alice)
    Task.objects.filter(pk=at.task_id).update(requester=charlie)
    verb(at.task, charlie)
    assert feed.newest(at.task_id, 1)[0].actor == "charlie"


def test_a_disabled_requester_moves_nothing(template, alice):
    at = standing("pending", template, alice)
    alice.is_active = False
    with pytest.raises(NotPermitted):
        lifecycle.cancel(at.task, alice)


def test_a_paused_timer_that_ran_out_meanwhile_resumes_to_pending(template, alice):
    at = standing("paused from waiting", template, alice)
    with clock.frozen(clock.now() + 2 * HOUR):
        assert lifecycle.resume(at.task, alice).status == Status.PENDING


def test_a_task_wakes_no_earlier_than_its_moment(template, alice):
    at = standing("waiting", template, alice)
    assert lifecycle.wake(at.task_id) is False
    assert at.task.status == Status.WAITING


@pytest.mark.parametrize("end", ["suspend", "release", "fail for now"])
@pytest.mark.parametrize(
    ("asked", "status", "kind"),
    [(lifecycle.cancel, "cancelled", "task.cancelled"), (lifecycle.pause, "paused", "task.paused")],
)
def test_what_was_asked_while_the_attempt_ended_otherwise_is_obeyed(end, asked, status, kind, template, alice):
    at = running(template, alice)
    asked(at.task, alice, "stop it")

    WORKERS_VERBS[end][0](at, alice)

    task, last = at.task, feed.newest(at.task_id, 1)[0]
    assert (task.status, last.kind, task.status_reason) == (status, kind, "stop it")
    assert last.data["by"] == "alice"


def test_a_pause_that_overtook_falling_asleep_returns_to_the_wait(template, alice):
    at = running(template, alice)
    lifecycle.pause(at.task, alice)
    lifecycle.suspend(at.lease, clock.now() + HOUR, "sleeps", Batch())
    assert lifecycle.resume(at.task, alice).status == Status.WAITING


def test_a_pause_taken_back_before_it_was_obeyed_lets_the_task_go_on(template, alice):
    at = running(template, alice)
    lifecycle.pause(at.task, alice)
    lifecycle.resume(at.task, alice)
    lifecycle.stop_asked(at.lease, "stopped at line 3", Batch())
    assert at.task.status == Status.PENDING


def test_a_pause_does_not_take_a_cancel_back(template, alice):
    at = running(template, alice)
    lifecycle.cancel(at.task, alice)
    with pytest.raises(Conflict, match="being cancelled"):
        lifecycle.pause(at.task, alice)
    assert at.task.execution.control == "cancel"


def test_a_cancelled_task_whose_worker_died_is_cancelled_not_run_again(template, alice):
    at = running(template, alice)
    lifecycle.cancel(at.task, alice, "wrong year")
    assert lifecycle.rescue(at.task_id, at.lease.token, "worker elm-1 died", is_proved=True)
    assert (at.task.status, at.task.status_reason) == (Status.CANCELLED, "wrong year")
    assert at.task.attempts.get().outcome == "crashed"


def test_a_paused_task_whose_worker_died_is_paused(template, alice):
    at = running(template, alice)
    lifecycle.pause(at.task, alice)
    assert lifecycle.rescue(at.task_id, at.lease.token, "worker elm-1 died", is_proved=True)
    assert (at.task.status, at.task.paused_from) == (Status.PAUSED, "pending")


def test_a_task_that_keeps_killing_its_worker_becomes_a_dead_letter(template, alice, settings):
    at = running(template, alice)
    lease = at.lease
    for crash in range(1, settings.TASK_CRASH_LIMIT + 1):
        assert lifecycle.rescue(at.task_id, lease.token, "worker elm-1 died", is_proved=True)
        assert at.task.crashes == crash
        if crash < settings.TASK_CRASH_LIMIT:
            with clock.frozen(max(clock.now(), at.task.available_at)):
                lease = claimed().lease
    task = at.task
    assert (task.status, task.is_dead_letter, task.error["code"]) == (Status.FAILED, True, "crash_limit")
    assert claiming.claim(["default"], worker="x", cluster="x") is None

    lifecycle.retry_failed(task, alice)
    assert (at.task.status, at.task.crashes, at.task.is_dead_letter) == (Status.PENDING, 0, False)


def test_the_first_rescue_is_immediate_and_the_second_in_a_row_waits_and_says_so(template, alice):
    at = running(template, alice)
    now = clock.now()
    with clock.frozen(now):
        lifecycle.rescue(at.task_id, at.lease.token, "worker elm-1 died", is_proved=True)
        assert at.task.available_at <= now
        lifecycle.rescue(at.task_id, claimed().lease.token, "worker elm-1 died", is_proved=True)
        assert now < at.task.available_at <= now + timedelta(seconds=1)
        assert claiming.claim(["default"], worker="x", cluster="x") is None
    said = "worker elm-1 died; the worker died 2 times in a row, attempt 3 of 5 in "
    assert at.task.status_reason.startswith(said)
    assert feed.newest(at.task_id)[-1].data["reason"].startswith(said)


def test_a_failure_that_names_a_time_is_not_tried_before_it(template, alice):
    at = running(template, alice)
    now = clock.now()
    with clock.frozen(now):
        lifecycle.fail(at.lease, {**PASSING, "code": "rate_limited", "retry_after": 30.0}, Batch())
    assert now + timedelta(seconds=30) < at.task.available_at <= now + timedelta(seconds=31)
    event = feed.newest(at.task_id)[-1]
    assert event.data["why"] == "attempt 2 of 3, after the 30 s that it was asked to wait"
    assert 30 < event.data["delay"] <= 31


def test_a_template_may_never_retry_a_kind_of_error(alice):
    key = making.template(
        "def run(params):\n    return 1\n", alice, key="strict", retry={"errors": {"OSError": "never"}}
    ).key
    at = running(key, alice)
    lifecycle.fail(at.lease, PASSING, Batch())
    assert (at.task.status, at.task.is_dead_letter) == (Status.FAILED, False)
    assert at.task.error["why"] == "its template never retries OSError"


def test_crashes_with_progress_between_them_are_not_counted_in_a_row(template, alice, settings):
    at = running(template, alice)
    lease = at.lease
    for index in range(settings.TASK_CRASH_LIMIT + 2):
        step = batch().steps[0]
        DatabaseStore().write(lease, Batch(steps=[_at(step, index)]))
        assert lifecycle.rescue(at.task_id, lease.token, "died", is_proved=True)
        lease = claimed().lease
    assert at.task.crashes == 0


def test_an_attempt_with_an_outcome_ends_a_row_of_crashes(template, alice):
    at = running(template, alice)
    lifecycle.rescue(at.task_id, at.lease.token, "died", is_proved=True)
    assert at.task.crashes == 1
    lifecycle.release(claimed().lease, "drains", Batch())
    assert at.task.crashes == 0


def _at(step: NewStep, index: int) -> NewStep:
    values = {name: getattr(step, name) for name in NewStep.__dataclass_fields__}
    return NewStep(**{**values, "index": index})


def test_transient_failures_are_retried_with_the_policys_delays_and_then_dead(alice):
    key = making.template(
        "def run(params):\n    return 1\n",
        alice,
        key="retried",
        retry={"max_attempts": 3, "delays": [5.0, 50.0], "jitter": "none"},
    ).key
    at = running(key, alice)
    now, lease = clock.now(), at.lease
    for failures, delay in ((1, 5), (2, 50)):
        with clock.frozen(now):
            lifecycle.fail(lease, PASSING, Batch())
            assert at.task.available_at == now + timedelta(seconds=delay)
            assert (at.task.failures, at.task.error["will_retry"]) == (failures, True)
            assert claiming.claim(["default"], worker="x", cluster="x") is None, "not before its delay"
        now += timedelta(seconds=delay)
        with clock.frozen(now):
            lease = claimed().lease
    lifecycle.fail(lease, PASSING, Batch())
    assert (at.task.status, at.task.is_dead_letter) == (Status.FAILED, True)
    assert at.task.error["why"] == "all 3 attempts failed"


def test_a_final_task_keeps_no_checkpoint(template, alice):
    at = running(template, alice)
    DatabaseStore().write(at.lease, Batch(checkpoint=batch().checkpoint))
    assert Checkpoint.objects.filter(task_id=at.task_id).exists()
    lifecycle.complete(at.lease, "1", Batch())
    assert not Checkpoint.objects.filter(task_id=at.task_id).exists()


def test_two_checkpoints_are_kept(template, alice):
    at = running(template, alice)
    for index in range(5):
        new = NewCheckpoint(index=index, line=1, interpreter="x", dump=b"%d" % index, created_at=clock.now())
        DatabaseStore().write(at.lease, Batch(checkpoint=new))
    usable, refused = checkpoints.load(at.task_id, "x", 10)
    assert ([each.index for each in usable], refused) == ([4, 3], 0)


def test_a_retry_keeps_no_checkpoint_with_the_failed_steps_error_in_it(template, alice):
    at = running(template, alice)
    for index, succeeded in ((0, True), (1, False), (2, True)):
        new = NewCheckpoint(index=index, line=1, interpreter="x", dump=b"%d" % index, created_at=clock.now())
        done = replace(batch().steps[0], index=index, succeeded=succeeded)
        DatabaseStore().write(at.lease, Batch(steps=[done], checkpoint=new))
    lifecycle.fail(at.lease, {**PASSING, "step": 1}, Batch())
    assert [each.index for each in checkpoints.load(at.task_id, "x", 10)[0]] == [1]


def test_a_receiver_that_fails_is_no_failure_of_the_verb(template, alice, django_capture_on_commit_callbacks):
    def broken(**_: Any) -> None:
        raise RuntimeError("a page's fault")

    at = running(template, alice)
    news.changed.connect(broken)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            lifecycle.complete(at.lease, "1", Batch())
    finally:
        news.changed.disconnect(broken)
    assert at.task.status == Status.COMPLETED


def test_the_retention_of_the_revision_says_when_an_ended_task_goes(alice):
    key = making.template("def run(params):\n    return 1\n", alice, key="kept", retention_days=30).key
    at = running(key, alice)
    now = clock.now()
    with clock.frozen(now):
        lifecycle.complete(at.lease, "1", Batch())
    assert at.task.delete_after == now + timedelta(days=30)


def test_rescuing_a_task_that_was_deleted_is_quiet():
    assert lifecycle.rescue(10**9, 1, "died", is_proved=True) is False


def test_the_deadline_of_a_running_task_is_asked_for_once(template, alice):
    at = running(template, alice, deadline=clock.now() + HOUR)
    with clock.frozen(clock.now() + 2 * HOUR):
        assert lifecycle.expire(at.task_id) is True
        assert lifecycle.expire(at.task_id) is False
    assert at.task.execution.control == "expire"


def test_a_submitted_task_tells_its_story(template, alice):
    task = submitted(template, alice, instructions="make it")
    entry = feed.read(task.pk)[0]
    assert (entry.kind, entry.actor, entry.data["words"]) == ("task.submitted", "alice", "make it")


def test_a_worker_that_has_renewed_its_lease_keeps_its_task(template, alice):
    at = running(template, alice)
    assert lifecycle.rescue(at.task_id, at.lease.token, "sent no heartbeat") is False
    assert Task.objects.get(pk=at.task_id).status == Status.RUNNING
    Execution.objects.filter(pk=at.task_id).update(lease_until=1.0)
    assert lifecycle.rescue(at.task_id, at.lease.token, "sent no heartbeat") is True
