"""Clusters, the processes in them that claim tasks, and what happened to both."""

from datetime import datetime
from typing import Any, Self

from django.db import models

from apps.core import clock
from apps.workers.identity import Process


class Wish(models.TextChoices):
    """What a person asked of a worker or a cluster; it lasts until it is taken back or fulfilled."""

    NONE = ""
    DRAIN = "drain"  # give up what runs at its next host call, take nothing more
    STOP = "stop"  # the same, then end


class Wished(models.Model):
    """Rows that people can ask something of. `steering` writes these columns and nobody else."""

    wish = models.CharField(max_length=10, choices=Wish.choices, blank=True, db_default="", default="")
    wish_by = models.CharField(max_length=150, blank=True, db_default="", default="")
    wish_reason = models.CharField(max_length=300, blank=True, db_default="", default="")
    wished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class Cluster(Wished):
    """A Django-Q2 cluster of one installation, whichever processes it has at the moment.

    `key` is unique for (host, home, name) and the same after each start. What its workers can do is registered here
    once for all of them: they run the same code with the same settings.
    """

    key = models.CharField(max_length=100, unique=True)
    host = models.CharField(max_length=255)
    name = models.CharField(max_length=64)
    queues = models.JSONField(default=list)
    kinds = models.JSONField(default=list, help_text="Kinds of tasks that its workers carry out.")
    tools = models.JSONField(default=list, help_text="Tool modules that its workers have loaded.")
    model = models.CharField(max_length=100, blank=True, help_text="The language model that its tools ask.")
    size = models.PositiveIntegerField(default=1, help_text="Worker processes, and so the most tasks at once.")
    cpu_slots = models.PositiveIntegerField(
        default=0, db_default=0, help_text="CPU-intensive tasks that its host runs at once; 0: not registered."
    )
    worker_memory_mb = models.PositiveIntegerField(default=0, help_text="A worker beyond it is recycled; 0: no limit.")
    worker_cpu_seconds = models.PositiveIntegerField(
        default=0, db_default=0, help_text="A worker that has used more processor time is recycled; 0: no limit."
    )
    call_seconds = models.FloatField(default=0, help_text="How long one call of a task may be in flight; 0: no limit.")
    version = models.CharField(max_length=32, blank=True)
    started_at = models.DateTimeField()

    class Meta:
        ordering = ["host", "name"]

    def __str__(self) -> str:
        return f"{self.name} on {self.host}"


class WorkerQuerySet(models.QuerySet["Worker"]):
    def present(self) -> Self:
        """Those that have not ended, as far as their rows know."""
        return self.filter(status__in=Worker.PRESENT)

    def heard_since(self, moment: datetime) -> Self:
        return self.filter(heartbeat_at__gte=moment)

    def on_host(self, host: str) -> Self:
        return self.filter(host=host)

    def willing(self) -> Self:
        """Those whom nobody has asked to drain or stop, alone or with their cluster."""
        no_cluster = models.Q(belongs_to__isnull=True)
        return self.filter(no_cluster | models.Q(belongs_to__wish=Wish.NONE), wish=Wish.NONE)

    def of_process(self, *, host: str, boot_id: str, pid: int, process_started: float) -> Self:
        return self.filter(host=host, boot_id=boot_id, pid=pid, process_started=process_started)


class Worker(Wished):
    """One worker process, from its first slice to its end. A process that is started again is another worker.

    (host, boot_id, pid, process_started) names the operating system's process beyond doubt, also after pids wrap.
    Of the columns that beat none has an index, so that PostgreSQL updates the row in place.
    """

    class Status(models.TextChoices):
        STARTING = "starting"
        IDLE = "idle"
        BUSY = "busy"
        STOPPING = "stopping"  # heard that it shall drain or stop: draining with a task, drained without
        STOPPED = "stopped"
        CRASHED = "crashed"  # its process is proved gone
        OFFLINE = "offline"  # of another host, and not heard of

    PRESENT = (Status.STARTING, Status.IDLE, Status.BUSY, Status.STOPPING)
    ENDED = (Status.STOPPED, Status.CRASHED, Status.OFFLINE)

    name = models.CharField(max_length=64, unique=True, help_text="Unique for ever: leases are held in this name.")
    belongs_to = models.ForeignKey(Cluster, models.SET_NULL, null=True, blank=True, related_name="workers")
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
    heartbeat_at = models.DateTimeField(help_text="By the database's clock: hosts need not agree on the time.")
    ended_at = models.DateTimeField(null=True, blank=True)
    tasks_completed = models.PositiveIntegerField(default=0)
    tasks_failed = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0, help_text="Also those that were suspended, paused or released.")
    busy_seconds = models.FloatField(default=0)
    api_calls = models.PositiveIntegerField(default=0)
    memory_bytes = models.PositiveBigIntegerField(default=0)
    cpu_percent = models.FloatField(null=True, blank=True, help_text="Of one core, since the sample before.")
    cpu_seconds = models.FloatField(
        default=0, db_default=0, help_text="Processor time since it began, with all that it started."
    )
    sampled_at = models.DateTimeField(null=True, blank=True)
    beat_lateness = models.FloatField(default=0, help_text="Seconds; the latest beat since the sample before.")
    version = models.CharField(max_length=32, blank=True)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        permissions = [("control_worker", "Can drain, stop and resume workers and clusters, and move their tasks")]
        constraints = [
            models.UniqueConstraint(fields=["host", "boot_id", "pid", "process_started"], name="worker_is_one_process"),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=["starting", "idle", "busy", "stopping", "stopped", "crashed", "offline"]
                ),
                name="worker_status_is_known",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "host"], name="worker_by_status"),
            models.Index(fields=["ended_at"], name="worker_by_end", condition=models.Q(ended_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_present(self) -> bool:
        return self.status not in self.ENDED

    @property
    def process(self) -> Process:
        return Process(host=self.host, boot_id=self.boot_id, pid=self.pid, process_started=self.process_started)


class ClusterEvent(models.Model):
    """What happened to a cluster or to one of its workers, why, and what was done about it. Rows are added.

    Whoever sees it writes it: the supervisor, the worker itself, or the sweep that finds another one gone.
    """

    class Kind(models.TextChoices):
        STARTED = "cluster.started"
        STOPPED = "cluster.stopped"
        EXITED = "cluster.exited"
        RESTARTED = "cluster.restarted"
        WORKER_REGISTERED = "worker.registered"
        WORKER_DRAINED = "worker.drained"
        WORKER_RESUMED = "worker.resumed"
        WORKER_RECYCLED = "worker.recycled"
        WORKER_STOPPED = "worker.stopped"
        WORKER_KILLED = "worker.killed"
        WORKER_CRASHED = "worker.crashed"
        WORKER_OFFLINE = "worker.offline"
        WORKER_RETURNED = "worker.returned"  # was called offline, and beats again
        WORKER_ERROR = "worker.error"
        TASK_RESCUED = "task.rescued"

    at = models.DateTimeField(default=clock.now)
    host = models.CharField(max_length=255)
    cluster = models.CharField(max_length=64)
    worker = models.CharField(max_length=64, blank=True, db_default="", default="")
    kind = models.CharField(max_length=32, choices=Kind.choices)
    reason = models.CharField(max_length=500, blank=True)
    action = models.CharField(
        max_length=300, blank=True, db_default="", default="", help_text="What was done about it."
    )
    task_id = models.BigIntegerField(null=True, blank=True)
    attempt = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["worker", "-id"], name="event_by_worker", condition=~models.Q(worker="")),
            models.Index(fields=["kind", "-at"], name="event_by_kind"),
            models.Index(fields=["-at", "-id"], name="event_by_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.worker or self.cluster}: {self.kind}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("An event never changes.")
        super().save(*args, **kwargs)
