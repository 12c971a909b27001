"""This process's row among the workers: who is here, what it does, who has gone."""

import uuid
from dataclasses import asdict

import psutil
from django.conf import settings
from django.db import transaction
from django.db.models import F

from apps.core import clock
from apps.workers import identity
from apps.workers.identity import Process
from apps.workers.models import Worker


def register(queues: list[str]) -> Worker:
    """Enter this process, or find it again after an earlier slice."""
    now = clock.now()
    with transaction.atomic():
        worker, is_new = Worker.objects.update_or_create(
            **asdict(identity.this_process()),
            defaults={
                "cluster": identity.cluster_word(),
                "cluster_pid": identity.cluster_pid(),
                "queues": queues,
                "status": Worker.Status.IDLE,
                "heartbeat_at": now,
                "ended_at": None,
                "version": settings.VERSION,
            },
            create_defaults={
                "name": uuid.uuid4().hex,
                "cluster": identity.cluster_word(),
                "cluster_pid": identity.cluster_pid(),
                "queues": queues,
                "status": Worker.Status.IDLE,
                "started_at": now,
                "heartbeat_at": now,
                "version": settings.VERSION,
            },
        )
        if is_new:
            worker.name = f"{worker.cluster}-{worker.pk}"
            worker.save(update_fields=["name"])
    return worker


def beat(worker_id: int, *, task_id: int | None, completed: int, failed: int) -> None:
    """One UPDATE: alive, and doing this. `completed` and `failed` are added to the counters."""
    status = Worker.Status.BUSY if task_id else Worker.Status.IDLE
    Worker.objects.filter(pk=worker_id).update(
        status=status,
        current_task_id=task_id,
        heartbeat_at=clock.now(),
        memory_bytes=psutil.Process().memory_info().rss,
        tasks_completed=F("tasks_completed") + completed,
        tasks_failed=F("tasks_failed") + failed,
    )


def leave(worker_id: int) -> None:
    """The process has ended its slice in order; the same process may come back with another."""
    Worker.objects.filter(pk=worker_id).update(
        status=Worker.Status.STOPPED, current_task_id=None, ended_at=clock.now(), heartbeat_at=clock.now()
    )


def dead_here() -> list[Worker]:
    """Workers of this host that their rows call present and whose processes are gone."""
    present = Worker.objects.present().on_host(identity.host())
    return [worker for worker in present if identity.is_alive(_process(worker)) is False]


def mark_crashed(workers: list[Worker]) -> None:
    Worker.objects.filter(pk__in=[worker.pk for worker in workers]).exclude(status__in=Worker.ENDED).update(
        status=Worker.Status.CRASHED, ended_at=clock.now(), current_task_id=None
    )


def peers_here(worker_id: int) -> list[int]:
    """Process ids of the other workers of this host."""
    peers = Worker.objects.present().on_host(identity.host()).exclude(pk=worker_id)
    return list(peers.values_list("pid", flat=True))


def _process(worker: Worker) -> Process:
    return Process(host=worker.host, boot_id=worker.boot_id, pid=worker.pid, process_started=worker.process_started)
