"""How queues stand: what waits, runs and sleeps in each, since when, how fast it goes, and who holds it back.

A fixed number of queries, each bounded by what has not ended: a million finished tasks cost nothing here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q

from apps.tasks import queuenames
from apps.tasks.limits.stops import Stop, last
from apps.tasks.models import Attempt, Limit, Queue, Task
from apps.tasks.states import AttemptOutcome, Status

RATE_WINDOW = timedelta(minutes=5)
RATE_ATTEMPTS = 2000
"""The newest attempts that the rate is read from; a busy site's window is shorter than RATE_WINDOW."""
RESTING = (Status.RUNNING, Status.WAITING, Status.PAUSED, Status.BLOCKED)
ENDS = (AttemptOutcome.COMPLETED, AttemptOutcome.FAILED, AttemptOutcome.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """`pending` could start now, `scheduled` are pending for a later moment. Ages in seconds, rates per minute."""

    name: str
    description: str = ""
    pending: int = 0
    scheduled: int = 0
    running: int = 0
    waiting: int = 0
    paused_tasks: int = 0
    blocked: int = 0
    oldest_seconds: float | None = None
    ended_per_minute: float = 0.0
    started_per_minute: float = 0.0
    paused: Stop | None = None
    draining: Stop | None = None
    max_length: int | None = None
    max_age_seconds: int | None = None
    most_running: int | None = None
    """Of its enabled limit."""
    served_by: int | None = None
    """Workers, where the caller knows."""


@dataclass(frozen=True, kw_only=True)
class _Pace:
    minutes: float
    started: Mapping[str, int] = field(default_factory=dict)
    ended: Mapping[str, int] = field(default_factory=dict)


def standing(now: datetime, served: Mapping[str, int] | None = None, names: Collection[str] = ()) -> list[Standing]:
    """All known queues by name, or only `names`. `served`: how many workers serve each."""
    rows = {row.name: row for row in Queue.objects.select_related("changed_by")}
    pending = _pending(now)
    resting = _resting()
    known = {*queuenames.configured(served or ()), *rows, *pending, *(name for name, _ in resting)}
    shown = sorted(known & set(names) if names else known)
    pace, limits, stops = _pace(now), _limits(), last(rows.values())
    return [_of(name, rows.get(name), pending.get(name, {}), resting, pace, limits, stops, served) for name in shown]


def _of(
    name: str,
    row: Queue | None,
    pending: Mapping[str, Any],
    resting: Mapping[tuple[str, str], int],
    pace: _Pace,
    limits: Mapping[str, int],
    stops: Mapping[tuple[str, str], Stop],
    served: Mapping[str, int] | None,
) -> Standing:
    return Standing(
        name=name,
        description=row.description if row else "",
        pending=pending.get("ready", 0),
        scheduled=pending.get("scheduled", 0),
        running=resting.get((name, Status.RUNNING), 0),
        waiting=resting.get((name, Status.WAITING), 0),
        paused_tasks=resting.get((name, Status.PAUSED), 0),
        blocked=resting.get((name, Status.BLOCKED), 0),
        oldest_seconds=pending.get("oldest_seconds"),
        ended_per_minute=round(pace.ended.get(name, 0) / pace.minutes, 2),
        started_per_minute=round(pace.started.get(name, 0) / pace.minutes, 2),
        paused=(stops.get((name, "paused")) or Stop.of(row)) if row and row.is_paused else None,
        draining=(stops.get((name, "draining")) or Stop.of(row)) if row and row.is_draining else None,
        max_length=row.max_length if row else None,
        max_age_seconds=row.max_age_seconds if row else None,
        most_running=limits.get(name),
        served_by=None if served is None else served.get(name, 0),
    )


def _pending(now: datetime) -> dict[str, dict[str, Any]]:
    ready = Q(available_at__lte=now)
    rows = Task.objects.filter(status=Status.PENDING).order_by().values_list("queue")
    counted = rows.annotate(ready=Count("pk", filter=ready), all=Count("pk"), oldest=Min("available_at", filter=ready))
    return {
        queue: {
            "ready": ready_count,
            "scheduled": count - ready_count,
            "oldest_seconds": (now - oldest).total_seconds() if oldest else None,
        }
        for queue, ready_count, count, oldest in counted
    }


def _resting() -> dict[tuple[str, str], int]:
    rows = Task.objects.filter(status__in=RESTING).order_by().values_list("queue", "status")
    return {(queue, status): count for queue, status, count in rows.annotate(count=Count("pk"))}


def _pace(now: datetime) -> _Pace:
    """From the newest attempts by number, which need no index of times."""
    since = now - RATE_WINDOW
    newest = Attempt.objects.order_by("-pk").values_list("started_at", "ended_at", "outcome", "task__queue")
    attempts = list(newest[:RATE_ATTEMPTS])
    if len(attempts) == RATE_ATTEMPTS:
        since = max(since, min(started for started, *_ in attempts))
    started: dict[str, int] = {}
    ended: dict[str, int] = {}
    for began, end, outcome, queue in attempts:
        if began >= since:
            started[queue] = started.get(queue, 0) + 1
        if end is not None and end >= since and outcome in ENDS:
            ended[queue] = ended.get(queue, 0) + 1
    minutes = max((now - since).total_seconds(), 1.0) / 60
    return _Pace(minutes=minutes, started=started, ended=ended)


def _limits() -> dict[str, int]:
    rows = Limit.objects.filter(scope=Limit.Scope.QUEUE, is_enabled=True)
    return dict(rows.values_list("queue", "most"))
