"""A task's feed: its steps and events in one order. Pages, chat and webhooks read it from the last `seq` they have."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import Any

from django.db import models
from django.db.models import Case, Value, When

from apps.core import codec
from apps.tasks import sql
from apps.tasks.models import Event, Step
from apps.tasks.record.journal import LeaseLost

MAX_PAGE = 500


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a feed. `kind` is an event's kind, or `step` for a recorded call; `data` says the rest."""

    seq: int
    kind: str
    at: datetime
    actor: str
    data: dict[str, Any]


def read(task_id: int, after: int = 0, limit: int = MAX_PAGE) -> list[Entry]:
    """The entries after `after`, oldest first, at most `limit` (500). Two queries whatever the length."""
    limit = min(limit, MAX_PAGE)
    events = Event.objects.filter(task_id=task_id, seq__gt=after).select_related("actor").order_by("seq")[:limit]
    steps = _steps(task_id).filter(seq__gt=after).order_by("seq")[:limit]
    return _merged(events, steps)[:limit]


def newest(task_id: int, limit: int = MAX_PAGE) -> list[Entry]:
    """The last `limit` entries, oldest first."""
    events = Event.objects.filter(task_id=task_id).select_related("actor").order_by("-seq")[:limit]
    steps = _steps(task_id).order_by("-seq")[:limit]
    return _merged(reversed(events), reversed(steps))[-limit:]


def _steps(task_id: int) -> "models.QuerySet[Step]":
    """Steps without their results, which may be large; those that failed carry their error instead."""
    error = Case(When(outcome="failed", then="result"), default=Value(""), output_field=models.TextField())
    return Step.objects.filter(task_id=task_id).defer("digest", "result").annotate(error=error)


def _merged(events: Iterable[Event], steps: Iterable[Step]) -> list[Entry]:
    return list(merge(map(_from_event, events), map(_from_step, steps), key=lambda entry: entry.seq))


def _from_event(event: Event) -> Entry:
    actor = event.actor.get_username() if event.actor else ""
    return Entry(seq=event.seq, kind=event.kind, at=event.at, actor=actor, data=event.data)


def _from_step(step: Step) -> Entry:
    data: dict[str, Any] = {
        "index": step.index,
        "try": step.try_number,
        "attempt": step.attempt,
        "name": step.name,
        "class": step.call_class,
        "outcome": step.outcome,
        "line": step.line,
        "seconds": step.seconds,
        "retries": step.retries,
        "arguments": step.arguments,
    }
    if step.outcome == "failed":
        data["error"] = codec.decode(step.error)  # type: ignore[attr-defined]  # annotated by _steps
    return Entry(seq=step.seq, kind="step", at=step.started_at, actor="", data=data)


def append(task_id: int, kind: str, at: datetime, actor: Any = None, data: dict[str, Any] | None = None) -> int:
    """Add an event in the caller's transaction and return its seq."""
    return append_with(task_id, kind, at, actor, data, sets="", values=[])


def append_with(
    task_id: int,
    kind: str,
    at: datetime,
    actor: Any,
    data: dict[str, Any] | None,
    *,
    sets: str,
    values: list[Any],
    token: int | None = None,
) -> int:
    """Add an event and change the execution's row in the same statement; with `token` only under that lease.

    Raises LeaseLost when the lease is not the task's current one.
    """
    fence, fence_values = ("", []) if token is None else (" AND lease_token = %s", [token])
    row = sql.run(
        f"UPDATE tasks_execution SET seq = seq + 1{sets} WHERE task_id = %s{fence} RETURNING seq",
        [*values, task_id, *fence_values],
    )
    if row is None:
        raise LeaseLost(f"Task {task_id} is held by another attempt, or has ended.")
    sql.run(
        "INSERT INTO tasks_event (task_id, seq, kind, at, actor_id, data) VALUES (%s, %s, %s, %s, %s, %s)",
        [task_id, row[0], kind, sql.moment(at), actor.pk if actor else None, json.dumps(data or {})],
    )
    return int(row[0])
