"""Why a task does not run, or what it does, in one sentence: holder or cause, since when, until when, what to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from apps.console import words
from apps.core import durations
from apps.tasks.models import Event, Task
from apps.tasks.states import Control, Status
from apps.workers.models import Worker

HEARD = timedelta(seconds=15)
"""A worker that has been silent for longer does not count as one that serves."""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Who paused or cancelled a task, when and why."""

    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class Around:
    """What the sentences need to know besides the task's own row."""

    now: datetime
    served: frozenset[str] = frozenset()
    stops: Mapping[int, Stop] = field(default_factory=dict)


def around(tasks: Iterable[Task], now: datetime) -> Around:
    """At most two queries for any number of tasks."""
    tasks = list(tasks)
    stopped = [task.pk for task in tasks if task.status in (Status.PAUSED, Status.CANCELLED)]
    needs_workers = any(task.status == Status.PENDING for task in tasks)
    return Around(
        now=now, served=served_queues(now) if needs_workers else frozenset(), stops=_stops(stopped) if stopped else {}
    )


def served_queues(now: datetime) -> frozenset[str]:
    workers = Worker.objects.present().heard_since(now - HEARD)
    return frozenset(queue for queues in workers.values_list("queues", flat=True) for queue in queues)


def _stops(task_ids: list[int]) -> dict[int, Stop]:
    kinds = ("task.paused", "task.cancelled")
    events = Event.objects.filter(task_id__in=task_ids, kind__in=kinds).order_by("seq")
    rows = events.values_list("task_id", "at", "data", "actor__username")
    return {
        task_id: Stop(by=data.get("by") or actor or "", at=at, reason=data.get("reason") or "")
        for task_id, at, data, actor in rows
    }


def why(task: Task, facts: Around) -> str:
    """One or two sentences; empty for a task that simply runs."""
    return _SENTENCES[Status(task.status)](task, facts)


def _blocked(task: Task, facts: Around) -> str:
    return words.sentence(task.status_reason or "waits for the tasks it depends on")


def _pending(task: Task, facts: Around) -> str:
    if task.queue not in facts.served:
        return f"No live worker serves queue {task.queue}. It starts as soon as one does."
    if task.available_at > facts.now:
        at = words.clock(task.available_at, facts.now)
        if task.failures and task.error:
            return f"Attempt {task.failures + 1} of {_most(task)} at {at}: {_message(task)}"
        return f"Starts at {at}, in {durations.describe(task.available_at - facts.now)}."
    again = f" {words.sentence(task.status_reason)}" if task.attempt_count and task.status_reason else ""
    return f"Waits for a free worker of queue {task.queue}.{again}"


def _most(task: Task) -> int:
    return int(task.revision.retry.get("max_attempts", 1))


def _running(task: Task, facts: Around) -> str:
    control, by = task.execution.control, task.execution.control_by
    asked = f", as {by} asked" if by else ""
    if control == Control.PAUSE:
        return f"Pauses at its next call{asked}."
    if control == Control.CANCEL:
        return f"Stops at its next call{asked}."
    if control == Control.EXPIRE:
        return "Stops at its next call: its deadline has passed."
    return ""


def _waiting(task: Task, facts: Around) -> str:
    if task.available_at > facts.now:
        at, rest = words.clock(task.available_at, facts.now), durations.describe(task.available_at - facts.now)
        return f"Sleeps until {at}, for {rest} more." if rest else f"Sleeps until {at}."
    return words.sentence(task.status_reason or "wakes up")


def _paused(task: Task, facts: Around) -> str:
    stop = facts.stops.get(task.pk)
    line = f", at line {task.execution.line}" if task.execution.line else ""
    who = f" by {stop.by}" if stop and stop.by else ""
    since = f" at {words.clock(stop.at, facts.now)}" if stop else ""
    reason = (stop.reason if stop else "") or task.status_reason
    quoted = f" (“{reason}”)" if reason and not reason.startswith("stopped at line") else ""
    return f"Paused{who}{since}{quoted}{line}. It goes on when somebody resumes it."


def _completed(task: Task, facts: Around) -> str:
    if task.started_at is None or task.finished_at is None:
        return "Done."
    return f"Done in {durations.describe(task.finished_at - task.started_at)}."


def _failed(task: Task, facts: Around) -> str:
    line = (task.error or {}).get("line")
    where = f"Line {line}: " if line else ""
    return f"{where}{_message(task)} {'A dead letter: ' if task.is_dead_letter else ''}Not retried by itself."


def _cancelled(task: Task, facts: Around) -> str:
    stop = facts.stops.get(task.pk)
    reason = (stop.reason if stop else "") or task.status_reason
    if stop and stop.by:
        return f"Cancelled by {stop.by} (“{reason}”)." if reason else f"Cancelled by {stop.by}."
    return f"Cancelled: {words.sentence(reason)}" if reason else "Cancelled."


def _message(task: Task) -> str:
    return words.sentence(str((task.error or {}).get("message", "") or task.status_reason or "it failed"))


_SENTENCES = {
    Status.BLOCKED: _blocked,
    Status.PENDING: _pending,
    Status.RUNNING: _running,
    Status.WAITING: _waiting,
    Status.PAUSED: _paused,
    Status.COMPLETED: _completed,
    Status.FAILED: _failed,
    Status.CANCELLED: _cancelled,
}


def doing(task: Task) -> str:
    """What a running task does now: 'Line 24, crm.invoices'; or what its script says of itself."""
    execution = task.execution
    parts = [f"Line {execution.line}"] if execution.line else []
    parts += [part for part in (execution.call, execution.message or execution.stage) if part]
    return ", ".join(parts) or "Starts."
