"""How workers and clusters stand, for every edge that shows them. Reads only, a bounded number of queries each.

Derived here and stored nowhere: what a worker does (from the leases), how long it has been up, its averages and rates
(from its counters), how much waits for it, whether it is silent. What is stored is in `models`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Max, Q

from apps.core import clock
from apps.tasks import sight
from apps.tasks.models import Attempt, Execution, Task
from apps.tasks.sight import Sight
from apps.tasks.states import Status
from apps.workers.answers import balance, happenings, services
from apps.workers.answers.happenings import Happening
from apps.workers.answers.services import RateFacts
from apps.workers.models import Cluster, Wish, Worker

MOST = 1_000
MOST_COUNTED = 10_000
"""Waiting tasks are counted up to here: what people need to know is that they are many."""
MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Doing:
    """The task that a worker holds now. Of one that the reader may not see only since when: `task_id` is None."""

    task_id: int | None
    title: str
    attempt: int
    started_at: datetime | None
    seconds: float | None
    percent: float
    stage: str
    message: str
    line: int | None
    call: str
    control: str


@dataclass(frozen=True, kw_only=True)
class WorkerFacts:
    id: int
    name: str
    type: str
    host: str
    session: str
    """The operating system's process, beyond doubt."""
    cluster: str
    cluster_key: str
    status: str
    word: str
    """The status as people read it: draining and drained for stopping, silent for one that does not beat."""
    wish: str
    wish_by: str
    wish_reason: str
    wished_at: datetime | None
    queues: Sequence[str]
    kinds: Sequence[str]
    tools: Sequence[str]
    model: str
    max_concurrent_tasks: int
    call_seconds: float
    version: str
    started_at: datetime
    ended_at: datetime | None
    uptime_seconds: float
    heartbeat_at: datetime
    heartbeat_age: float
    beat_lateness: float
    memory_bytes: int
    memory_limit_bytes: int
    memory_share: float | None
    """Used of what it may use before it is recycled, 0 to 1; None without a limit."""
    cpu_percent: float | None
    cpu_seconds: float
    """Processor time since it began, with what it started; like the limit, which is 0 where there is none."""
    cpu_limit_seconds: int
    sampled_at: datetime | None
    queue_size: int
    tasks_completed: int
    tasks_failed: int
    attempts: int
    busy_seconds: float
    average_seconds: float | None
    tasks_per_hour: float | None
    success_rate: float | None
    api_calls_per_task: float | None
    doing: Doing | None


@dataclass(frozen=True, kw_only=True)
class WorkerDetail:
    facts: WorkerFacts
    events: Sequence[Happening]
    errors: Sequence[Happening]
    rate_limits: Sequence[RateFacts] = ()
    """Of the services that its tools ask; none where the reader may not see rate limits."""


@dataclass(frozen=True, kw_only=True)
class ClusterFacts:
    key: str
    name: str
    host: str
    word: str
    """working, draining, drained, stopping, stopped, ended (in order), lost (not in order), or not heard of."""
    wish: str
    wish_by: str
    wish_reason: str
    wished_at: datetime | None
    queues: Sequence[str]
    kinds: Sequence[str]
    tools: Sequence[str]
    model: str
    size: int
    cpu_slots: int
    worker_memory_mb: int
    worker_cpu_seconds: int
    call_seconds: float
    version: str
    started_at: datetime
    workers: int
    """Present ones that were heard of."""
    busy: int
    queue_size: int
    tasks_completed: int
    tasks_failed: int
    names: Sequence[str] = field(default_factory=tuple)


# Workers


def workers(
    viewer: Any, *, host: str = "", cluster: str = "", is_present: bool | None = True, limit: int = MOST
) -> list[WorkerFacts]:
    """Those that are there (`is_present`), those that have ended (False), or both (None), newest first."""
    rows = Worker.objects.select_related("belongs_to")
    if is_present is not None:
        rows = rows.present() if is_present else rows.filter(status__in=Worker.ENDED)
    if host:
        rows = rows.on_host(host)
    if cluster:
        rows = rows.filter(Q(belongs_to__key=cluster) | Q(cluster=cluster))
    return _facts(list(rows.order_by("-pk")[: max(1, min(limit, MOST))]), viewer)


def worker(row: Worker, viewer: Any, *, limit: int = 50, with_rates: bool = False) -> WorkerDetail:
    """One worker with what happened to it, newest first. `with_rates`: the reader may see rate limits."""
    [facts] = _facts([row], viewer)
    return WorkerDetail(
        facts=facts,
        events=happenings.events(viewer, worker=row.name, limit=limit),
        errors=happenings.errors(viewer, worker=row.name, limit=limit),
        rate_limits=services.limits(facts.tools, facts.model) if with_rates else (),
    )


def _facts(rows: Sequence[Worker], viewer: Any) -> list[WorkerFacts]:
    if not rows:
        return []
    now = clock.now()
    doing = _doing(now, sight.of(viewer))
    waiting = _waiting({queue for row in rows if row.is_present for queue in row.queues})
    return [_worker(row, doing.get(row.name), waiting, now) for row in rows]


def _doing(now: datetime, viewer: Sight) -> dict[str, Doing]:
    """By worker; who holds what is the lease's word."""
    rows = Execution.objects.filter(task__status=Status.RUNNING).exclude(worker="").values(
        "worker", "task_id", "task__title", "task__requester_id", "task__attempt_count", "percent", "stage", "message", "line",
        "call", "control",
    )[:MOST]  # fmt: skip
    held = list(rows)
    attempts = Attempt.objects.filter(task_id__in=[row["task_id"] for row in held], ended_at=None)
    started = dict(attempts.values_list("task_id", "started_at"))
    doing = {row["worker"]: _one(row, started.get(row["task_id"]), now) for row in held}
    hidden = {row["worker"] for row in held if not viewer.reaches(row["task__requester_id"])}
    return {worker: _veiled(each) if worker in hidden else each for worker, each in doing.items()}


def _veiled(doing: Doing) -> Doing:
    return replace(doing, task_id=None, title="", attempt=0, percent=0.0, stage="", message="", line=None, call="",
                   control="")  # fmt: skip


def holds(names: Iterable[str]) -> bool:
    """Whether any of these workers holds a task."""
    return Execution.objects.filter(task__status=Status.RUNNING, worker__in=list(names)).exists()


def _one(row: Mapping[str, Any], started_at: datetime | None, now: datetime) -> Doing:
    return Doing(
        task_id=row["task_id"], title=row["task__title"], attempt=row["task__attempt_count"], started_at=started_at,
        seconds=max(0.0, (now - started_at).total_seconds()) if started_at else None, percent=row["percent"],
        stage=row["stage"], message=row["message"], line=row["line"], call=row["call"], control=row["control"],
    )  # fmt: skip


def _waiting(queues: Iterable[str]) -> dict[str, int]:
    """How many tasks wait in each queue, counted up to MOST_COUNTED."""
    pending = Task.objects.filter(status=Status.PENDING).order_by()
    return {queue: pending.filter(queue=queue)[:MOST_COUNTED].count() for queue in sorted(queues)}


def _worker(row: Worker, doing: Doing | None, waiting: Mapping[str, int], now: datetime) -> WorkerFacts:
    cluster = row.belongs_to
    is_silent = row.is_present and now - row.heartbeat_at > balance.heard()
    uptime = max(0.0, ((row.ended_at or now) - row.started_at).total_seconds())
    ended = row.tasks_completed + row.tasks_failed
    limit = cluster.worker_memory_mb * MIB if cluster else 0
    asked = row if row.wish or cluster is None else cluster
    return WorkerFacts(
        id=row.pk, name=row.name, type="process", host=row.host,
        session=f"process {row.pid} of boot {row.boot_id[:8]}, since {row.process_started:.2f}",
        cluster=row.cluster, cluster_key=cluster.key if cluster else "",
        status=row.status, word="silent" if is_silent else _word(row, asked.wish, doing),
        wish=asked.wish, wish_by=asked.wish_by, wish_reason=asked.wish_reason, wished_at=asked.wished_at,
        queues=row.queues, kinds=cluster.kinds if cluster else [], tools=cluster.tools if cluster else [],
        model=cluster.model if cluster else "", max_concurrent_tasks=1,
        call_seconds=cluster.call_seconds if cluster else 0.0, version=row.version,
        started_at=row.started_at, ended_at=row.ended_at, uptime_seconds=uptime,
        heartbeat_at=row.heartbeat_at, heartbeat_age=max(0.0, (now - row.heartbeat_at).total_seconds()),
        beat_lateness=row.beat_lateness,
        memory_bytes=row.memory_bytes, memory_limit_bytes=limit,
        memory_share=row.memory_bytes / limit if limit else None,
        cpu_percent=row.cpu_percent, cpu_seconds=row.cpu_seconds,
        cpu_limit_seconds=cluster.worker_cpu_seconds if cluster else 0, sampled_at=row.sampled_at,
        queue_size=sum(waiting.get(queue, 0) for queue in row.queues) if row.is_present else 0,
        tasks_completed=row.tasks_completed, tasks_failed=row.tasks_failed, attempts=row.attempts,
        busy_seconds=row.busy_seconds, average_seconds=_ratio(row.busy_seconds, row.attempts),
        tasks_per_hour=_ratio(3600 * ended, uptime), success_rate=_ratio(row.tasks_completed, ended),
        api_calls_per_task=_ratio(row.api_calls, row.attempts), doing=doing if row.is_present else None,
    )  # fmt: skip


def _word(row: Worker, wish: str, doing: Doing | None) -> str:
    if not row.is_present or not wish:
        return row.status
    return "draining" if doing or row.status == Worker.Status.BUSY else "drained"


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


# Clusters


def clusters() -> list[ClusterFacts]:
    """All that have ever been started here, by host and name, in five queries."""
    rows = list(Cluster.objects.all()[:MOST])
    present: dict[int, list[WorkerFacts]] = {row.pk: [] for row in rows}
    ids = dict(Worker.objects.present().exclude(belongs_to=None).values_list("pk", "belongs_to_id"))
    for facts in workers(sight.NOBODY):
        if (cluster_id := ids.get(facts.id)) in present:
            present[cluster_id].append(facts)
    waiting = _waiting({queue for row in rows if present[row.pk] for queue in row.queues})
    last = _last([row.pk for row in rows if not present[row.pk]])
    return [_cluster(row, present[row.pk], waiting, last.get(row.pk)) for row in rows]


def cluster(row: Cluster) -> ClusterFacts:
    return _cluster(row, workers(sight.NOBODY, cluster=row.key), _waiting(row.queues), _last([row.pk]).get(row.pk))


def _last(cluster_ids: Sequence[int]) -> dict[int, Worker]:
    """The newest worker of each of these clusters."""
    newest = Worker.objects.filter(belongs_to__in=cluster_ids).order_by().values("belongs_to").annotate(last=Max("pk"))
    rows = Worker.objects.filter(pk__in=list(newest.values_list("last", flat=True))) if cluster_ids else ()
    return {row.belongs_to_id: row for row in rows if row.belongs_to_id is not None}


def _cluster(
    row: Cluster, present: Sequence[WorkerFacts], waiting: Mapping[str, int], last: Worker | None
) -> ClusterFacts:
    heard = [facts for facts in present if facts.word != "silent"]
    busy = sum(facts.doing is not None for facts in heard)
    return ClusterFacts(
        key=row.key, name=row.name, host=row.host, word=_cluster_word(row, len(heard), busy, last),
        wish=row.wish, wish_by=row.wish_by, wish_reason=row.wish_reason, wished_at=row.wished_at,
        queues=row.queues, kinds=row.kinds, tools=row.tools, model=row.model, size=row.size,
        cpu_slots=row.cpu_slots,
        worker_memory_mb=row.worker_memory_mb, worker_cpu_seconds=row.worker_cpu_seconds,
        call_seconds=row.call_seconds, version=row.version, started_at=row.started_at, workers=len(heard), busy=busy,
        queue_size=sum(waiting.get(queue, 0) for queue in row.queues),
        tasks_completed=sum(facts.tasks_completed for facts in present),
        tasks_failed=sum(facts.tasks_failed for facts in present),
        names=sorted(facts.name for facts in heard),
    )  # fmt: skip


def _cluster_word(row: Cluster, heard: int, busy: int, last: Worker | None) -> str:
    if row.wish == Wish.STOP:
        return "stopping" if heard else "stopped"
    if not heard and last is not None and last.ended_at is not None:
        return "ended" if last.status == Worker.Status.STOPPED else "lost"
    if not heard:
        return "not heard of"
    if row.wish == Wish.DRAIN:
        return "draining" if busy else "drained"
    return "working"
