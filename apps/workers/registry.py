"""Which worker processes there are: a row when one begins, and an honest end for those that could not say goodbye."""

import os
import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from apps.workers import identity
from apps.workers.models import Worker

CLUSTER_PID = "CHANTILLY_CLUSTER_PID"


def register(queues: Sequence[str], *, now: datetime, version: str = "") -> Worker:
    """The row of this process; the same one when it is called again."""
    process = vars(identity.this_process())
    with transaction.atomic():
        worker, is_new = Worker.objects.get_or_create(
            **process,
            defaults={
                "name": uuid.uuid4().hex,
                "cluster": identity.cluster_word(),
                "cluster_pid": cluster_pid(),
                "queues": list(queues),
                "version": version,
                "started_at": now,
                "heartbeat_at": now,
            },
        )
        if is_new:
            worker.name = f"{worker.cluster}-{worker.pk}"
            worker.save(update_fields=["name"])
    return worker


def leave(worker: Worker, *, now: datetime) -> None:
    """The process ends as it should."""
    _end([worker], Worker.Status.STOPPED, now)


def bury_dead(*, now: datetime) -> list[Worker]:
    """End the rows of this host's processes that no longer run, and answer them."""
    dead = [worker for worker in Worker.objects.present().on_host(identity.host()) if not is_running(worker)]
    return _end(dead, Worker.Status.CRASHED, now)


def is_running(worker: Worker) -> bool | None:
    """None when the worker is on another host, where only its heartbeats can tell."""
    return identity.is_alive(
        identity.Process(
            host=worker.host, boot_id=worker.boot_id, pid=worker.pid, process_started=worker.process_started
        )
    )


def cluster_pid() -> int:
    """The main process of the cluster that this process belongs to."""
    return int(os.environ.get(CLUSTER_PID, os.getpgrp()))


def _end(workers: Sequence[Worker], status: Worker.Status, now: datetime) -> list[Worker]:
    """By compare-and-swap: who ends a row first decides how it ended."""
    ended = []
    for worker in workers:
        mine = Worker.objects.present().filter(pk=worker.pk)
        if mine.update(status=status, ended_at=now, current_task_id=None):
            worker.status, worker.ended_at, worker.current_task_id = status, now, None
            ended.append(worker)
    return ended
