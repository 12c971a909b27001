"""What happened to workers and clusters, as the edges show it. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.tasks.models import Attempt, Task
from apps.workers.answers import recovery
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
    viewer: Any, *, worker: str = "", cluster: str = "", kinds: Sequence[str] = (), before: int | None = None,
    limit: int = 50,
) -> list[Happening]:  # fmt: skip
    """Newest first; `before` is the id of the last one seen."""
    rows = ClusterEvent.objects.order_by("-id")
    wanted = {"worker": worker, "cluster": cluster, "kind__in": kinds, "id__lt": before}
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    return shown(list(rows[: max(1, min(limit, MOST))]), viewer)


def errors(viewer: Any, *, worker: str = "", limit: int = 50) -> list[Happening]:
    """What went wrong, newest first: with the task, what was done about it, and since when the task goes on."""
    rows = ClusterEvent.objects.filter(kind__in=ERRORS, **({"worker": worker} if worker else {})).order_by("-id")
    found = list(rows[: max(1, min(limit, MOST))])
    again = recovery.next_attempts([(row.task_id, row.attempt) for row in found if row.task_id and row.attempt])
    return shown(found, viewer, again)


def shown(
    rows: Sequence[ClusterEvent], viewer: Any, again: Mapping[tuple[int, int], Attempt] | None = None
) -> list[Happening]:
    """As the viewer may see them: of others' tasks neither the number nor what went wrong in them."""
    seen = Task.objects.all().seen_among(viewer, (row.task_id for row in rows if row.task_id))
    return [
        _happening(row, (again or {}).get((row.task_id or 0, row.attempt or 0)), row.task_id in {None, *seen})
        for row in rows
    ]


def _happening(row: ClusterEvent, again: Attempt | None, is_seen: bool) -> Happening:
    return Happening(
        id=row.pk, at=row.at, kind=row.kind, host=row.host, cluster=row.cluster, worker=row.worker,
        reason=row.reason if is_seen else recovery.veiled(row), action=row.action, task_id=row.task_id if is_seen else None,
        attempt=row.attempt if is_seen else None, recovered_at=again.started_at if again else None,
    )  # fmt: skip
