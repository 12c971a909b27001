"""Who paused or drained a queue, when and why. The row names one of the two; the audit has both."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max
from django.utils import timezone

from apps.tasks.models import AuditEntry, Queue

_VERBS = {"queue.paused": "paused", "queue.drained": "draining"}


@dataclass(frozen=True, kw_only=True)
class Stop:
    by: str
    actor_id: int | None
    at: datetime
    reason: str

    @classmethod
    def of(cls, row: Queue) -> "Stop":
        """By the row alone: it was set without a verb."""
        by = row.changed_by.get_username() if row.changed_by else ""
        return cls(by=by, actor_id=row.changed_by_id, at=row.changed_at, reason=row.reason)

    def words(self, now: datetime) -> str:
        """'by bruno since 10:12 (“printer change”)'."""
        local = timezone.localtime(self.at)
        is_today = local.date() == timezone.localtime(now).date()
        since = f"{local:%H:%M}" if is_today else f"{local.day} {local:%B %H:%M}"
        who = f"by {self.by} " if self.by else ""
        return f"{who}since {since}" + (f" (“{self.reason}”)" if self.reason else "")


def last(rows: Iterable[Queue]) -> dict[tuple[str, str], Stop]:
    """By (queue, 'paused' or 'draining'), for what holds now; two queries whatever the number of queues."""
    held = {row.name: {"paused": row.is_paused, "draining": row.is_draining} for row in rows}
    subjects = [f"queue:{name}" for name, states in held.items() if any(states.values())]
    if not subjects:
        return {}
    entries = AuditEntry.objects.filter(subject__in=subjects, verb__in=_VERBS)
    newest = entries.order_by().values("subject", "verb").annotate(newest=Max("pk")).values_list("newest", flat=True)
    found = {}
    for entry in AuditEntry.objects.filter(pk__in=list(newest)):
        name, state = entry.subject.removeprefix("queue:"), _VERBS[entry.verb]
        if held[name][state]:
            found[name, state] = Stop(by=entry.actor_name, actor_id=entry.actor_id, at=entry.at, reason=entry.reason)
    return found
