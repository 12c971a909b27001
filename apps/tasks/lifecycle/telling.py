"""Events from outside: a script waits for one by name, somebody tells it. What comes before it is asked for is kept."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from apps.core import clock
from apps.core.errors import Conflict, InvalidInput, NotPermitted
from apps.core.schema import plain
from apps.tasks import news
from apps.tasks.lifecycle.moving import lock, locked
from apps.tasks.models import Message, Task
from apps.tasks.record import branches, feed

MOST_WAITING = 1_000
LONGEST_NAME = 100
OVER = ""
"""Name of a message for which nobody waits any more."""


def tell(task: Task, by: Any, name: str, data: Any = None) -> Message:
    """Tell a task that has not ended of an event; whoever waits for that name goes on with the data.

    Raises NotPermitted, InvalidInput, and Conflict when the task has ended or has too many that nobody asked for.
    """
    if not (by.is_active and (by.pk == task.requester_id or by.has_perm("tasks.control_task"))):
        raise NotPermitted(f"You may not tell task {task.pk} anything: it is not yours, and you do not control tasks.")
    _check(name, data)
    now = clock.now()
    with transaction.atomic():
        task = locked(task)
        if task.is_final:
            raise Conflict(f"Task {task.pk} has {task.status} and hears nothing any more.", why="it has ended")
        message = _expected(task, name) or _kept(task, name)
        message.told_at, message.told_by, message.data = now, by, data
        message.save()
        feed.append(task.pk, "task.told", now, by, {"name": name})
        news.publish(task.pk, "task.told")
        news.woken([task.pk] if branches.nudge(task.pk, now) else [])
    return message


def heard(task_id: int, index: int, name: str, now: datetime, seconds: float | None) -> "Message | datetime | None":
    """For call `index` of the running task: what was told; else until when it waits (None: for as long as it takes).

    A message that was not told and whose time has passed is answered, too: its `told_at` is None.
    """
    with transaction.atomic():
        lock(task_id)
        message, _ = Message.objects.get_or_create(
            task_id=task_id, index=index, defaults={"name": name, "asked_at": now}
        )
        if message.told_at is not None:
            return message
        kept = Message.objects.filter(task_id=task_id, name=name, index=None).order_by("pk").first()
        if kept is not None:
            asked_at = message.asked_at
            message.delete()
            kept.index, kept.asked_at = index, asked_at
            kept.save(update_fields=["index", "asked_at"])
            return kept
        if seconds is None or message.asked_at is None:
            return None
        until = message.asked_at + timedelta(seconds=seconds)
        if until > now:
            return until
        Message.objects.filter(pk=message.pk).update(name=OVER)  # what comes now is for somebody else
    return message


def _expected(task: Task, name: str) -> Message | None:
    waiting = Message.objects.filter(task=task, name=name, told_at=None, index__isnull=False)
    return waiting.order_by("pk").first()


def _kept(task: Task, name: str) -> Message:
    if Message.objects.filter(task=task, index=None).count() >= MOST_WAITING:
        raise Conflict(
            f"Task {task.pk} was told {MOST_WAITING:,} events that it has not asked for; it takes no more.",
            why="it has too many already",
        )
    return Message(task=task, name=name)


def _check(name: str, data: Any) -> None:
    if not 0 < len(name) <= LONGEST_NAME or "\0" in name:
        raise InvalidInput("The event has no usable name.", fields={"name": f"Use 1 to {LONGEST_NAME} characters."})
    if said := plain.objection(data, plain.PARAMETERS):
        raise InvalidInput("The event's data cannot be kept.", fields={f"data.{said[0]}".rstrip("."): said[1]})
