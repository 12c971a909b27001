"""The verbs that move a task. The only writer of its status; every move leaves an event in the same transaction.

Verbs of a worker take a Lease and are fenced: when it is not the task's current one they raise LeaseLost and write
nothing. Verbs of a person take the user, check the permission, and raise Conflict when the task is not in a state in
which this can be done.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.core import clock
from apps.core.errors import Conflict, NotPermitted
from apps.tasks import checkpoints, ending, feed, leases, news, retry, sql
from apps.tasks.claiming import revision
from apps.tasks.journal import Batch, Lease, LeaseLost
from apps.tasks.models import Attempt, Execution, Step, Task
from apps.tasks.ranking import rank
from apps.tasks.states import FINAL, AttemptOutcome, Control, Status
from apps.tasks.store import DatabaseStore

END_LEASE = (
    ", lease_token = lease_token + 1, lease_until = NULL, worker = '', control = '', control_reason = '',"
    " control_by = '', call = '', call_started_at = NULL"
)


def complete(lease: Lease, result: str, rest: Batch) -> None:
    """running → completed, with what the task returned (encoded)."""
    _end_attempt(
        lease, rest, Status.COMPLETED, "task.completed", AttemptOutcome.COMPLETED,
        changes={"result": result, "error": None, "failures": 0, "crashes": 0},
        sets=", percent = 100",
    )  # fmt: skip


def fail(lease: Lease, error: dict[str, Any], rest: Batch) -> None:
    """running → pending after a delay when the failure may pass by itself, else → failed (the last: dead letter)."""
    task = Task.objects.select_related("revision").get(pk=lease.task_id)
    failures = task.failures + 1
    decision = retry.after_failure(failures, task.revision.retry, is_transient=bool(error.get("is_transient")))
    error = {**error, "will_retry": decision.again, "why": decision.reason, "attempt": lease.attempt}
    if not decision.again:
        _end_attempt(
            lease, rest, Status.FAILED, "task.failed", AttemptOutcome.FAILED, data=error, reason=error["message"],
            changes={"failures": failures, "error": error, "is_dead_letter": decision.is_dead_letter},
        )  # fmt: skip
        return
    available = clock.now() + decision.delay
    reason = f"{decision.reason}: {error['message']}"
    _end_attempt(
        lease, rest, Status.PENDING, "task.retry_scheduled", AttemptOutcome.FAILED, reason=reason,
        data={**error, "available_at": available.isoformat()},
        changes={
            "failures": failures, "error": error, "available_at": available,
            "rank": rank(task.priority, available),
        },
        reopen=error.get("step"),
    )  # fmt: skip


def suspend(lease: Lease, until: datetime, reason: str, rest: Batch) -> None:
    """running → waiting until that moment."""
    _end_attempt(
        lease, rest, Status.WAITING, "task.suspended", AttemptOutcome.SUSPENDED, reason=reason,
        data={"until": until.isoformat(), "reason": reason}, changes={"available_at": until},
    )  # fmt: skip


def stop_paused(lease: Lease, reason: str, rest: Batch) -> None:
    """running → paused, for a reason of the platform's own (the requester is disabled)."""
    _end_attempt(
        lease, rest, Status.PAUSED, "task.paused", AttemptOutcome.PAUSED, reason=reason,
        data={"by": "", "reason": reason}, changes={"paused_from": Status.PENDING.value},
    )  # fmt: skip


def stop_asked(lease: Lease, reason: str, rest: Batch) -> None:
    """running → paused: the worker obeyed a pause. Where the pause was taken back meanwhile: → pending, it goes on."""
    _end_attempt(
        lease, rest, Status.PENDING, "task.released", AttemptOutcome.PAUSED, reason=reason, data={"reason": reason}
    )


def stop_cancelled(lease: Lease, reason: str, rest: Batch) -> None:
    """running → cancelled: the worker obeyed a cancel, or the deadline passed."""
    asked = Execution.objects.get(pk=lease.task_id)
    _end_attempt(
        lease, rest, Status.CANCELLED, "task.cancelled", AttemptOutcome.CANCELLED,
        reason=asked.control_reason or reason,
        data={"by": asked.control_by, "reason": asked.control_reason or reason},
    )  # fmt: skip


def release(lease: Lease, reason: str, rest: Batch) -> None:
    """running → pending: the worker drains, the task goes on elsewhere. No failure, no crash."""
    _end_attempt(
        lease, rest, Status.PENDING, "task.released", AttemptOutcome.DRAINED, reason=reason, data={"reason": reason}
    )


def rescue(task_id: int, token: int, why: str, *, is_proved: bool = False) -> bool:
    """Give back a task whose worker is gone. Returns False when another was first. Never runs the task.

    Without proof of the worker's death the lease must have run out, also at the moment of the rescue: a worker that
    has just renewed it (after an outage of the database, say) keeps its task.

    What was asked of the task meanwhile (cancel, pause) is obeyed here; a task that keeps killing its worker without
    a new step becomes a dead letter.
    """
    lease = Lease(task_id=task_id, token=token, attempt=0)
    try:
        with transaction.atomic():
            task = Task.objects.select_related("execution").get(pk=task_id)
            attempt = Attempt.objects.get(task_id=task_id, lease_token=token)
            _lock(task_id)
            if not is_proved and not leases.has_run_out(task_id, token):
                return False
            progressed = task.execution.steps > attempt.first_step
            crashes = 0 if progressed else task.crashes + 1
            status, kind, changes, reason = _after_crash(task, crashes, why)
            data = {"worker": attempt.worker, "attempt": attempt.number, "line": task.execution.line, "reason": why}
            _end_attempt(
                lease, Batch(), status, kind, AttemptOutcome.CRASHED, reason=reason, data=data, changes=changes
            )
    except (LeaseLost, Attempt.DoesNotExist, Task.DoesNotExist):
        return False
    return True


def _after_crash(task: Task, crashes: int, why: str) -> tuple[Status, str, dict[str, Any], str]:
    control = task.execution.control
    changes: dict[str, Any] = {"crashes": crashes}
    if control in (Control.CANCEL, Control.EXPIRE):
        return Status.CANCELLED, "task.cancelled", changes, task.execution.control_reason or why
    if control == Control.PAUSE:
        changes["paused_from"] = Status.PENDING
        return Status.PAUSED, "task.paused", changes, task.execution.control_reason or why
    decision = retry.after_crash(crashes)
    if decision.again:
        return Status.PENDING, "task.rescued", changes, why
    message = f"Stopped for good: {decision.reason}. Last seen at line {task.execution.line or '?'}: {why}."
    changes |= {
        "is_dead_letter": True,
        "error": {
            "type": "WorkerCrash", "code": "crash_limit", "message": message, "line": task.execution.line,
            "will_retry": False, "advice": "Look at the last call and at the memory limit, then retry it.",
        },
    }  # fmt: skip
    return Status.FAILED, "task.failed", changes, message


def pause(task: Task, by: Any, reason: str = "") -> Task:
    """A waiting task pauses at once, a running one at its next host call."""
    _permit(task, by, "pause")
    return _ask(task, by, Control.PAUSE, reason, Status.PAUSED, "task.paused")


def cancel(task: Task, by: Any, reason: str = "") -> Task:
    """A waiting task is cancelled at once, a running one at its next host call (a pure loop within 2 s)."""
    _permit(task, by, "cancel")
    return _ask(task, by, Control.CANCEL, reason, Status.CANCELLED, "task.cancelled")


def resume(task: Task, by: Any) -> Task:
    """paused → pending, or back to what it still waits for. A pause that was asked but not yet obeyed is taken back."""
    _permit(task, by, "resume")
    now = clock.now()
    with transaction.atomic():
        task = _locked(task)
        if task.status == Status.RUNNING and task.execution.control == Control.PAUSE:
            feed.append_with(
                task.pk, "task.pause_withdrawn", now, by, {}, sets=", control = '', control_reason = ''", values=[]
            )
            news.publish(task.pk, "task.pause_withdrawn")
            return task
        if task.status != Status.PAUSED:
            raise _illegal(task, "resumed", "only a paused task can")
        status = Status(task.paused_from or Status.PENDING)
        if status == Status.WAITING and task.available_at <= now:
            status = Status.PENDING
        _move(task, status, "task.resumed", now, actor=by, changes={"paused_from": ""})
    return task


def retry_failed(task: Task, by: Any) -> Task:
    """failed → pending: a person has it tried again. Recorded steps are kept; the failed one is executed again."""
    _permit(task, by, "retry")
    now = clock.now()
    with transaction.atomic():
        task = _locked(task)
        if task.status != Status.FAILED:
            raise _illegal(task, "retried", "only a failed task can")
        step = (task.error or {}).get("step")
        changes = {
            "finished_at": None, "failures": 0, "crashes": 0, "is_dead_letter": False, "available_at": now,
            "rank": rank(task.priority, now), "delete_after": None,
        }  # fmt: skip
        _move(task, Status.PENDING, "task.retried", now, actor=by, changes=changes, data={"step": step})
        _reopen(task.pk, step)
    return task


def wake(task_id: int) -> bool:
    """waiting → pending when the timer has run out. False when it is not waiting any more."""
    now = clock.now()
    with transaction.atomic():
        task = _locked(Task(pk=task_id))
        if task.status != Status.WAITING or task.available_at > now:
            return False
        _move(task, Status.PENDING, "task.woken", now, changes={"rank": rank(task.priority, now)})
    return True


def expire(task_id: int) -> bool:
    """End a task whose deadline has passed: at once when it does not run, else at its next host call."""
    now = clock.now()
    with transaction.atomic():
        task = _locked(Task(pk=task_id))
        if task.is_final or task.deadline is None or task.deadline > now:
            return False
        if task.status == Status.RUNNING and task.execution.control in (Control.CANCEL, Control.EXPIRE):
            return False
        reason = f"its deadline {task.deadline:%Y-%m-%d %H:%M:%S %Z} passed"
        _ask_locked(task, None, Control.EXPIRE, reason, Status.CANCELLED, "task.cancelled", now)
    return True


def note(lease: Lease, kind: str, data: dict[str, Any]) -> None:
    """Add an event of the running attempt to the feed."""
    with transaction.atomic():
        feed.append_with(lease.task_id, kind, clock.now(), None, data, sets="", values=[], token=lease.token)
        news.publish(lease.task_id, kind)


def note_resumed(lease: Lease, *, index: int, line: int | None, checkpoint: int | None) -> None:
    """Record where the attempt goes on: the `index` calls before this one are on record and were not repeated."""
    with transaction.atomic():
        data = {"index": index, "line": line, "kept": index, "checkpoint": checkpoint, "attempt": lease.attempt}
        # The execution's row before the attempt's, as a rescue takes them: else the two could wait for each other.
        note(lease, "task.resumed_at", data)
        Attempt.objects.filter(task_id=lease.task_id, lease_token=lease.token).update(
            resumed_index=index, resumed_line=line
        )


def _end_attempt(
    lease: Lease,
    rest: Batch,
    status: Status,
    kind: str,
    outcome: AttemptOutcome,
    *,
    reason: str = "",
    data: dict[str, Any] | None = None,
    changes: dict[str, Any] | None = None,
    sets: str = "",
    reopen: int | None = None,
) -> None:
    """One transaction: what was not yet written ∧ the lease's end ∧ status ∧ attempt ∧ event."""
    now = clock.now()
    changes = {"crashes": 0, **(changes or {})}
    if status in FINAL and rest == Batch() and not sql.is_sqlite():
        ending.finish(lease, status, kind, outcome, now, reason, data, changes, END_LEASE + sets)
        news.publish(lease.task_id, kind)
        return
    with transaction.atomic() if rest.checkpoint else sql.transaction():
        if asked := _still_asked(lease, status):
            status, kind, reason, data, extra = asked
            changes |= extra
        if rest != Batch():
            DatabaseStore().write(lease, rest)
        feed.append_with(lease.task_id, kind, now, None, data, sets=END_LEASE + sets, values=[], token=lease.token)
        _write_status(lease.task_id, Status.RUNNING, status, now, reason, changes)
        sql.run(
            "UPDATE tasks_attempt SET outcome = %s, ended_at = %s, reason = %s WHERE task_id = %s AND lease_token = %s",
            [outcome.value, sql.moment(now), reason[:300], lease.task_id, lease.token],
        )
        _reopen(lease.task_id, reopen)
        if status in FINAL:
            checkpoints.forget(lease.task_id)
    news.publish(lease.task_id, kind, is_claimable=status == Status.PENDING)


def _still_asked(lease: Lease, status: Status) -> tuple[Status, str, str, dict[str, Any], dict[str, Any]] | None:
    """What to do instead of moving to `status`, because it was asked while the attempt was ending in another way.

    The attempt did not hear it any more (it fell asleep, failed, drained), and nobody else would obey it.
    """
    _lock(lease.task_id)
    if status in FINAL:
        return None
    row = sql.run(
        "SELECT control, control_reason, control_by FROM tasks_execution WHERE task_id = %s AND lease_token = %s",
        [lease.task_id, lease.token],
    )
    if row is None or not row[0]:
        return None
    control, reason, by = row
    data = {"by": by, "reason": reason}
    if control == Control.PAUSE:
        before = Status.PENDING if status == Status.PAUSED else status
        return Status.PAUSED, "task.paused", reason, data, {"paused_from": before.value}
    return Status.CANCELLED, "task.cancelled", reason, data, {"paused_from": ""}


def _lock(task_id: int) -> None:
    """The task's row before the execution's, as a person's verbs take them: else the two could wait for each other."""
    if not sql.is_sqlite():
        sql.run("SELECT id FROM tasks_task WHERE id = %s FOR NO KEY UPDATE", [task_id])


def _ask(task: Task, by: Any, control: Control, reason: str, status: Status, kind: str) -> Task:
    with transaction.atomic():
        task = _locked(task)
        _ask_locked(task, by, control, reason, status, kind, clock.now())
    return task


def _ask_locked(task: Task, by: Any, control: Control, reason: str, status: Status, kind: str, now: datetime) -> None:
    """Move a task that does not run; leave a request with one that does."""
    if task.status == Status.RUNNING:
        if control == Control.PAUSE and task.execution.control in (Control.CANCEL, Control.EXPIRE):
            raise _illegal(task, "paused", "it is being cancelled")
        data = {"reason": reason}
        feed.append_with(
            task.pk, f"task.{control.value}_requested", now, by, data,
            sets=", control = %s, control_reason = %s, control_by = %s",
            values=[control.value, reason[:300], by.get_username() if by else ""],
        )  # fmt: skip
        news.publish(task.pk, f"task.{control.value}_requested", is_claimable=True)
        return
    if not task.may_move_to(status):
        why = "it has ended" if task.is_final else "it is so already"
        raise _illegal(task, {Status.PAUSED: "paused", Status.CANCELLED: "cancelled"}[status], why)
    changes = {"paused_from": task.status} if status == Status.PAUSED else {"paused_from": ""}
    who = by.get_username() if by else ""
    _move(task, status, kind, now, actor=by, changes=changes, reason=reason, data={"reason": reason, "by": who})


def _move(
    task: Task,
    status: Status,
    kind: str,
    now: datetime,
    *,
    actor: Any = None,
    changes: dict[str, Any] | None = None,
    reason: str = "",
    data: dict[str, Any] | None = None,
) -> None:
    """Move a task that no worker holds (its row is locked by the caller)."""
    previous = Status(task.status)
    if not task.may_move_to(status):
        raise _illegal(task, status.value, "that move does not exist")
    feed.append(task.pk, kind, now, actor, data)
    written = _write_status(task.pk, previous, status, now, reason, changes or {})
    for name, value in written.items():
        setattr(task, name, value)
    if status in FINAL:
        checkpoints.forget(task.pk)
    news.publish(task.pk, kind, is_claimable=status == Status.PENDING)


def _write_status(
    task_id: int, previous: Status, status: Status, now: datetime, reason: str, changes: dict[str, Any]
) -> dict[str, Any]:
    """Compare and swap the status, with everything that changes beside it. Returns what was written."""
    values = {"status": status.value, "status_reason": reason[:300], "updated_at": now, **changes}
    if status in FINAL:
        values |= {"finished_at": now, "delete_after": _delete_after(task_id, now)}
    sets = ", ".join(f"{name} = %s" for name in values)
    written = sql.run(
        f"UPDATE tasks_task SET {sets} WHERE id = %s AND status = %s RETURNING id",
        [*(sql.value(value) for value in values.values()), task_id, previous.value],
    )
    if written is None:
        raise LeaseLost(f"Task {task_id} is no longer {previous.value}.")
    return values


def _delete_after(task_id: int, now: datetime) -> datetime:
    revision_id = sql.run("SELECT revision_id FROM tasks_task WHERE id = %s", [task_id])[0]
    days = revision(revision_id).retention_days
    return now + timedelta(days=settings.TASK_RETENTION_DAYS if days is None else days)


def _reopen(task_id: int, step: int | None) -> None:
    if step is None:
        return
    last = Step.objects.filter(task_id=task_id, index=step).order_by("-try_number").first()
    if last is not None:
        Execution.objects.filter(pk=task_id).update(reopened_index=step, reopened_try=last.try_number)
        # Later ones have the failed step's error in them already: the step could not be executed again.
        sql.run('DELETE FROM tasks_checkpoint WHERE task_id = %s AND "index" > %s', [task_id, step])


def _locked(task: Task) -> Task:
    """The task's row, locked until the transaction ends (SQLite holds its one write lock anyway).

    NO KEY: rows that refer to the task (a worker's new file) can be added meanwhile, so that a worker which holds its
    execution's row never waits for us while we wait for it.
    """
    return (
        Task.objects.select_for_update(of=("self",), no_key=True)
        .select_related("execution", "revision")
        .get(pk=task.pk)
    )


def _permit(task: Task, by: Any, verb: str) -> None:
    if by.is_active and (by.pk == task.requester_id or by.has_perm("tasks.control_task")):
        return
    raise NotPermitted(f"You may not {verb} task {task.pk}: it is not yours, and you lack the permission to.")


def _illegal(task: Task, done: str, why: str) -> Conflict:
    return Conflict(f"Task {task.pk} is {task.status} and cannot be {done}: {why}.")
