"""Verbs of a worker: fenced by its lease. When that is not the task's current one they raise LeaseLost and write nothing."""

from datetime import datetime
from typing import Any

from django.db import transaction

from apps.core import clock
from apps.tasks import news, retry
from apps.tasks.lifecycle import family
from apps.tasks.lifecycle.moving import end_attempt, lock
from apps.tasks.models import Attempt, Event, Execution, Task
from apps.tasks.ranking import rank
from apps.tasks.record import feed, leases
from apps.tasks.record.branches import FOREVER
from apps.tasks.record.journal import Batch, Lease, LeaseLost
from apps.tasks.states import AttemptOutcome, Control, Status


def complete(lease: Lease, result: str, rest: Batch) -> None:
    """running → completed, with what the task returned (encoded)."""
    end_attempt(
        lease, rest, Status.COMPLETED, "task.completed", AttemptOutcome.COMPLETED,
        changes={"result": result, "error": None, "failures": 0, "crashes": 0},
        sets=", percent = 100",
    )  # fmt: skip


def fail(lease: Lease, error: dict[str, Any], rest: Batch) -> None:
    """running → pending after a delay when the failure may pass by itself, else → failed (the last: dead letter)."""
    read = Task.objects.select_related("revision").only("failures", "priority", "revision__retry")
    task = read.get(pk=lease.task_id)
    failures = task.failures + 1
    decision = retry.after_failure(failures, task.revision.retry, error, task_id=task.pk)
    error = {**error, "will_retry": decision.again, "why": decision.reason, "attempt": lease.attempt}
    if not decision.again:
        end_attempt(
            lease, rest, Status.FAILED, "task.failed", AttemptOutcome.FAILED, data=error, reason=error["message"],
            changes={"failures": failures, "error": error, "is_dead_letter": decision.is_dead_letter},
        )  # fmt: skip
        family.follow(task.pk)
        return
    available = clock.now() + decision.delay
    reason = f"{decision.reason}: {error['message']}"
    end_attempt(
        lease, rest, Status.PENDING, "task.retry_scheduled", AttemptOutcome.FAILED, reason=reason,
        data={**error, "available_at": available.isoformat(), "delay": round(decision.delay.total_seconds(), 3)},
        changes={
            "failures": failures, "error": error, "available_at": available,
            "rank": rank(task.priority, available),
        },
        reopened_step=error.get("step"),
    )  # fmt: skip


def suspend(
    lease: Lease, until: datetime | None, reason: str, rest: Batch, *, is_listening: bool = False
) -> None:  # fmt: skip
    """running → waiting until that moment; where it listens, until something wakes it. To pending when that has come."""
    data = {"until": until.isoformat() if until else None, "reason": reason}
    end_attempt(
        lease, rest, Status.WAITING, "task.suspended", AttemptOutcome.SUSPENDED, reason=reason,
        data=data, changes={"available_at": until or FOREVER, "is_listening": is_listening},
    )  # fmt: skip


def stop_paused(lease: Lease, reason: str, rest: Batch) -> None:
    """running → paused, for a reason of the platform's own (the requester is disabled)."""
    end_attempt(
        lease, rest, Status.PAUSED, "task.paused", AttemptOutcome.PAUSED, reason=reason,
        data={"by": "", "reason": reason}, changes={"paused_from": Status.PENDING.value},
    )  # fmt: skip
    family.follow(lease.task_id)


def stop_asked(lease: Lease, reason: str, rest: Batch) -> None:
    """running → paused: the worker obeyed a pause. Where the pause was taken back meanwhile: → pending, it goes on."""
    end_attempt(
        lease, rest, Status.PENDING, "task.released", AttemptOutcome.PAUSED, reason=reason, data={"reason": reason}
    )
    family.follow(lease.task_id)


def stop_cancelled(lease: Lease, reason: str, rest: Batch) -> None:
    """running → cancelled: the worker obeyed a cancel, or the deadline passed."""
    asked = Execution.objects.get(pk=lease.task_id)
    end_attempt(
        lease, rest, Status.CANCELLED, "task.cancelled", AttemptOutcome.CANCELLED,
        reason=asked.control_reason or reason,
        data={"by": asked.control_by, "reason": asked.control_reason or reason},
    )  # fmt: skip
    family.follow(lease.task_id)


def release(lease: Lease, reason: str, rest: Batch) -> None:
    """running → pending: the worker drains, or somebody moved the task; it goes on elsewhere. No failure, no crash."""
    asked = Execution.objects.get(pk=lease.task_id)
    data = {"reason": reason}
    if asked.control == Control.DRAIN:
        data |= {"by": asked.control_by, "asked": asked.control_reason}
        reason = f"{reason}: {asked.control_reason}" if asked.control_reason else reason
    end_attempt(lease, rest, Status.PENDING, "task.released", AttemptOutcome.DRAINED, reason=reason, data=data)


def give_back(lease: Lease, reason: str) -> bool:
    """running → pending of a task that was claimed and has not begun. False when the lease was lost meanwhile."""
    try:
        end_attempt(
            lease, Batch(), Status.PENDING, "task.released", AttemptOutcome.DRAINED, reason=reason,
            data={"reason": reason}, changes={"started_at": None, **family.time_anew(lease.task_id)},
        )  # fmt: skip
    except LeaseLost:
        return False
    return True


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
            lock(task_id)  # before reading what is asked of it: a resume must not be undone
            rows = Task.objects.select_related("execution", "revision").defer("revision__graph", "revision__script")
            task = rows.get(pk=task_id)
            attempt = Attempt.objects.get(task_id=task_id, lease_token=token)
            if not is_proved and not leases.has_run_out(task_id, token):
                return False
            progressed = task.execution.steps > attempt.first_step
            is_counted = not progressed and not _may_not_have_begun(task)
            crashes = 0 if progressed else task.crashes + is_counted
            status, kind, changes, reason = _after_crash(task, crashes, why, is_counted=is_counted or progressed)
            data = {"worker": attempt.worker, "attempt": attempt.number, "line": task.execution.line,
                    "reason": reason if status == Status.PENDING else why}  # fmt: skip
            end_attempt(lease, Batch(), status, kind, AttemptOutcome.CRASHED, reason=reason, data=data, changes=changes)
    except (LeaseLost, Attempt.DoesNotExist, Task.DoesNotExist):
        return False
    if status != Status.PENDING:
        family.follow(task_id)
    return True


def _may_not_have_begun(task: Task) -> bool:
    """Whether its worker had claimed others with it, and nothing tells that this was the one it died of.

    It is claimed alone from then on (claiming.fresh): if it kills workers, every further death is its own.
    """
    claimed = Event.objects.filter(task_id=task.pk, kind="task.claimed").order_by("-seq").first()
    has_begun = task.execution.line is not None or task.execution.call
    return not has_begun and claimed is not None and claimed.data.get("together", 1) > 1


def _after_crash(task: Task, crashes: int, why: str, *, is_counted: bool) -> tuple[Status, str, dict[str, Any], str]:
    control = task.execution.control
    changes: dict[str, Any] = {"crashes": crashes}
    if control in (Control.CANCEL, Control.EXPIRE):
        return Status.CANCELLED, "task.cancelled", changes, task.execution.control_reason or why
    if control == Control.PAUSE:
        changes["paused_from"] = Status.PENDING
        return Status.PAUSED, "task.paused", changes, task.execution.control_reason or why
    if not is_counted:
        return Status.PENDING, "task.rescued", changes, why
    decision = retry.after_crash(crashes, task.revision.retry, task_id=task.pk)
    if decision.again and decision.delay:
        available = clock.now() + decision.delay
        changes |= {"available_at": available, "rank": rank(task.priority, available)}
        return Status.PENDING, "task.rescued", changes, f"{why}; {decision.reason}"
    if decision.again:
        return Status.PENDING, "task.rescued", changes, why
    line = task.execution.line
    seen = f"Last seen at line {line}" if line else "The last time"
    look_at = "the last call and the memory limit" if line else "the memory limit and the log of the worker's host"
    message = f"Stopped for good: {decision.reason}. {seen}: {why}."
    changes |= {
        "is_dead_letter": True,
        "error": {
            "type": "WorkerCrash", "code": "crash_limit", "message": message, "line": line,
            "will_retry": False, "advice": f"Look at {look_at}.",
        },
    }  # fmt: skip
    return Status.FAILED, "task.failed", changes, message


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
