"""Where a task stands: verbs, times, stages, what went wrong and whether it was got over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.catalog.models import TemplateRevision
from apps.core import clock
from apps.tasks import lifecycle, standing
from apps.tasks.models import Attempt, Event, Execution, Task
from apps.tasks.states import Control, Status
from apps.workers.running import slice as worker
from tests import making

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STAGES = [{"name": "read", "percent": 0}, {"name": "think", "percent": 40}, {"name": "write", "percent": 80}]


def unsaved(status: str = Status.RUNNING, *, execution: dict[str, Any] | None = None, **fields: Any) -> Task:
    fields = {"available_at": NOON, **fields}
    task = Task(pk=1, status=status, requester_id=1, revision=TemplateRevision(stages=STAGES), **fields)
    task.execution = Execution(task=task, **(execution or {}))
    return task


@pytest.mark.parametrize(
    ("status", "control", "expected"),
    [
        (Status.PENDING, "", ["pause", "cancel"]),
        (Status.BLOCKED, "", ["pause", "cancel"]),
        (Status.WAITING, "", ["pause", "cancel"]),
        (Status.RUNNING, "", ["pause", "cancel"]),
        (Status.RUNNING, Control.PAUSE, ["resume", "cancel"]),
        (Status.RUNNING, Control.CANCEL, []),
        (Status.RUNNING, Control.EXPIRE, []),
        (Status.PAUSED, "", ["resume", "cancel"]),
        (Status.COMPLETED, "", []),
        (Status.CANCELLED, "", []),
        (Status.FAILED, "", ["retry"]),
    ],
)
def test_verbs_are_those_that_the_status_allows(status: Status, control: str, expected: list[str]) -> None:
    owner = User(pk=1)
    assert standing.verbs(unsaved(status, execution={"control": control}), owner, NOON) == expected


@pytest.mark.django_db
def test_verbs_are_none_for_those_who_may_not(charlie: User, bob: User, alice: User) -> None:
    task = unsaved(Status.PENDING, execution={})
    task.requester_id = 0
    assert standing.verbs(task, charlie, NOON) == standing.verbs(task, bob, NOON) == []
    assert standing.verbs(task, alice, NOON) == ["pause", "cancel"]
    task.available_at = NOON + timedelta(seconds=1)
    assert standing.verbs(task, alice, NOON) == ["pause", "cancel", "start"]
    alice.is_active = False
    assert standing.verbs(task, alice, NOON) == []


def test_elapsed_ends_with_the_task() -> None:
    later = NOON + timedelta(seconds=30)
    assert standing.elapsed(unsaved(), NOON) is None
    assert standing.elapsed(unsaved(started_at=NOON), later) == 30
    assert standing.elapsed(unsaved(started_at=NOON, finished_at=NOON + timedelta(seconds=9)), later) == 9
    assert standing.elapsed(unsaved(started_at=later), NOON) == 0


def test_worked_counts_attempts_and_not_the_pauses_between() -> None:
    attempts = [
        Attempt(started_at=NOON, ended_at=NOON + timedelta(seconds=10)),
        Attempt(started_at=NOON + timedelta(seconds=60)),
    ]
    assert standing.worked(attempts, NOON + timedelta(seconds=65)) == 15


@pytest.mark.parametrize(
    ("percent", "spent", "expected"), [(0, 0, 100), (5, 30, 70), (5, 500, 0), (50, 30, 30), (75, 30, 10), (100, 30, 0)]
)
def test_remaining_trusts_the_estimate_first_and_the_pace_later(percent: float, spent: float, expected: float) -> None:
    task = unsaved(estimated_seconds=100, execution={"percent": percent})
    assert standing.remaining(task, spent) == expected


def test_remaining_is_nothing_for_what_has_ended() -> None:
    assert standing.remaining(unsaved(Status.FAILED, estimated_seconds=100), 1) is None


@pytest.mark.django_db
def test_stages_say_when_they_began_and_how_long_they_took(alice: User) -> None:
    task = making.task("def run(params):\n    return 1\n", alice, stages=STAGES)
    for seq, (name, after) in enumerate([("read", 0), ("think", 5), ("think", 50)], start=100):
        Event.objects.create(
            task=task, seq=seq, kind="task.stage_started", at=NOON + timedelta(seconds=after), data={"stage": name}
        )
    task = Task.objects.select_related("revision", "execution").get(pk=task.pk)
    found = standing.stages(task, NOON + timedelta(seconds=60))
    assert [(stage.name, stage.state, stage.seconds) for stage in found] == [
        ("read", "done", 5.0),
        ("think", "current", 55.0),
        ("write", "ahead", None),
    ]


FRAGILE = """
import crm

def run(params):
    try:
        crm.invoices(page=-1)
    except ValueError:
        pass
    crm.clients()
    return {'summary': 'two went through'}
"""


@pytest.mark.django_db(transaction=True)
def test_a_mishap_that_the_script_got_over_stays_listed_as_resolved(alice: User) -> None:
    task = making.task(FRAGILE, alice)
    worker.drain()
    task = Task.objects.get(pk=task.pk)
    assert task.status == Status.COMPLETED, task.error
    [mishap] = standing.mishaps(task)
    assert (mishap.step, mishap.type, mishap.resolved) == (0, "ValueError", True)
    assert standing.summary(task) == "two went through"


@pytest.mark.django_db(transaction=True)
def test_what_ended_the_task_is_not_resolved_until_a_retry_goes_through(alice: User) -> None:
    task = making.task("def run(params):\n    return [][params.get('n', 0)]\n", alice)
    worker.drain()
    task = Task.objects.get(pk=task.pk)
    [mishap] = standing.mishaps(task)
    assert (mishap.type, mishap.line, mishap.resolved) == ("IndexError", 2, False)
    assert standing.summary(task) == mishap.message


@pytest.mark.django_db
def test_a_cancelled_tasks_summary_is_the_reason(alice: User) -> None:
    task = making.task("def run(params):\n    return 1\n", alice)
    lifecycle.cancel(task, alice, "not needed any more")
    assert standing.summary(Task.objects.get(pk=task.pk)) == "not needed any more"


@pytest.mark.django_db
def test_log_goes_on_after_the_entry_that_one_has(alice: User) -> None:
    task = making.task("def run(params):\n    return 1\n", alice)
    for seq in (100, 101):
        lines = [{"at": clock.now().isoformat(), "level": "info", "text": f"{seq}-{n}"} for n in range(2)]
        Event.objects.create(task=task, seq=seq, kind="task.logged", at=NOON, data={"lines": lines})
    assert [line.text for line in standing.log(task.pk)] == ["100-0", "100-1", "101-0", "101-1"]
    assert [line.text for line in standing.log(task.pk, after=100)] == ["101-0", "101-1"]
    assert [line.text for line in standing.log(task.pk, limit=1)] == ["100-0", "100-1"]
