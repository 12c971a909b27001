"""How attempts end: what was asked meanwhile, crashes in a row, retries, checkpoints kept and dropped."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.core.errors import Conflict
from apps.tasks import lifecycle, news
from apps.tasks.claims import claiming
from apps.tasks.models import Checkpoint, Execution, Task
from apps.tasks.record import checkpoints, feed
from apps.tasks.record.journal import Batch, NewCheckpoint, NewStep
from apps.tasks.record.store import DatabaseStore
from apps.tasks.states import Status
from tests import making
from tests.unit.tasks.standing_at import HOUR, PASSING, claimed, running, submitted
from tests.unit.tasks.test_lifecycle import WORKERS_VERBS, batch

pytestmark = pytest.mark.django_db


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


@pytest.mark.parametrize(("line", "said"), [(7, "Last seen at line 7: worker"), (None, "The last time: worker")])
def test_a_dead_letter_names_the_line_only_where_one_was_seen(line, said, template, alice, settings):
    settings.TASK_CRASH_LIMIT = 1
    at = running(template, alice)
    Execution.objects.filter(task=at.task).update(line=line)
    assert lifecycle.rescue(at.task_id, at.lease.token, "worker elm-1 died", is_proved=True)
    assert said in at.task.error["message"]
    assert ("call" in at.task.error["advice"]) is (line is not None)


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
