"""The rows of workers and clusters: who is here, what it does, who has gone. Each worker writes its own row."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.core import clock
from apps.tasks.models import Attempt
from apps.workers import identity
from apps.workers.models import Cluster, ClusterEvent, Wish, Worker
from apps.workers.registry import events

Kind = ClusterEvent.Kind
PRUNED_AT_ONCE = 200


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a worker has done since it last said so; added to its counters."""

    completed: int = 0
    failed: int = 0
    attempts: int = 0
    busy_seconds: float = 0.0
    api_calls: int = 0


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What its process needs, measured now and then."""

    memory_bytes: int
    cpu_percent: float | None
    cpu_seconds: float = 0.0
    beat_lateness: float


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of a worker now, of itself or of its whole cluster, and what its row says of it."""

    wish: Wish = Wish.NONE
    by: str = ""
    reason: str = ""
    status: str = ""

    @property
    def why(self) -> str:
        quoted = f": {self.reason}" if self.reason else ""
        return f"asked by {self.by}{quoted}" if self.by else self.reason


def register(queues: list[str]) -> Worker:
    """Enter this process, or find it again after an earlier slice. Nothing is asked of a process that begins."""
    cluster = enter_cluster(queues)
    now = clock.now()
    values = {
        "belongs_to": cluster,
        "cluster": cluster.name,
        "cluster_pid": identity.cluster_pid(),
        "queues": queues,
        "status": Worker.Status.STARTING,
        "heartbeat_at": now,
        "ended_at": None,
        "version": settings.VERSION,
        "wish": Wish.NONE,
        "wish_by": "",
        "wish_reason": "",
        "wished_at": None,
    }
    with transaction.atomic():
        worker, is_new = Worker.objects.update_or_create(
            **asdict(identity.this_process()),
            defaults=values,
            create_defaults={**values, "name": uuid.uuid4().hex, "started_at": now},
        )
        if is_new:
            worker.name = f"{worker.cluster}-{worker.pk}"
            worker.save(update_fields=["name"])
            events.of_worker(worker, Kind.WORKER_REGISTERED, f"process {worker.pid}, queues {', '.join(queues)}")
    return worker


def enter_cluster(queues: list[str]) -> Cluster:
    """This process's cluster, with what its workers can do as the settings of now say."""
    values = {
        "host": identity.host(),
        "name": identity.cluster_word(),
        "queues": queues,
        "kinds": sorted(settings.TASK_KINDS),
        "tools": sorted(settings.TOOL_MODULES),
        "model": settings.GEMINI_MODEL if settings.GEMINI_API_KEY else "",
        "size": settings.WORKERS,
        "cpu_slots": settings.CPU_SLOTS,
        "worker_memory_mb": settings.WORKER_MEMORY_MB,
        "worker_cpu_seconds": settings.WORKER_CPU_SECONDS,
        "call_seconds": settings.CALL_SECONDS,
        "version": settings.VERSION,
    }
    cluster, _ = Cluster.objects.update_or_create(
        key=identity.cluster_queue(), defaults=values, create_defaults={**values, "started_at": clock.now()}
    )
    return cluster


def begin_cluster(queues: list[str]) -> None:
    """`manage.py up` has been started: somebody wants this cluster to work, whatever was asked of it before."""
    cluster = enter_cluster(queues)
    Cluster.objects.filter(pk=cluster.pk).update(
        started_at=clock.now(), wish=Wish.NONE, wish_by="", wish_reason="", wished_at=None
    )


def stop_wished() -> str:
    """Why this process's own cluster shall end; empty while nobody asks for it."""
    row = Cluster.objects.filter(key=identity.cluster_queue(), wish=Wish.STOP).values_list("wish_by", "wish_reason")
    return next((Asked(by=by, reason=reason).why for by, reason in row), "")


def beat(worker_id: int, *, task_id: int | None, is_held: bool, work: Work, sample: Sample | None = None) -> None:
    """One UPDATE: alive, and doing this. `is_held`: it was asked to take nothing more."""
    status = Worker.Status.STOPPING if is_held else Worker.Status.BUSY if task_id else Worker.Status.IDLE
    sampled = {**asdict(sample), "sampled_at": Now()} if sample is not None else {}
    Worker.objects.filter(pk=worker_id).update(
        status=status, current_task_id=task_id, heartbeat_at=Now(), ended_at=None, **sampled, **_added(work)
    )


def _added(work: Work) -> dict[str, object]:
    """Counters that have grown; a worker that did nothing writes none of them."""
    names = {"completed": "tasks_completed", "failed": "tasks_failed"}
    grown = {names.get(name, name): value for name, value in asdict(work).items() if value}
    return {name: F(name) + value for name, value in grown.items()}


def asked(worker_id: int) -> Asked:
    """One SELECT. A wish to stop the cluster is the supervisor's to fulfil; its workers drain for it."""
    row = (
        Worker.objects.filter(pk=worker_id)
        .values_list(
            "status", "wish", "wish_by", "wish_reason",
            "belongs_to__wish", "belongs_to__wish_by", "belongs_to__wish_reason",
        )
        .first()
    )  # fmt: skip
    if row is None:
        return Asked()
    status, wish, by, reason, cluster_wish, cluster_by, cluster_reason = row
    if wish == Wish.STOP or not cluster_wish:
        return Asked(wish=Wish(wish), by=by, reason=reason, status=status)
    return Asked(wish=Wish.DRAIN, by=cluster_by, reason=cluster_reason, status=status)


def leave(worker: Worker, work: Work | None = None, *, kind: Kind = Kind.WORKER_STOPPED, reason: str = "") -> None:
    """The process has ended its slice in order; the same process may come back with another."""
    with transaction.atomic():
        Worker.objects.filter(pk=worker.pk).update(
            status=Worker.Status.STOPPED, current_task_id=None, ended_at=clock.now(), heartbeat_at=Now(),
            **_added(work or Work()),
        )  # fmt: skip
        events.of_worker(worker, kind, reason)


def dead_here() -> list[Worker]:
    """Workers of this host that their rows call present and whose processes are proved gone."""
    present = Worker.objects.present().on_host(identity.host())
    return [worker for worker in present if identity.is_alive(worker.process) is False]


def mark_crashed(workers: Sequence[Worker]) -> int:
    """Say that they died, once, whoever else finds them at this moment. Returns how many we were first to mark."""
    reason = "its process is gone"
    return sum(_mark(worker, Worker.Status.CRASHED, Kind.WORKER_CRASHED, reason) for worker in workers)


def mark_offline() -> int:
    """Workers that only their heartbeats can prove alive, after too many of these did not come.

    Nothing is taken from them by this: their tasks follow the leases. One that beats again is present again.
    """
    patience = timedelta(seconds=settings.HEARTBEATS_MISSED * settings.HEARTBEAT_SECONDS)
    silent = Worker.objects.present().filter(heartbeat_at__lt=Now() - patience)
    far = [worker for worker in silent[:PRUNED_AT_ONCE] if identity.is_alive(worker.process) is None]
    reason = f"{settings.HEARTBEATS_MISSED} heartbeats in a row did not come"
    return sum(_mark(worker, Worker.Status.OFFLINE, Kind.WORKER_OFFLINE, reason) for worker in far)


def _mark(worker: Worker, status: Worker.Status, kind: Kind, reason: str) -> bool:
    with transaction.atomic():
        # Not equality: SQLite compares its moments as text, and the database's own has fewer digits than ours.
        same = Worker.objects.present().filter(pk=worker.pk, heartbeat_at__lte=worker.heartbeat_at)
        is_first = bool(same.update(status=status, ended_at=clock.now(), current_task_id=None))
        if is_first:
            task_id = worker.current_task_id
            doing = f"while it worked on task {task_id}" if task_id else "while it was idle"
            action = "what it held is given back" if task_id else ""
            events.of_worker(worker, kind, f"{reason} ({doing})", action=action, task_id=task_id)
    return is_first


def note_rescue(name: str, task_id: int, token: int, why: str) -> None:
    """That a task was given back, in the rescue's own transaction: the recovery report counts these."""
    worker = Worker.objects.filter(name=name).first()
    attempt = Attempt.objects.filter(task_id=task_id, lease_token=token).values_list("number", flat=True).first()
    ClusterEvent.objects.create(
        at=clock.now(), host=worker.host if worker else "", cluster=worker.cluster if worker else "", worker=name,
        kind=Kind.TASK_RESCUED, reason=why, task_id=task_id, attempt=attempt,
    )  # fmt: skip


def peers_here(worker_id: int) -> list[int]:
    """Process ids of the other workers of this host."""
    peers = Worker.objects.present().on_host(identity.host()).exclude(pk=worker_id)
    return list(peers.values_list("pid", flat=True))


def prune() -> int:
    """Remove a batch of what ended long ago: worker rows, and events. Returns how many rows went."""
    now = clock.now()
    ended = Worker.objects.filter(ended_at__lt=now - timedelta(days=settings.WORKER_RETENTION_DAYS))
    old = ClusterEvent.objects.filter(at__lt=now - timedelta(days=settings.WORKER_EVENT_DAYS))
    removed = 0
    for rows in (ended.order_by("ended_at"), old.order_by("at")):
        batch = list(rows.values_list("pk", flat=True)[:PRUNED_AT_ONCE])
        if batch:
            removed += rows.model.objects.filter(pk__in=batch).delete()[0]
    return removed
