"""What a waiting task waits behind: the tasks that run, its place among those that wait, and the measured pace.

Each question is one query for any number of tasks.
"""

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import Any

from django.db import connection

from apps.core import clock
from apps.tasks import sql, standing
from apps.tasks.limits.gates import Bound
from apps.tasks.models import Limit, Task
from apps.tasks.states import Status

MOST_AHEAD = 1_000
"""Tasks ahead are counted up to so many."""
LOOKED_AT = 200
"""Running tasks, completed ones that the pace is measured by, and waiting ones of a queue whose claims are foreseen."""
MOST_QUEUES = 5

ALIKE = {
    "queue": "",
    "template": " AND a.template_id = t.template_id",
    "user": " AND a.requester_id = t.requester_id",
    "template and user": " AND a.template_id = t.template_id AND a.requester_id = t.requester_id",
    "key": " AND a.template_id = t.template_id AND a.limit_key = t.limit_key",
    "cores": " AND a.is_cpu_intensive",
}
"""Which tasks ahead count, by what holds a task back."""
AHEAD = (
    "SELECT t.id, (SELECT count(*) FROM (SELECT 1 FROM tasks_task a WHERE a.status = 'pending' AND a.queue = t.queue"
    " AND a.rank >= t.rank AND (a.rank > t.rank OR a.id < t.id) AND a.available_at <= %s{alike}"
    f" LIMIT {MOST_AHEAD}) AS ahead) FROM tasks_task t WHERE t.id IN ({{ids}})"
)


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A task that runs now. `seconds_left`: by its own progress or its template's pace; None when neither is known."""

    task_id: int
    title: str
    template_id: int
    requester_id: int
    queue: str
    limit_key: str
    is_cpu_intensive: bool
    host: str
    worker: str
    seconds_left: float | None


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Mean seconds of what completed last, by template and by queue; nothing where nothing has completed."""

    of_template: Mapping[int, float]
    of_queue: Mapping[str, float]


def pace() -> Pace:
    done = Task.objects.filter(status=Status.COMPLETED, started_at__isnull=False).order_by("-id")
    templates: dict[int, list[float]] = {}
    queues: dict[str, list[float]] = {}
    for task in done.only("template_id", "queue", "started_at", "finished_at")[:LOOKED_AT]:
        template, queue = task.template_id, task.queue
        seconds = standing.elapsed(task, clock.now()) or 0.0
        templates.setdefault(template, []).append(seconds)
        queues.setdefault(queue, []).append(seconds)
    return Pace(
        of_template={template: fmean(times) for template, times in templates.items()},
        of_queue={queue: fmean(times) for queue, times in queues.items()},
    )


def runners(now: datetime, measured: Pace) -> list[Runner]:
    tasks = Task.objects.filter(status=Status.RUNNING).select_related("execution").order_by("id")[:LOOKED_AT]
    return [
        Runner(
            task_id=task.pk,
            title=task.title,
            template_id=task.template_id,
            requester_id=task.requester_id,
            queue=task.queue,
            limit_key=task.limit_key,
            is_cpu_intensive=task.is_cpu_intensive,
            host=task.execution.host,
            worker=task.execution.worker,
            seconds_left=_seconds_left(task, now, measured),
        )
        for task in tasks
    ]


def _seconds_left(task: Task, now: datetime, measured: Pace) -> float | None:
    spent = standing.elapsed(task, now) or 0.0
    if task.execution.percent >= standing.TRUSTED_PERCENT:
        return standing.remaining(task, spent)
    usual = measured.of_template.get(task.template_id)
    return None if usual is None or spent > usual else usual - spent


def touches(bound: Bound, task: Task | Runner) -> bool:
    """Whether the limit is about tasks like this one."""
    match bound.scope:
        case Limit.Scope.QUEUE:
            return task.queue == bound.queue
        case Limit.Scope.TEMPLATE:
            return task.template_id == bound.template_id
        case Limit.Scope.USER:
            same_template = bound.template_id in (None, task.template_id)
            return same_template and bound.user_id in (None, task.requester_id)
        case _:
            return task.template_id == bound.template_id and bool(task.limit_key)


def rivals(bound: Bound, task: Task, running: Iterable[Runner]) -> list[Runner]:
    """What runs in the task's group of the limit."""
    return [other for other in running if touches(bound, other) and _same_group(bound, task, other)]


def _same_group(bound: Bound, task: Task, other: Runner) -> bool:
    match bound.scope:
        case Limit.Scope.USER:
            return task.requester_id == other.requester_id
        case Limit.Scope.KEY:
            return task.limit_key == other.limit_key
    return True


def alike(bound: Bound) -> str:
    """The key into ALIKE of the tasks that wait for the same limit."""
    if bound.scope == Limit.Scope.USER and bound.template_id is not None:
        return "template and user"
    return bound.scope


def ahead(
    task_ids: Collection[int], kind: str, now: datetime, free: tuple[str, Sequence[Any]] = ("", ())
) -> dict[int, int]:
    """How many go before each of these pending tasks, counted up to MOST_AHEAD. `free`: a further condition on `a`."""
    if not task_ids:
        return {}
    condition, values = free
    statement = AHEAD.format(alike=ALIKE[kind] + condition, ids=", ".join(["%s"] * len(task_ids)))
    with connection.cursor() as cursor:
        cursor.execute(statement, [sql.moment(now), *values, *task_ids])
        return dict(cursor.fetchall())


def heads(queues: Sequence[str], now: datetime) -> list[Task]:
    """The next to be claimed of these queues, best first: LOOKED_AT of each of the first MOST_QUEUES. A query for each."""
    names = ("rank", "template_id", "requester_id", "queue", "limit_key", "is_cpu_intensive", "kind")
    found: list[Task] = []
    for queue in queues[:MOST_QUEUES]:
        line = Task.objects.claimable([queue], now).select_related("revision")
        found += line.only(*names, "revision__required_tools")[:LOOKED_AT]
    return sorted(found, key=lambda task: (-task.rank, task.pk))


def starts_in(place: int, slots: Sequence[float | None], seconds: float | None) -> float | None:
    """Seconds until the `place`-th that waits begins, when slots free up after `slots`; None: that is not known.

    `seconds`: what one that goes before takes. Pure.
    """
    known = [left for left in slots if left is not None]
    if not known or len(known) < len(slots) or (place > 1 and seconds is None):
        return None
    heapq.heapify(known)
    for _ in range(place - 1):
        heapq.heappush(known, heapq.heappop(known) + (seconds or 0.0))
    return known[0]
