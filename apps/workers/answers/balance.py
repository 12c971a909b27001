"""Who could take a task, and when moving running ones between hosts evens the load."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from apps.tasks.models import Execution
from apps.tasks.states import Status
from apps.workers.models import Worker, WorkerQuerySet

MOST_RUNNING = 5_000


@dataclass(frozen=True, kw_only=True)
class Running:
    """A task that may be moved: its queue, and how much it has done since its worker took it."""

    task_id: int
    queue: str
    calls: int = 0


@dataclass(kw_only=True)
class Load:
    """A host: what its willing workers do. `idle`: the queues of each that does nothing."""

    host: str
    running: list[Running] = field(default_factory=list)
    idle: list[frozenset[str]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.running) + len(self.idle)

    @property
    def share(self) -> float:
        return len(self.running) / self.size


def heard() -> timedelta:
    """For how long a worker is believed to live without a heartbeat."""
    return timedelta(seconds=settings.HEARTBEATS_MISSED * settings.HEARTBEAT_SECONDS)


def live() -> WorkerQuerySet:
    """Workers that beat and take tasks."""
    workers: WorkerQuerySet = Worker.objects.present().willing().filter(heartbeat_at__gte=Now() - heard())
    return workers


def serving(queue: str) -> WorkerQuerySet:
    """Live workers of a queue. Few rows exist, and SQLite cannot look into JSON lists by an index."""
    names = [name for name, queues in live().values_list("name", "queues") if queue in queues]
    return Worker.objects.filter(name__in=names)


def loads() -> list[Load]:
    """What the hosts do now, in two queries; who holds a task is its lease's word, not the heartbeat's."""
    running = _running()
    by_host: dict[str, Load] = {}
    for name, host, queues in live().values_list("name", "host", "queues"):
        load = by_host.setdefault(host, Load(host=host))
        if found := running.get(name):
            load.running.append(found)
        else:
            load.idle.append(frozenset(queues))
    return list(by_host.values())


def _running() -> dict[str, Running]:
    rows = Execution.objects.filter(task__status=Status.RUNNING, control="").values_list(
        "worker", "task_id", "task__queue", "steps"
    )
    return {
        worker: Running(task_id=task_id, queue=queue, calls=steps)
        for worker, task_id, queue, steps in rows[:MOST_RUNNING]
    }


def moves(hosts: Sequence[Load]) -> list[int]:
    """Tasks to move, one after another: from a full host to the emptiest that can take it, while that evens the load.

    Of a host's tasks the one with the fewest recorded calls goes: it has the least to be answered from the record.
    """
    hosts = [Load(host=load.host, running=list(load.running), idle=list(load.idle)) for load in hosts]
    full = {load.host for load in hosts if load.running and not load.idle}
    moved: list[int] = []
    while step := _step(hosts, full):
        giver, taker, task = step
        giver.running.remove(task)
        giver.idle.append(frozenset({task.queue}))
        taker.idle.remove(next(queues for queues in taker.idle if task.queue in queues))
        taker.running.append(task)
        moved.append(task.task_id)
    return moved


def _step(hosts: Sequence[Load], full: set[str]) -> tuple[Load, Load, Running] | None:
    # A task that is alone on its host shares it with nobody: moving it would gain nothing.
    givers = [load for load in hosts if load.host in full and len(load.running) > 1]
    for giver in sorted(givers, key=lambda load: -load.share):
        for taker in sorted(hosts, key=lambda load: load.share):
            if taker is giver or not taker.idle or not _evens(giver, taker):
                continue
            for task in sorted(giver.running, key=lambda running: running.calls):
                if any(task.queue in queues for queues in taker.idle):
                    return giver, taker, task
    return None


def _evens(giver: Load, taker: Load) -> bool:
    """Whether the busier of the two would afterwards be less busy than the busier is now."""
    after = max((len(giver.running) - 1) / giver.size, (len(taker.running) + 1) / taker.size)
    return after < giver.share
