"""What happened to workers and clusters, as the edges show it. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.workers import recovery
from apps.workers.models import ClusterEvent

Kind = ClusterEvent.Kind
MOST = 1_000
ERRORS = (Kind.WORKER_ERROR, Kind.WORKER_CRASHED, Kind.WORKER_OFFLINE, Kind.WORKER_KILLED, Kind.TASK_RESCUED)


@dataclass(frozen=True, kw_only=True)
class Happening:
    """An event of a worker or cluster. For an error also whether, and when, its task went on."""

    id: int
    at: datetime
    kind: str
    host: str
    cluster: str
    worker: str
    reason: str
    action: str
    task_id: int | None
    attempt: int | None
    recovered_at: datetime | None = None


def events(
    *, worker: str = "", cluster: str = "", kinds: Sequence[str] = (), before: int | None = None, limit: int = 50
) -> list[Happening]:
    """Newest first; `before` is the id of the last one seen."""
    rows = ClusterEvent.objects.order_by("-id")
    wanted = {"worker": worker, "cluster": cluster, "kind__in": kinds, "id__lt": before}
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    return [_happening(row) for row in rows[: max(1, min(limit, MOST))]]


def errors(*, worker: str = "", limit: int = 50) -> list[Happening]:
    """What went wrong, newest first: with the task, what was done about it, and since when the task goes on."""
    rows = ClusterEvent.objects.filter(kind__in=ERRORS, **({"worker": worker} if worker else {})).order_by("-id")
    found = list(rows[: max(1, min(limit, MOST))])
    again = recovery.next_attempts([(row.task_id, row.attempt) for row in found if row.task_id and row.attempt])
    return [_happening(row, again.get((row.task_id or 0, row.attempt or 0))) for row in found]


def _happening(row: ClusterEvent, again: object = None) -> Happening:
    return Happening(
        id=row.pk, at=row.at, kind=row.kind, host=row.host, cluster=row.cluster, worker=row.worker, reason=row.reason,
        action=row.action, task_id=row.task_id, attempt=row.attempt, recovered_at=getattr(again, "started_at", None),
    )  # fmt: skip
