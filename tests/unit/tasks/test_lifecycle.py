"""Every verb at every status: it moves as TRANSITIONS says, with one event, or it changes nothing at all."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connections, transaction

from apps.core import clock
from apps.core.errors import Conflict, NotPermitted
from apps.tasks import lifecycle
from apps.tasks.claims import claiming
from apps.tasks.models import Attempt, Checkpoint, Event, Execution, Step, Task
from apps.tasks.record import feed
from apps.tasks.record.journal import Batch, Lease, LeaseLost, NewCheckpoint, NewEvent, NewStep, Progress
from apps.tasks.record.store import DatabaseStore
from apps.tasks.states import FINAL, TRANSITIONS, Status
from tests import making
from tests.unit.tasks.standing_at import BROKEN, HOUR, PASSING, Standing, claimed, running, standing

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
NO_VERB_YET = {
    (Status.BLOCKED, Status.PENDING),
    (Status.FAILED, Status.BLOCKED),
    (Status.PENDING, Status.FAILED),
}
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
