"""A running task leaves its worker and goes on at another. Who may ask for it is checked by whoever steers workers."""

from typing import Any

from django.db import transaction

from apps.core import clock
from apps.tasks.lifecycle.moving import ask_locked, illegal, locked
from apps.tasks.models import Task
from apps.tasks.states import Control, Status


def ask_release(task: Task, by: Any, reason: str = "") -> Task:
    """running → pending at its next host call (a pure loop within 2 s), with nothing lost and no call repeated.

    Raises Conflict when no worker has it, or when something else is asked of it already.
    """
    with transaction.atomic():
        task = locked(task)
        if task.status != Status.RUNNING:
            raise illegal(task, "moved to another worker", "no worker has it")
        if task.execution.control:
            raise illegal(task, "moved to another worker", f"it was asked to {task.execution.control}")
        ask_locked(task, by, Control.DRAIN, reason, Status.PENDING, "task.released", clock.now())
    return task
