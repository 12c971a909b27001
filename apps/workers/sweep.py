"""What time and accidents do to tasks: leases that ran out, workers that died, timers, deadlines. Never runs a task.

Each chore, and in it each task, fails for itself: what is wrong with one keeps no other from its turn. A failure is
logged, counted, and told among the errors of the cluster, there at most once in TELL_SECONDS for each chore.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeVar

import structlog
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import Q

from apps.core import clock
from apps.core.errors import ChantillyError
from apps.tasks import approvals, lifecycle
from apps.tasks.lifecycle import family
from apps.tasks.models import Queue, Task
from apps.tasks.operators import bulk
from apps.tasks.record import leases
from apps.tasks.record.leases import Held
from apps.tasks.retention import chores, pruning
from apps.tasks.states import Control, Status
from apps.workers.models import ClusterEvent
from apps.workers.registry import events, roster

Item = TypeVar("Item")
log = structlog.get_logger(__name__)
AT_ONCE = 100
BULK_SECONDS = 0.7
"""For actions on many tasks in one sweep: the heartbeat sweeps, and has leases to keep."""
TELL_SECONDS = 600.0
FAILURES = (DatabaseError, InterfaceError, OSError, ChantillyError)

failures: Counter[str] = Counter()
"""How often each chore has failed in this process."""


@dataclass(frozen=True, kw_only=True)
class Swept:
    rescued: int = 0
    woken: int = 0
    expired: int = 0
    shed: int = 0
    approvals: int = 0
    followed: int = 0
    bulk: int = 0
    pruned: int = 0
    failed: tuple[str, ...] = ()
    """Chores of which something failed."""


def sweep() -> Swept:
    """Rescue, wake and expire what is due. Safe to run in any number of processes at once.

    Raises the database's error when that has gone away; no other failure of a chore.
    """
    before = failures.copy()
    return Swept(
        rescued=_carefully("rescue", rescue),
        woken=_carefully("wake", wake),
        expired=_carefully("expire", _expire),
        shed=_carefully("shed", _shed),
        approvals=_carefully("approvals", approvals.due),
        followed=_carefully("family", _follow),
        bulk=_carefully("bulk", lambda: bulk.work_on(seconds=BULK_SECONDS)),
        pruned=_carefully("prune", pruning.turn),
        failed=tuple(sorted(failures - before)),
    )


def _carefully(chore: str, do: Callable[[], int]) -> int:
    """What it did; 0 when it failed, which is noted."""
    try:
        return do()
    except FAILURES as error:
        _note(chore, error)
        return 0


def _each(chore: str, items: Iterable[Item], do: Callable[[Item], bool]) -> int:
    """How many of them it did something for. One bad item strands no other."""
    return sum(_carefully(chore, partial(do, item)) for item in items)


def _note(chore: str, error: Exception) -> None:
    """Raises the error again when the database has gone away: then nothing can be noted, and nothing else done."""
    if isinstance(error, DatabaseError | InterfaceError) and not (connection.connection and connection.is_usable()):
        connection.close()
        raise error
    failures[chore] += 1
    log.error("chore_failed", chore=chore, count=failures[chore], error=str(error), exc_info=error)
    with suppress(DatabaseError):  # a full disk, say: the log has it
        if chores.take(f"telling:{chore}", TELL_SECONDS) is not None:
            events.of_cluster(
                ClusterEvent.Kind.WORKER_ERROR, f"The chore {chore} failed: {type(error).__name__}: {error}".strip(),
                action="All other chores go on; this one is tried again.",
            )  # fmt: skip


def rescue() -> int:
    """Give back the tasks of workers that died, and of leases that ran out; say of whom nothing is heard."""
    dead = roster.dead_here()
    held = leases.held()
    names = {worker.name for worker in dead}
    rescued = _each("rescue", leases.expired(held, names), lambda lease: _rescue(lease, names))
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
    return _each("wake", due, lifecycle.wake)


def _expire() -> int:
    asked = Q(status=Status.RUNNING, execution__control__in=(Control.CANCEL, Control.EXPIRE))
    # Those that have been asked already would else fill the page, and hide others that are due.
    overdue = (
        Task.objects.overdue(clock.now()).exclude(asked).order_by("deadline").values_list("pk", flat=True)[:AT_ONCE]
    )
    return _each("expire", overdue, lifecycle.expire)


def _follow() -> int:
    """Open children that are not yet paused, cancelled or resumed as their parent is."""
    return sum(_carefully("family", partial(family.follow, task_id)) for task_id in family.parents_to_follow(AT_ONCE))


def _shed() -> int:
    """Cancel what has waited for longer than its queue allows, the oldest first."""
    now = clock.now()
    count = 0
    limited = Queue.objects.filter(max_age_seconds__isnull=False, is_paused=False)
    for name, seconds, resumed_at in limited.values_list("name", "max_age_seconds", "resumed_at"):
        most = timedelta(seconds=seconds or 0)
        if resumed_at is not None and now - resumed_at <= most:
            continue  # people held its tasks back: none of them has waited for so long since
        old = Task.objects.filter(
            status=Status.PENDING, queue=name, available_at__lt=now - most, started_at__isnull=True
        )
        task_ids = old.order_by("available_at").values_list("pk", flat=True)[:AT_ONCE]
        count += _each("shed", task_ids, partial(lifecycle.shed, most=most))
    return count
