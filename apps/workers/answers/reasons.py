"""Why a task does not run, or what it does, in one sentence: holder or cause, since when, place, what ends it.

For every edge: pages, lists, the API and the command line say the same. Nothing is guessed: a place or a moment that is
not known is left out. Others' tasks are named only to those who may see them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from apps.core import durations
from apps.core.saying import clock, listed, sentence
from apps.tasks import sight
from apps.tasks.models import Event, Task
from apps.tasks.record.branches import FOREVER
from apps.tasks.retry import most_attempts
from apps.tasks.sight import Sight
from apps.tasks.states import Control, Status
from apps.workers.answers.waiting import HEARD, Hold, Prospect, prospects, served_queues

__all__ = ["HEARD", "Around", "Stop", "around", "doing", "expected_start", "place", "served_queues", "why"]
NAMED = 3
"""Holders that are named; the others are counted."""


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
    stops: Mapping[int, Stop] = field(default_factory=dict)
    prospects: Mapping[int, Prospect] = field(default_factory=dict)
    viewer: Sight = sight.NOBODY


def around(tasks: Iterable[Task], now: datetime, viewer: Any) -> Around:
    """A bounded number of queries for any number of tasks. `viewer`: who reads the sentences, a user or their sight."""
    tasks = list(tasks)
    stopped = [task.pk for task in tasks if task.status in (Status.PAUSED, Status.CANCELLED)]
    pending = [task for task in tasks if task.status == Status.PENDING]
    return Around(
        now=now,
        stops=_stops(stopped) if stopped else {},
        prospects=prospects(pending, now) if pending else {},
        viewer=sight.of(viewer),
    )


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


def place(task: Task, facts: Around) -> int | None:
    """Its place among those that wait for the same; None when it does not wait in a line, or too many go before."""
    prospect = facts.prospects.get(task.pk)
    return prospect.place if prospect else None


def expected_start(task: Task, facts: Around) -> datetime | None:
    """When it will probably start; None when that is not known."""
    if task.status in (Status.PENDING, Status.WAITING) and task.available_at > facts.now:
        return task.available_at if task.available_at < FOREVER else None
    prospect = facts.prospects.get(task.pk)
    if prospect is None or prospect.seconds is None:
        return None
    return facts.now + timedelta(seconds=prospect.seconds)


def _blocked(task: Task, facts: Around) -> str:
    return sentence(task.status_reason or "waits its turn among those that its task runs at once")


def _pending(task: Task, facts: Around) -> str:
    prospect = facts.prospects.get(task.pk) or Prospect(hold=Hold.WORKER)
    line = _line(prospect)
    match prospect.hold:
        case Hold.PAUSED:
            then = "First in line then." if prospect.place == 1 else f"{line.rstrip('.')} then." if line else ""
            return f"Queue {task.queue} is paused {prospect.words}. {then}".strip()
        case Hold.UNSERVED:
            if prospect.words:
                return f"The workers of queue {task.queue} were {prospect.words}. It starts when they are resumed."
            return f"No live worker serves queue {task.queue}. It starts as soon as one does."
        case Hold.TOOLS:
            return f"No live worker of queue {task.queue} has {prospect.words}. It starts as soon as one does."
    if task.available_at > facts.now:
        if task.failures and task.error:
            rest = durations.describe(task.available_at - facts.now)
            return f"Attempt {task.failures + 1} of {most_attempts(task.revision.retry, task.error)} in {rest}: {_message(task)}"
        at = clock(task.available_at, facts.now)
        return f"Starts at {at}, in {durations.describe(task.available_at - facts.now)}."
    is_told = task.attempt_count and task.status_reason and facts.viewer.reaches(task.requester_id)
    again = sentence(task.status_reason) if is_told else ""
    if prospect.hold in (Hold.LIMIT, Hold.CORES):
        held = f" by {_holders(prospect, facts)}" if prospect.holders else ""
        return " ".join(filter(None, [f"{prospect.words}{held}.", line, again]))
    return " ".join(filter(None, [f"Waits for a free worker of queue {task.queue}.", line, again]))


def _line(prospect: Prospect) -> str:
    """'Place 1, about 20 s.'"""
    if prospect.place is None:
        return f"More than {prospect.most_ahead:,} go before it." if prospect.most_ahead else ""
    seconds = round(prospect.seconds or 0)
    about = f", about {durations.describe(float(seconds))}" if seconds else ""
    return f"Place {prospect.place:,}{about}."


def _holders(prospect: Prospect, facts: Around) -> str:
    may_see = [each for each in prospect.holders if facts.viewer.reaches(each.requester_id)]
    names = [f"{each.title} (task {each.task_id})" for each in may_see[:NAMED]]
    rest = len(prospect.holders) - len(names)
    if not names:
        return f"{rest} {'task' if rest == 1 else 'tasks'} of others"
    return listed([*names, f"{rest} more"] if rest else names)


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
    if task.is_listening:
        until = f", until {clock(task.available_at, facts.now)} at most" if task.available_at < FOREVER else ""
        return sentence(f"{task.status_reason.rstrip('.') or 'waits'}{until}")
    if task.available_at > facts.now:
        at, rest = clock(task.available_at, facts.now), durations.describe(task.available_at - facts.now)
        return f"Sleeps until {at}, for {rest} more." if rest else f"Sleeps until {at}."
    return sentence(task.status_reason or "wakes up")


def _paused(task: Task, facts: Around) -> str:
    stop = facts.stops.get(task.pk)
    line = f", at line {task.execution.line}" if task.execution.line else ""
    who = f" by {stop.by}" if stop and stop.by else ""
    since = f" at {clock(stop.at, facts.now)}" if stop else ""
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
    return f"Cancelled: {sentence(reason)}" if reason else "Cancelled."


def _message(task: Task) -> str:
    return sentence(str((task.error or {}).get("message", "") or task.status_reason or "it failed"))


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
