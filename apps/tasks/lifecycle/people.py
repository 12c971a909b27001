"""Verbs of a person: they take the user and check the permission. Conflict: the task's state does not allow it.

`bulk` is the number of the action on many tasks that the verb is part of; the task's event names it.
"""

from functools import partial
from typing import Any

from django.db import transaction

from apps.catalog.models import TemplateRevision
from apps.core import clock
from apps.core.errors import Conflict, NotPermitted
from apps.tasks import news, queuenames
from apps.tasks.lifecycle import family
from apps.tasks.lifecycle.moving import ask_locked, illegal, locked, move, reopen, take_turn
from apps.tasks.models import Queue, Run, Task
from apps.tasks.ranking import number, permit, rank
from apps.tasks.record import feed
from apps.tasks.states import Control, Status


def pause(task: Task, by: Any, reason: str = "", *, bulk: int | None = None) -> Task:
    """A waiting task pauses at once, a running one at its next host call."""
    _permit(task, by, "pause")
    return _ask(task, by, Control.PAUSE, reason, Status.PAUSED, "task.paused", bulk)


def cancel(task: Task, by: Any, reason: str = "", *, bulk: int | None = None) -> Task:
    """A waiting task is cancelled at once, a running one at its next host call (a pure loop within 2 s)."""
    _permit(task, by, "cancel")
    return _ask(task, by, Control.CANCEL, reason, Status.CANCELLED, "task.cancelled", bulk)


def clean(task: Task, by: Any, reason: str = "", *, bulk: int | None = None) -> Task:
    """Cancel a task that waits in a queue which is being cleaned: who controls queues may, whosever task it is."""
    if not (by.is_active and by.has_perm("tasks.control_queue")):
        raise NotPermitted("You may not clean queues. Ask an administrator for the permission to control queues.")
    with transaction.atomic():
        task = locked(task)
        if task.status == Status.RUNNING:
            raise illegal(task, "cleaned away", "a worker has begun it")
        more = _part_of(bulk)
        ask_locked(task, by, Control.CANCEL, reason, Status.CANCELLED, "task.cancelled", clock.now(), more)
    return task


def change_priority(task: Task, by: Any, priority: int | str, *, bulk: int | None = None) -> Task:
    """Put a task before or behind others; a running one from its next claim on. It keeps its turn among its requester's.

    Who may set which is said by `ranking.permit`.
    """
    _permit(task, by, "change the priority of")
    after = number(priority)
    with transaction.atomic():
        task = locked(task)
        before = task.priority
        _refuse_ended(task, "moved to another priority")
        usual = TemplateRevision.objects.values_list("priority", flat=True).get(pk=task.revision_id)
        permit(after, max(before, usual), by)
        if after == before:
            raise Conflict(f"Task {task.pk} has priority {after} already.", why="it is so already")
        changes = {"priority": after, "rank": rank(after, task.turn_at or task.available_at)}
        _change(task, by, "task.priority_changed", changes, {"before": before, "after": after, **_part_of(bulk)})
    return task


def move_queue(task: Task, by: Any, queue: str, *, bulk: int | None = None) -> Task:
    """Put a task into another queue, where it keeps its age and priority; a running one from its next claim on.

    Whoever only asked for it may move it where they could ask for work themselves, and not out of a queue that an
    operator has paused. Raises Conflict where that queue takes nothing: it drains, or holds as many as it may.
    """
    _permit(task, by, "move")
    queuenames.checked(queue)
    with transaction.atomic():
        task = locked(task)
        before = task.queue
        _refuse_ended(task, "moved to another queue")
        if before == queue:
            raise Conflict(f"Task {task.pk} is in queue {queue} already.", why="it is so already")
        if not by.has_perm("tasks.control_task"):
            _refuse_evasion(task, by, queue)
        _refuse_closed(queue)
        _change(task, by, "task.queue_moved", {"queue": queue}, {"before": before, "after": queue, **_part_of(bulk)})
    return task


def resume(task: Task, by: Any, *, bulk: int | None = None) -> Task:
    """paused → pending, or back to what it still waits for. A pause that was asked but not yet obeyed is taken back."""
    _permit(task, by, "resume")
    now = clock.now()
    with transaction.atomic():
        task = locked(task)
        if task.status == Status.RUNNING and task.execution.control == Control.PAUSE:
            feed.append_with(
                task.pk,
                "task.pause_withdrawn",
                now,
                by,
                _part_of(bulk),
                sets=", control = '', control_reason = ''",
                values=[],
            )
            news.publish(task.pk, "task.pause_withdrawn")
            return task
        if task.status != Status.PAUSED:
            raise illegal(task, "resumed", "only a paused task can")
        status = Status(task.paused_from or Status.PENDING)
        if status == Status.WAITING and task.available_at <= now:
            status = Status.PENDING
        changes: dict[str, Any] = {"paused_from": "", "is_paused_with_parent": False}
        if status == Status.PENDING and task.started_at is None:
            changes["available_at"] = max(task.available_at, now)  # its age does not count what people held it back for
        move(task, status, "task.resumed", now, actor=by, changes=changes, data=_part_of(bulk))
        _with_children(task)
    return task


def retry_failed(task: Task, by: Any, *, bulk: int | None = None) -> Task:
    """failed → pending, or blocked until its branch has a place: a person has it tried again.

    Recorded steps are kept; the failed one is executed again.
    """
    _permit(task, by, "retry")
    now = clock.now()
    with transaction.atomic():
        task = locked(task)
        if task.status != Status.FAILED:
            raise illegal(task, "retried", "only a failed task can")
        status = family.count_in(task, now)
        step = (task.error or {}).get("step")
        changes: dict[str, Any] = {
            "finished_at": None, "failures": 0, "crashes": 0, "is_dead_letter": False, "available_at": now,
            "rank": rank(task.priority, now), "delete_after": None,
        }  # fmt: skip
        changes |= family.time_anew(task.pk)
        move(task, status, "task.retried", now, actor=by, changes=changes, data={"step": step, **_part_of(bulk)})
        reopen(task.pk, step)
        Run.objects.filter(task=task.pk).update(is_retried=True)
    return task


def start_now(task: Task, by: Any, *, bulk: int | None = None) -> Task:
    """Let a pending task that waits for its moment, or for its next attempt, be claimed at once. Keeps its failures."""
    _permit(task, by, "start")
    now = clock.now()
    with transaction.atomic():
        task = locked(task)
        if task.status != Status.PENDING or task.available_at <= now:
            raise illegal(task, "started sooner", "only one that waits for its moment can")
        changes = {"available_at": now, "rank": rank(task.priority, now)}
        _change(task, by, "task.hastened", changes, {"before": task.available_at.isoformat(), **_part_of(bulk)})
    return task


def _ask(task: Task, by: Any, control: Control, reason: str, status: Status, kind: str, bulk: int | None) -> Task:
    with transaction.atomic():
        task = locked(task)
        ask_locked(task, by, control, reason, status, kind, clock.now(), _part_of(bulk))
        _with_children(task)
    return task


def _with_children(task: Task) -> None:
    transaction.on_commit(partial(family.follow, task.pk), robust=True)


def _part_of(bulk: int | None) -> dict[str, Any]:
    return {} if bulk is None else {"bulk": bulk}


def _refuse_ended(task: Task, done: str) -> None:
    if task.is_final:
        raise illegal(task, done, "it has ended")
    if task.status == Status.RUNNING and task.execution.control in (Control.CANCEL, Control.EXPIRE):
        raise illegal(task, done, "it is being cancelled")


def _refuse_evasion(task: Task, by: Any, queue: str) -> None:
    """What is set for a queue holds for its tasks, also where their requesters would like to be elsewhere."""
    if Queue.objects.filter(name=task.queue, is_paused=True).exists():
        raise NotPermitted(
            f"Queue {task.queue} is paused, and you may not move task {task.pk} out of it. Wait until it is resumed, or"
            " ask somebody who controls tasks."
        )
    if queue not in (open_to := queuenames.open_to(by)):
        raise NotPermitted(
            f"No template that you may start runs in queue {queue}. You may move tasks to: {', '.join(sorted(open_to))}."
        )


def _refuse_closed(name: str) -> None:
    row = Queue.objects.filter(name=name).first()
    if row is None:
        return
    if row.is_draining:
        raise Conflict(f"Queue {name} drains: it takes nothing new. Reopen it first.", why=f"queue {name} drains")
    if row.max_length is not None:
        pending = Task.objects.filter(status=Status.PENDING, queue=name).order_by()[: row.max_length].count()
        if pending >= row.max_length:
            raise Conflict(f"Queue {name} holds {pending:,} tasks and takes no more.", why=f"queue {name} is full")


def _change(task: Task, by: Any, kind: str, changes: dict[str, Any], data: dict[str, Any]) -> None:
    """What stands beside the status, with its event; a worker that waits looks again."""
    now = clock.now()
    feed.append(task.pk, kind, now, by, data)
    Task.objects.filter(pk=task.pk).update(**changes, updated_at=now)
    for name, value in changes.items():
        setattr(task, name, value)
    if task.status == Status.BLOCKED:
        take_turn(task, now)  # it may have come while the row was locked
    news.publish(task.pk, kind, is_claimable=task.status == Status.PENDING)


def _permit(task: Task, by: Any, verb: str) -> None:
    if by.is_active and (by.pk == task.requester_id or by.has_perm("tasks.control_task")):
        return
    raise NotPermitted(f"You may not {verb} task {task.pk}: it is not yours, and you lack the permission to.")
