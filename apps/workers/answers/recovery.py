"""What became of the tasks of workers that were lost: from the events of the crash, and the attempts before and after."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from apps.core.saying import count
from apps.tasks.models import Attempt, Event, Task
from apps.workers.models import ClusterEvent

Kind = ClusterEvent.Kind
LOST = (Kind.WORKER_CRASHED, Kind.WORKER_OFFLINE, Kind.WORKER_KILLED)
MOST = 500


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """A task that a lost worker held. `resumed_at` is None while nobody has taken it again.

    `task_id` is None and the texts are empty where the reader may not see the task.
    """

    task_id: int | None
    title: str
    status: str
    worker: str
    attempt: int
    reason: str
    lost_at: datetime
    """When it was given back."""
    resumed_at: datetime | None
    resumed_by: str
    waited_seconds: float | None
    source: str
    """`checkpoint`, `record` (replayed from the top), `start` (nothing was on record), or "" while unknown."""
    calls_kept: int
    """Calls on record that were not repeated."""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A worker that was lost, and what became of its tasks."""

    event_id: int
    at: datetime
    worker: str
    host: str
    cluster: str
    kind: str
    reason: str
    tasks: Sequence[Recovered]


@dataclass(frozen=True, kw_only=True)
class Report:
    since: datetime
    until: datetime
    losses: Sequence[Loss]
    given_back: Sequence[Recovered]
    """Tasks whose worker lost its lease without being called lost itself: it was slow, or cut off from the database."""

    @property
    def tasks(self) -> list[Recovered]:
        return [*(task for loss in self.losses for task in loss.tasks), *self.given_back]

    @property
    def message(self) -> str:
        tasks = self.tasks
        again = sum(task.resumed_at is not None for task in tasks)
        kept = sum(task.calls_kept for task in tasks)
        longest = max((task.waited_seconds for task in tasks if task.waited_seconds is not None), default=None)
        wait = "" if longest is None else f", at most {longest:.1f} s later"
        return (
            f"{count(len(self.losses), 'worker')} lost, {count(len(tasks), 'task')} given back, {again} went on{wait};"
            f" {count(kept, 'call')} not repeated."
        )


def report(viewer: Any, since: datetime, until: datetime, *, worker: str = "") -> Report:
    """What was lost in that time, newest first, at most MOST workers and tasks each. A bounded number of queries."""
    within = ClusterEvent.objects.filter(at__gte=since, at__lte=until, **({"worker": worker} if worker else {}))
    lost = list(within.filter(kind__in=LOST).order_by("-at", "-id")[:MOST])
    rescued = list(within.filter(kind=Kind.TASK_RESCUED).order_by("-at", "-id")[:MOST])
    by_worker = defaultdict(list)
    seen = Task.objects.all().seen_among(viewer, (event.task_id for event in (*lost, *rescued) if event.task_id))
    for task in _recovered(rescued, seen):
        by_worker[task.worker].append(task)
    losses = [_loss(event, by_worker.pop(event.worker, []), seen) for event in _one_for_each_worker(lost)]
    rest = [task for tasks in by_worker.values() for task in tasks]
    return Report(since=since, until=until, losses=losses, given_back=rest)


def veiled(event: ClusterEvent) -> str:
    """What happened to the worker, for who may not see the task; of a task's own error nothing."""
    return event.reason.replace(f"task {event.task_id}", "a task") if event.kind in LOST else ""


def _one_for_each_worker(lost: Iterable[ClusterEvent]) -> list[ClusterEvent]:
    """A worker that the supervisor killed is found crashed a moment later: one loss, told by whoever says why."""
    told: dict[str, ClusterEvent] = {}
    for event in lost:
        known = told.get(event.worker)
        if known is None or event.kind == Kind.WORKER_KILLED:
            told[event.worker] = event
    return list(told.values())


def _loss(event: ClusterEvent, tasks: list[Recovered], seen: set[int]) -> Loss:
    return Loss(
        event_id=event.pk, at=event.at, worker=event.worker, host=event.host, cluster=event.cluster, kind=event.kind,
        reason=event.reason if event.task_id in {None, *seen} else veiled(event), tasks=tasks,
    )  # fmt: skip


def _recovered(events: Sequence[ClusterEvent], seen: set[int]) -> list[Recovered]:
    pairs = [(event.task_id, event.attempt) for event in events if event.task_id and event.attempt]
    tasks = {task.pk: task for task in Task.objects.filter(pk__in={pk for pk, _ in pairs}).only("title", "status")}
    after = next_attempts(pairs)
    resumptions = _resumptions(after.values())
    found = [
        _one(event, tasks[event.task_id], after.get((event.task_id, event.attempt or 0)), resumptions)
        for event in events
        if event.task_id in tasks
    ]
    return [each if each.task_id in seen else _veiled(each) for each in found]


def _veiled(task: Recovered) -> Recovered:
    return replace(task, task_id=None, title="", status="", attempt=0, reason="")


def next_attempts(pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Attempt]:
    """The attempt after each (task, number), where there is one."""
    numbers = {number + 1 for _, number in pairs}
    rows = Attempt.objects.filter(task_id__in={task_id for task_id, _ in pairs}, number__in=numbers)
    return {(attempt.task_id, attempt.number - 1): attempt for attempt in rows}


def _resumptions(attempts: Iterable[Attempt]) -> Mapping[tuple[int, int], dict[str, object]]:
    """What each of these attempts said when it went on: {(task, attempt): data of task.resumed_at}."""
    ids = {attempt.task_id for attempt in attempts}
    events = Event.objects.filter(task_id__in=ids, kind="task.resumed_at").values_list("task_id", "data")
    return {(task_id, data.get("attempt")): data for task_id, data in events}


def _one(
    event: ClusterEvent, task: Task, attempt: Attempt | None, resumptions: Mapping[tuple[int, int], dict[str, object]]
) -> Recovered:
    said = resumptions.get((attempt.task_id, attempt.number)) if attempt else None
    return Recovered(
        task_id=task.pk, title=task.title, status=task.status, worker=event.worker, attempt=event.attempt or 0,
        reason=event.reason, lost_at=event.at,
        resumed_at=attempt.started_at if attempt else None,
        resumed_by=attempt.worker if attempt else "",
        waited_seconds=max(0.0, (attempt.started_at - event.at).total_seconds()) if attempt else None,
        source=_source(attempt, said),
        calls_kept=int(str(said.get("kept", 0))) if said else attempt.first_step if attempt else 0,
    )  # fmt: skip


def _source(attempt: Attempt | None, said: dict[str, object] | None) -> str:
    if attempt is None:
        return ""
    if said is None:  # it made no call beyond the record, or none yet
        return "start" if attempt.first_step == 0 else "record"
    return "checkpoint" if said.get("checkpoint") is not None else "record"
