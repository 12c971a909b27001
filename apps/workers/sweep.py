"""What time and accidents do to tasks: leases that ran out, workers that died, timers, deadlines. Never runs a task."""

from dataclasses import dataclass

import structlog

from apps.core import clock
from apps.tasks import leases, lifecycle
from apps.tasks.leases import Held
from apps.tasks.models import Task
from apps.workers import roster

log = structlog.get_logger(__name__)
AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class Swept:
    rescued: int = 0
    woken: int = 0
    expired: int = 0


def sweep() -> Swept:
    """Rescue, wake and expire what is due. Safe to run in any number of processes at once."""
    return Swept(rescued=rescue(), woken=wake(), expired=_expire())


def rescue() -> int:
    """Give back the tasks of workers that died, and of leases that ran out."""
    dead = roster.dead_here()
    held = leases.held()
    names = {worker.name for worker in dead}
    rescued = sum(_rescue(lease, names) for lease in leases.expired(held, names))
    roster.mark_crashed(dead)
    return rescued


def _rescue(lease: Held, dead: set[str]) -> bool:
    is_proved = lease.worker in dead
    why = f"worker {lease.worker} died" if is_proved else f"worker {lease.worker} sent no heartbeat"
    done = lifecycle.rescue(lease.task_id, lease.token, why, is_proved=is_proved)
    if done:
        log.warning("task_rescued", task_id=lease.task_id, worker=lease.worker, why=why)
    return done


def wake() -> int:
    """Make suspended tasks claimable whose timer has run out."""
    due = Task.objects.due(clock.now()).values_list("pk", flat=True)[:AT_ONCE]
    return sum(lifecycle.wake(task_id) for task_id in due)


def _expire() -> int:
    overdue = Task.objects.overdue(clock.now()).values_list("pk", flat=True)[:AT_ONCE]
    return sum(lifecycle.expire(task_id) for task_id in overdue)
