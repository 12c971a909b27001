"""What happens to an approval is on record three times: its row, the audit that outlives it, the feed of its task.

Whoever is to hear of it gets a notice, in the same transaction.
"""

from datetime import datetime
from typing import Any

from apps.tasks import news
from apps.tasks.approvals import telling
from apps.tasks.models import Approval, AuditEntry
from apps.tasks.operators import audit
from apps.tasks.record import feed


def subject(approval_id: int) -> str:
    return f"approval:{approval_id}"


def note(approval: Approval, act: str, now: datetime, by: Any = None, comment: str = "", **data: Any) -> None:
    """In the caller's transaction. `act`: asked, reminded, escalated, delegated, decided, expired, withdrawn."""
    told = {"title": approval.title, **data}
    audit.record(by, f"approval.{act}", subject(approval.pk), reason=comment, task=approval.task_id, **told)
    kind = f"task.approval_{act}"
    feed.append(approval.task_id, kind, now, by, {"approval": approval.pk, "reason": comment[:300], **told})
    telling.tell(approval, act, now, by)
    news.publish(approval.task_id, kind)


def history(approval: Approval) -> list[AuditEntry]:
    """Oldest first."""
    return list(AuditEntry.objects.filter(subject=subject(approval.pk)).select_related("actor").order_by("id"))
