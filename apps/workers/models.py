"""The processes that claim tasks."""

from datetime import datetime
from typing import Self

from django.db import models

from apps.workers.identity import Process

KNOWN_STATUSES = ["starting", "idle", "busy", "stopping", "stopped", "crashed", "offline"]


class WorkerQuerySet(models.QuerySet["Worker"]):
    def present(self) -> Self:
        """Those that have not ended, as far as their rows know."""
        return self.exclude(status__in=Worker.ENDED)

    def heard_since(self, moment: datetime) -> Self:
        return self.filter(heartbeat_at__gte=moment)

    def on_host(self, host: str) -> Self:
        return self.filter(host=host)

    def of_process(self, *, host: str, boot_id: str, pid: int, process_started: float) -> Self:
        return self.filter(host=host, boot_id=boot_id, pid=pid, process_started=process_started)


class Worker(models.Model):
    """One worker process, from its first slice to its end. A process that is started again is another worker.

    (host, boot_id, pid, process_started) names the operating system's process beyond doubt, also after pids wrap.
    """

    class Status(models.TextChoices):
        STARTING = "starting"
        IDLE = "idle"
        BUSY = "busy"
        STOPPING = "stopping"
        STOPPED = "stopped"
        CRASHED = "crashed"
        OFFLINE = "offline"

    ENDED = (Status.STOPPED, Status.CRASHED, Status.OFFLINE)

    name = models.CharField(max_length=64, unique=True, help_text="Unique for ever: leases are held in this name.")
    host = models.CharField(max_length=255)
    boot_id = models.CharField(max_length=64)
    pid = models.PositiveIntegerField()
    process_started = models.FloatField(help_text="When the process began, as the operating system counts it.")
    cluster = models.CharField(max_length=64, blank=True)
    cluster_pid = models.PositiveIntegerField(null=True, blank=True)
    queues = models.JSONField(default=list)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.STARTING)
    current_task_id = models.BigIntegerField(null=True, blank=True)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    tasks_completed = models.PositiveIntegerField(default=0)
    tasks_failed = models.PositiveIntegerField(default=0)
    memory_bytes = models.PositiveBigIntegerField(default=0)
    version = models.CharField(max_length=32, blank=True)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["host", "boot_id", "pid", "process_started"], name="worker_is_one_process"),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=["starting", "idle", "busy", "stopping", "stopped", "crashed", "offline"]
                ),
                name="worker_status_is_known",
            ),
        ]
        indexes = [models.Index(fields=["status", "heartbeat_at"], name="worker_by_status")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_present(self) -> bool:
        return self.status not in self.ENDED

    @property
    def process(self) -> Process:
        return Process(host=self.host, boot_id=self.boot_id, pid=self.pid, process_started=self.process_started)


class ClusterEvent(models.Model):
    """What the supervisor did with a cluster or with one of its workers, and why."""

    class Kind(models.TextChoices):
        STARTED = "cluster.started"
        STOPPED = "cluster.stopped"
        EXITED = "cluster.exited"
        RESTARTED = "cluster.restarted"
        WORKER_KILLED = "worker.killed"

    at = models.DateTimeField()
    host = models.CharField(max_length=255)
    cluster = models.CharField(max_length=64)
    kind = models.CharField(max_length=32, choices=Kind.choices)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.cluster}: {self.kind}"
