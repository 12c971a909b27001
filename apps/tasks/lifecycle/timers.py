"""What time does to a task: its timer runs out, its deadline passes, it has waited longer than its queue allows."""

from datetime import timedelta

from django.db import transaction

from apps.core import clock, durations
from apps.tasks import news
from apps.tasks.lifecycle.moving import ask_locked, locked, move
from apps.tasks.models import Task
from apps.tasks.ranking import rank
from apps.tasks.record import branches
from apps.tasks.states import Control, Status


def wake(task_id: int) -> bool:
    """waiting → pending when the timer has run out. False when it is not waiting any more."""
    now = clock.now()
    with transaction.atomic():
        task = locked(Task(pk=task_id))
        if task.status != Status.WAITING or task.available_at > now:
            return False
        move(task, Status.PENDING, "task.woken", now, changes={"rank": rank(task.priority, now)})
    return True


def wake_now(task_id: int) -> bool:
    """waiting → pending at once, because what it waits for has come; one that runs looks again before it falls asleep.

    In the caller's transaction, or in one of its own. False when it can be claimed no sooner by that.
    """
    with transaction.atomic():
        is_woken = branches.nudge(task_id, clock.now())
        news.woken([task_id] if is_woken else [])
    return is_woken


def expire(task_id: int) -> bool:
    """End a task whose deadline has passed: at once when it does not run, else at its next host call."""
    now = clock.now()
    with transaction.atomic():
        task = locked(Task(pk=task_id))
        if task.is_final or task.deadline is None or task.deadline > now:
            return False
        if task.status == Status.RUNNING and task.execution.control in (Control.CANCEL, Control.EXPIRE):
            return False
        reason = f"its deadline {task.deadline:%Y-%m-%d %H:%M:%S %Z} passed"
        ask_locked(task, None, Control.EXPIRE, reason, Status.CANCELLED, "task.cancelled", now)
    return True


def shed(task_id: int, most: timedelta) -> bool:
    """pending → cancelled when it could have started for longer than its queue lets a task wait. Not what has begun."""
    now = clock.now()
    with transaction.atomic():
        task = locked(Task(pk=task_id))
        if task.status != Status.PENDING or task.started_at is not None or now - task.available_at <= most:
            return False
        reason = f"it waited for longer than the {durations.describe(most)} that queue {task.queue} allows"
        ask_locked(task, None, Control.EXPIRE, reason, Status.CANCELLED, "task.cancelled", now)
    return True
