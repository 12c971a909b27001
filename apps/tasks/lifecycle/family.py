"""A parent's pause, resume, cancel and failure reach its open children; theirs reach their own in the same way.

Each child is changed in a transaction of its own, after the parent's: the sweep finishes what a dead process left, and
what was too much for one go. What is to be done is read off the rows, so it may be done any number of times.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from apps.core import clock
from apps.core.errors import Conflict
from apps.tasks.lifecycle.moving import ask_locked, locked, move
from apps.tasks.models import Branch, Task
from apps.tasks.record import feed
from apps.tasks.record.journal import LeaseLost
from apps.tasks.states import OPEN, Control, Status

AT_ONCE = 200
"""Children changed in one go, by whoever changed the parent; the sweep takes the rest."""
GONE = (Status.CANCELLED, Status.FAILED)


def strayed() -> "QuerySet[Task]":
    """Open children that are not yet as their parent is."""
    ending = Q(parent__status__in=GONE) & ~Q(execution__control__in=(Control.CANCEL, Control.EXPIRE))
    pausing = Q(parent__status=Status.PAUSED) & ~Q(status=Status.PAUSED) & Q(execution__control=Control.NONE)
    going_on = Q(status=Status.PAUSED, is_paused_with_parent=True) & ~Q(parent__status__in=(*GONE, Status.PAUSED))
    return Task.objects.filter(
        ending | pausing | going_on, parent__isnull=False, finished_at__isnull=True, status__in=OPEN
    )


def follow(parent_id: int, most: int = AT_ONCE) -> int:
    """Bring the open children of this task into line with it. How many were changed."""
    strays = strayed().filter(parent_id=parent_id).order_by("pk").values_list("pk", flat=True)[:most]
    return sum(_follow(task_id) for task_id in strays)


def parents_to_follow(most: int) -> list[int]:
    return list(strayed().values_list("parent_id", flat=True).distinct()[:most])


def cancel_rest(branch: Branch, reason: str) -> int:
    """Cancel the open tasks of a branch that nobody waits for any more. How many were asked."""
    found = Task.objects.filter(branch=branch, status__in=OPEN, finished_at__isnull=True)
    changed = 0
    for task_id in found.order_by("-item").values_list("pk", flat=True):
        changed += _change(task_id, lambda task, now: _cancel(task, reason, now))
    return changed


def _follow(task_id: int) -> bool:
    return _change(task_id, _as_its_parent)


def _change(task_id: int, change: Any) -> bool:
    try:
        with transaction.atomic():
            task = locked(Task(pk=task_id))
            if not task.is_final:
                change(task, clock.now())
    except (Conflict, LeaseLost, Task.DoesNotExist):
        return False  # it has ended or been asked by somebody else meanwhile
    follow(task_id)
    return True


def _as_its_parent(task: Task, now: datetime) -> None:
    assert task.parent_id is not None
    parent = Task.objects.only("status").get(pk=task.parent_id)
    if parent.status in GONE:
        ended = "was cancelled" if parent.status == Status.CANCELLED else "has failed"
        _cancel(task, f"task {parent.pk}, which it is a part of, {ended}", now)
    elif parent.status == Status.PAUSED:
        Task.objects.filter(pk=task.pk).update(is_paused_with_parent=True)
        ask_locked(task, None, Control.PAUSE, f"with task {parent.pk}", Status.PAUSED, "task.paused", now)
    elif task.status == Status.PAUSED and task.is_paused_with_parent:
        _resume(task, now)


def _cancel(task: Task, reason: str, now: datetime) -> None:
    ask_locked(task, None, Control.CANCEL, reason, Status.CANCELLED, "task.cancelled", now)


def _resume(task: Task, now: datetime) -> None:
    status = Status(task.paused_from or Status.PENDING)
    if status == Status.WAITING and task.available_at <= now:
        status = Status.PENDING
    move(task, status, "task.resumed", now, changes={"paused_from": "", "is_paused_with_parent": False})


def time_anew(task_id: int) -> dict[str, Any]:
    """What gives a node's task its time from when a worker begins it next; nothing for one without a time limit."""
    branch = Branch.objects.filter(children__pk=task_id, time_limit_ms__isnull=False).first()
    return {} if branch is None else {"deadline": branch.deadline}


def count_in(task: Task, now: datetime) -> Status:
    """A failed child is tried again: its parent waits for it once more. In the caller's transaction.

    What it becomes: one of a bounded branch waits for a place.

    Raises Conflict when the parent has ended: then it is the parent that is tried again.
    """
    if task.branch_id is None:
        return Status.PENDING
    branch = Branch.objects.filter(pk=task.branch_id)
    branch.update(outstanding=F("outstanding") + 1, failed=F("failed") - 1, ended_at=None, due_at=None, taken_at=None)
    parent = locked(Task(pk=task.parent_id))
    if parent.is_final:
        raise Conflict(
            f"Task {task.pk} is a part of task {parent.pk}, which has {parent.status}. Retry that one: it tries again"
            " what failed.",
            why="its parent has ended",
        )
    feed.append(parent.pk, "task.child_retried", now, None, {"task": task.pk})
    return Status.BLOCKED if branch.filter(at_once__isnull=False).exists() else Status.PENDING
