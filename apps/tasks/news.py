"""How the rest of the world hears of a change: one signal and one hint, after the commit, with ids only."""

from collections.abc import Iterable

import structlog
from django.db import transaction
from django.dispatch import Signal

from apps.core import hints
from apps.tasks.limits import gates

log = structlog.get_logger("chantilly.events")

SLOT_FREEING = frozenset(
    {"task.completed", "task.failed", "task.cancelled", "task.suspended", "task.paused", "task.retry_scheduled"}
)
"""After these a slot may be free; the others that end an attempt make the task claimable anyway."""

ROUTINE = frozenset({"task.submitted", "task.claimed", "task.completed"})

changed = Signal()
"""Sent after a task's event is committed: sender=Task, task_id, kind. Receivers read the database for the rest."""


def publish(task_id: int, kind: str, *, is_claimable: bool = False, frees_slot: bool | None = None) -> None:
    """After the running transaction commits, tell pages (and workers, when there is something to claim).

    `frees_slot`: whether an end lets another begin; not given, it does wherever there are limits.
    """
    if kind in SLOT_FREEING:
        is_claimable = is_claimable or (gates.is_narrow_here() if frees_slot is None else frees_slot)

    def send() -> None:
        _send(task_id, kind, is_claimable)

    # Robust: what a receiver does wrong is logged, and is no failure of the verb, which has happened.
    transaction.on_commit(send, robust=True)


def woken(task_ids: Iterable[int]) -> None:
    """What these waited for has come, or their turn: workers hear that they can be claimed."""
    for task_id in task_ids:
        publish(task_id, "task.woken", is_claimable=True)


def _send(task_id: int, kind: str, is_claimable: bool) -> None:
    # Not a line for each by default: the event is on record, and a line costs as much as a short task's share of a commit.
    (log.debug if kind in ROUTINE else log.info)(kind, task_id=task_id)
    hints.send(hints.FEED, task_id)
    if is_claimable:
        hints.send(hints.WORK, task_id)
    changed.send(sender=None, task_id=task_id, kind=kind)
