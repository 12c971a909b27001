"""Who did what to queues, limits, workers or many tasks. What happened to one task is in its feed."""

from typing import Any

from apps.tasks.models import AuditEntry


def record(actor: Any, verb: str, subject: str, *, reason: str = "", **data: Any) -> AuditEntry:
    """Add an entry in the caller's transaction: `record(alice, "queue.paused", "queue:reports", reason="printer")`.

    `data` says what was and what is: `before={"most": 5}, after={"most": 12}`; JSON values only.
    """
    return AuditEntry.objects.create(
        actor=actor if getattr(actor, "pk", None) else None,
        actor_name=actor.get_username() if actor is not None else "",
        verb=verb,
        subject=subject,
        reason=reason[:300],
        data=data,
    )
