"""How a status changes: compare and swap, with the event and all that changes beside it in one transaction."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.core import clock
from apps.core.errors import Conflict
from apps.tasks import news, sql
from apps.tasks.claims.claiming import revision
from apps.tasks.models import Execution, Step, Task
from apps.tasks.ranking import rank
from apps.tasks.record import branches, checkpoints, ending, feed
from apps.tasks.record.ending import END_LEASE
from apps.tasks.record.journal import Batch, Lease, LeaseLost
from apps.tasks.record.store import DatabaseStore
from apps.tasks.states import FINAL, AttemptOutcome, Control, Status


def end_attempt(
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
    reopened_step: int | None = None,
) -> None:
    """One transaction: what was not yet written ∧ the lease's end ∧ status ∧ attempt ∧ event."""
    now = clock.now()
    changes = {"crashes": 0, **(changes or {})}
    if status in FINAL and rest == Batch() and not lease.is_child and not sql.is_sqlite():
        ending.finish(lease, status, kind, outcome, now, reason, data, changes, END_LEASE + sets)
        news.publish(lease.task_id, kind)
        return
    with transaction.atomic() if rest.checkpoint else sql.transaction():
        startable: list[int] = []
        if asked := _still_asked(lease, status, now, is_listening=bool(changes.get("is_listening"))):
            status, kind, reason, data, extra = asked
            changes |= extra
        if rest.beside is not None:
            rest.beside()
        if rest != Batch():
            DatabaseStore().write(lease, rest)
        feed.append_with(lease.task_id, kind, now, None, data, sets=END_LEASE + sets, values=[], token=lease.token)
        _write_status(lease.task_id, Status.RUNNING, status, now, reason, changes)
        sql.run(
            "UPDATE tasks_attempt SET outcome = %s, ended_at = %s, reason = %s WHERE task_id = %s AND lease_token = %s",
            [outcome.value, sql.moment(now), reason[:300], lease.task_id, lease.token],
        )
        reopen(lease.task_id, reopened_step)
        if status in FINAL:
            checkpoints.forget(lease.task_id)
            startable = branches.count_out([lease.task_id], now)
    news.publish(lease.task_id, kind, is_claimable=status == Status.PENDING)
    news.woken(startable)


def _still_asked(
    lease: Lease, status: Status, now: datetime, *, is_listening: bool
) -> tuple[Status, str, str, dict[str, Any], dict[str, Any]] | None:
    """What to do instead of moving to `status`, because it was asked while the attempt was ending in another way.

    The attempt did not hear it any more (it fell asleep, failed, drained), and nobody else would obey it.
    """
    lock(lease.task_id)
    if status in FINAL:
        return None
    row = sql.run(
        "SELECT control, control_reason, control_by, is_nudged FROM tasks_execution WHERE task_id = %s AND lease_token = %s",
        [lease.task_id, lease.token],
    )
    if row is None:
        return None
    control, reason, by, is_nudged = row
    if control in ("", Control.DRAIN):  # to leave the worker: every end of an attempt does that
        return _look_again(lease.task_id, now) if is_nudged and is_listening else None
    data = {"by": by, "reason": reason}
    if control == Control.PAUSE:
        before = Status.PENDING if status == Status.PAUSED or (is_nudged and is_listening) else status
        return Status.PAUSED, "task.paused", reason, data, {"paused_from": before.value}
    return Status.CANCELLED, "task.cancelled", reason, data, {"paused_from": ""}


def _look_again(task_id: int, now: datetime) -> tuple[Status, str, str, dict[str, Any], dict[str, Any]]:
    """What it was about to wait for has come while it got ready to."""
    [priority] = sql.run("SELECT priority FROM tasks_task WHERE id = %s", [task_id])
    return Status.PENDING, "task.woken", "", {}, {"available_at": now, "rank": rank(priority, now)}


def lock(task_id: int) -> None:
    """The task's row before the execution's, as a person's verbs take them: else the two could wait for each other."""
    if not sql.is_sqlite():
        sql.run("SELECT id FROM tasks_task WHERE id = %s FOR NO KEY UPDATE", [task_id])


def locked(task: Task) -> Task:
    """The task's row, locked until the transaction ends (SQLite holds its one write lock anyway).

    NO KEY: rows that refer to the task (a worker's new file) can be added meanwhile, so that a worker which holds its
    execution's row never waits for us while we wait for it.
    """
    # Without its revision: the graph of a large workflow, once for each of its parts that ends, was the dearest of all.
    return Task.objects.select_for_update(of=("self",), no_key=True).select_related("execution").get(pk=task.pk)


def ask_locked(
    task: Task,
    by: Any,
    control: Control,
    reason: str,
    status: Status,
    kind: str,
    now: datetime,
    more: dict[str, Any] | None = None,
) -> None:
    """Move a task that does not run; leave a request with one that does. `more` goes into the event."""
    if task.status == Status.RUNNING:
        if control == Control.PAUSE and task.execution.control in (Control.CANCEL, Control.EXPIRE):
            raise illegal(task, "paused", "it is being cancelled")
        data = {"reason": reason, **(more or {})}
        feed.append_with(
            task.pk, f"task.{control.value}_requested", now, by, data,
            sets=", control = %s, control_reason = %s, control_by = %s",
            values=[control.value, reason[:300], by.get_username() if by else ""],
        )  # fmt: skip
        news.publish(task.pk, f"task.{control.value}_requested", is_claimable=True)
        return
    if not task.may_move_to(status):
        why = "it has ended" if task.is_final else "it is so already"
        raise illegal(task, {Status.PAUSED: "paused", Status.CANCELLED: "cancelled"}[status], why)
    changes = {"paused_from": task.status} if status == Status.PAUSED else {"paused_from": ""}
    who = by.get_username() if by else ""
    data = {"reason": reason, "by": who, **(more or {})}
    move(task, status, kind, now, actor=by, changes=changes, reason=reason, data=data)


def move(
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
        raise illegal(task, status.value, "that move does not exist")
    feed.append(task.pk, kind, now, actor, data)
    written = _write_status(task.pk, previous, status, now, reason, changes or {})
    for name, value in written.items():
        setattr(task, name, value)
    if status in FINAL:
        checkpoints.forget(task.pk)
        news.woken(branches.count_out([task.pk], now))
    elif status == Status.BLOCKED:
        take_turn(task, now)
    news.publish(task.pk, kind, is_claimable=status == Status.PENDING)


def take_turn(task: Task, now: datetime) -> None:
    """A child that is blocked (again) goes on at once where its branch has a free place."""
    released = branches.fill(task.branch_id, now) if task.branch_id is not None else []
    news.woken(released)
    if task.pk in released:
        task.refresh_from_db(fields=["status", "status_reason", "rank", "available_at", "updated_at"])


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


def reopen(task_id: int, step: int | None) -> None:
    if step is None:
        return
    last = Step.objects.filter(task_id=task_id, index=step).order_by("-try_number").first()
    if last is not None:
        Execution.objects.filter(pk=task_id).update(reopened_index=step, reopened_try=last.try_number)
        # Later ones have the failed step's error in them already: the step could not be executed again.
        sql.run('DELETE FROM tasks_checkpoint WHERE task_id = %s AND "index" > %s', [task_id, step])


def illegal(task: Task, done: str, why: str) -> Conflict:
    return Conflict(f"Task {task.pk} is {task.status} and cannot be {done}: {why}.", why=why)
