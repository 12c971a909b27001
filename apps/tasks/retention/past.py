"""What is known of a task that was removed, for those who could see it while it was there."""

from typing import Any

from apps.core.errors import Gone, NotFound
from apps.tasks import sight
from apps.tasks.models import Tombstone


def tombstone(task_id: int, user: Any) -> Tombstone | None:
    """Whose task it was, and who may see everybody's, learn that it was there; nobody else does."""
    row = Tombstone.objects.filter(pk=task_id).first() if user.is_active and task_id < 2**63 else None
    if row is None or row.requester_id == user.pk or sight.sees_all(user):
        return row
    return None


def sentence(row: Tombstone) -> str:
    return (
        f"Task {row.task_id}, {row.title}, {row.status} on {row.finished_at:%Y-%m-%d %H:%M} UTC, was removed on"
        f" {row.removed_at:%Y-%m-%d}: {row.reason}."
    )


def missing(task_id: int, user: Any, otherwise: str = "") -> NotFound:
    """The error for a task that is not there: Gone, with when and why, or the same NotFound for all who may not know."""
    row = tombstone(task_id, user)
    if row is not None:
        return Gone(sentence(row))
    return NotFound(otherwise or f"There is no task {task_id} that you may see.")
