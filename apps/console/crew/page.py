"""What the page of queues and workers, and the page of one worker, show: gathered in a bounded number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from apps.console.crew import happened, limitrows, pulse, queuerows, workerrows
from apps.console.crew.happened import Line
from apps.console.crew.limitrows import LimitRow, RateRow
from apps.console.crew.queuerows import QueueRow
from apps.console.crew.workerrows import Crew, WorkerRow
from apps.core import clock
from apps.tasks.models import Attempt, Task
from apps.tasks.operators.queues import control
from apps.workers import steering
from apps.workers.answers import recovery, standing
from apps.workers.answers.recovery import Recovered, Report
from apps.workers.answers.services import RateFacts
from apps.workers.models import Worker

DAY = timedelta(days=1)
LOST_ROWS = 10
LAST_TASKS = 20


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What the reader may do here; the verbs check the same again."""

    queues: bool
    workers: bool
    limits: bool
    rates: bool
    audit: bool
    sees_queues: bool
    sees_limits: bool
    sees_rates: bool


@dataclass(frozen=True, kw_only=True)
class CrewPage:
    now: datetime
    rights: Rights
    queues: Sequence[QueueRow]
    crews: Sequence[Crew]
    limits: Sequence[LimitRow]
    rates: Sequence[RateRow]
    errors: Sequence[Line]
    happened: Sequence[Line]
    report: Report
    lost: Sequence[Recovered]

    @property
    def workers(self) -> list[WorkerRow]:
        return [row for crew in self.crews for row in crew.workers]

    @property
    def hosts(self) -> int:
        return len({row.facts.host for row in self.workers})

    @property
    def clusters(self) -> int:
        return sum(crew.cluster is not None and bool(crew.workers) for crew in self.crews)

    @property
    def busy(self) -> int:
        return sum(row.facts.doing is not None for row in self.workers)

    @property
    def heard(self) -> int:
        return sum(row.facts.word != "silent" for row in self.workers)

    @property
    def held_back(self) -> int:
        return sum(row.facts.word in ("draining", "drained", "stopping") for row in self.workers)

    @property
    def silent(self) -> int:
        return len(self.workers) - self.heard

    @property
    def pending(self) -> int:
        return sum(row.standing.pending for row in self.queues)

    @property
    def scheduled(self) -> int:
        return sum(row.standing.scheduled for row in self.queues)

    @property
    def running(self) -> int:
        return sum(row.standing.running for row in self.queues)

    @property
    def ended_per_minute(self) -> float:
        return sum(row.standing.ended_per_minute for row in self.queues)

    @property
    def start_p95(self) -> str:
        """Of the slowest queue in the last hour; empty when nothing started."""
        return pulse.latency(pulse.overall({row.standing.name: row.pulse for row in self.queues}))

    @property
    def unserved(self) -> list[QueueRow]:
        return [row for row in self.queues if row.standing.pending and not row.standing.served_by]

    @property
    def went_on(self) -> int:
        return sum(task.resumed_at is not None for task in self.report.tasks)


@dataclass(frozen=True, kw_only=True)
class WorkerPage:
    now: datetime
    rights: Rights
    row: WorkerRow
    rate_limits: Sequence[RateFacts]
    last: Sequence[Attempt]
    errors: Sequence[Line]
    events: Sequence[Line]


def rights(user: Any) -> Rights:
    return Rights(
        queues=user.has_perm(control.PERMISSION),
        workers=user.has_perm(steering.PERMISSION),
        limits=user.has_perm("tasks.change_limit"),
        rates=user.has_perm("tasks.change_ratelimit"),
        audit=user.has_perm("tasks.view_auditentry"),
        sees_queues=user.has_perm("tasks.view_queue"),
        sees_limits=user.has_perm("tasks.view_limit"),
        sees_rates=user.has_perm("tasks.view_ratelimit"),
    )


def gather(user: Any) -> CrewPage:
    now = clock.now()
    report = recovery.report(user, now - DAY, now)
    lost = [task for task in report.tasks if task.task_id is not None]
    tasks = sorted(lost, key=lambda task: task.lost_at, reverse=True)[:LOST_ROWS]
    may = rights(user)
    return CrewPage(
        now=now,
        rights=may,
        queues=queuerows.with_pulse(queuerows.rows(user, now), now) if may.sees_queues else [],
        crews=workerrows.crews(user),
        limits=limitrows.limits(user, now) if may.sees_limits else [],
        rates=limitrows.rates(now) if may.sees_rates else [],
        errors=happened.errors(user),
        happened=happened.lines(user, with_audit=may.audit),
        report=report,
        lost=tasks,
    )


def gather_worker(worker: Worker, user: Any) -> WorkerPage:
    may = rights(user)
    detail = standing.worker(worker, user, with_rates=may.sees_rates)
    mine = Attempt.objects.filter(worker=worker.name, task__in=Task.objects.visible_to(user))
    return WorkerPage(
        now=clock.now(),
        rights=may,
        row=workerrows.row(detail.facts),
        rate_limits=detail.rate_limits,
        last=list(mine.select_related("task").order_by("-pk")[:LAST_TASKS]),
        errors=happened.of_events(detail.errors),
        events=happened.of_events(detail.events),
    )
