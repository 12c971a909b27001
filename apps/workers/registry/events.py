"""What happened to clusters and workers: one row each, written by whoever sees it, never on a task's hot path."""

from apps.core import clock
from apps.workers import identity
from apps.workers.models import ClusterEvent, Worker

Kind = ClusterEvent.Kind


def of_cluster(kind: Kind, reason: str = "", worker: str = "", *, action: str = "") -> ClusterEvent:
    """Of this process's own cluster, and of the worker in it that was concerned."""
    return ClusterEvent.objects.create(
        at=clock.now(), host=identity.host(), cluster=identity.cluster_word(), kind=kind, reason=reason[:500],
        worker=worker, action=action[:300],
    )  # fmt: skip


def of_worker(
    worker: Worker, kind: Kind, reason: str = "", *, action: str = "", task_id: int | None = None,
    attempt: int | None = None,
) -> ClusterEvent:  # fmt: skip
    return ClusterEvent.objects.create(
        at=clock.now(), host=worker.host, cluster=worker.cluster, worker=worker.name, kind=kind, reason=reason[:500],
        action=action[:300], task_id=task_id, attempt=attempt,
    )  # fmt: skip
