"""What time and accidents do to tasks: leases that ran out, workers that died, timers, deadlines. Never runs a task."""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from apps.core import clock
from apps.tasks import bulk, leases, lifecycle, pruning
from apps.tasks.leases import Held
from apps.tasks.models import Queue, Task
from apps.tasks.states import Control, Status
from apps.workers import roster

log = structlog.get_logger(__name__)
AT_ONCE = 100
BULK_SECONDS = 0.3
"""For actions on many tasks in one sweep: the heartbeat sweeps, and has leases to keep."""


@dataclass(frozen=True, kw_only=True)
class Swept:
    rescued: int = 0
    woken: int = 0
    expired: int = 0
    shed: int = 0
    bulk: int = 0
    pruned: int = 0


def sweep() -> Swept:
    """Rescue, wake and expire what is due. Safe to run in any number of processes at once."""
    return Swept(
        rescued=rescue(),
        woken=wake(),
        expired=_expire(),
        shed=_shed(),
        bulk=bulk.work_on(seconds=BULK_SECONDS),
        pruned=pruning.turn(),
    )


def rescue() -> int:
    """Give back the tasks of workers that died, and of leases that ran out; say of whom nothing is heard."""
    dead = roster.dead_here()
    held = leases.held()
    names = {worker.name for worker in dead}
    rescued = sum(_rescue(lease, names) for lease in leases.expired(held, names))
    roster.mark_crashed(dead)
    roster.mark_offline()
    return rescued


def _rescue(lease: Held, dead: set[str]) -> bool:
    is_proved = lease.worker in dead
    why = f"worker {lease.worker} died" if is_proved else f"worker {lease.worker} sent no heartbeat"
    with transaction.atomic():
        done = lifecycle.rescue(lease.task_id, lease.token, why, is_proved=is_proved)
        if done:
            roster.note_rescue(lease.worker, lease.task_id, lease.token, why)
    if done:
        log.warning("task_rescued", task_id=lease.task_id, worker=lease.worker, why=why)
    return done


def wake() -> int:
    """Make suspended tasks claimable whose timer has run out."""
    due = Task.objects.due(clock.now()).values_list("pk", flat=True)[:AT_ONCE]
    return sum(lifecycle.wake(task_id) for task_id in due)


def _expire() -> int:
    asked = Q(status=Status.RUNNING, execution__control__in=(Control.CANCEL, Control.EXPIRE))
    # Those that have been asked already would else fill the page, and hide others that are due.
    overdue = (
        Task.objects.overdue(clock.now()).exclude(asked).order_by("deadline").values_list("pk", flat=True)[:AT_ONCE]
    )
    return sum(lifecycle.expire(task_id) for task_id in overdue)


def _shed() -> int:
    """Cancel what has waited for longer than its queue allows, the oldest first."""
    now = clock.now()
    count = 0
    for name, seconds in Queue.objects.filter(max_age_seconds__isnull=False).values_list("name", "max_age_seconds"):
        most = timedelta(seconds=seconds or 0)
        old = Task.objects.filter(
            status=Status.PENDING, queue=name, available_at__lt=now - most, started_at__isnull=True
        )
        task_ids = old.order_by("available_at").values_list("pk", flat=True)[:AT_ONCE]
        count += sum(lifecycle.shed(task_id, most) for task_id in task_ids)
    return count
