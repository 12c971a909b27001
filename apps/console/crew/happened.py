"""What happened to workers and queues, by itself and by people, as one list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.core.saying import sentence
from apps.tasks.models import AuditEntry
from apps.workers import happenings
from apps.workers.happenings import Happening

ROWS = 14
_EVENTS = {
    "cluster.started": ("completed", "worker", "Cluster {who} started"),
    "cluster.stopped": ("cancelled", "cancelled", "Cluster {who} stopped"),
    "cluster.exited": ("failed", "failed", "Cluster {who} ended unexpectedly"),
    "cluster.restarted": ("completed", "resume", "Cluster {who} was started again"),
    "worker.registered": ("completed", "worker", "{who} started"),
    "worker.drained": ("paused", "down", "{who} drained"),
    "worker.resumed": ("completed", "resume", "{who} works again"),
    "worker.recycled": ("pending", "resume", "{who} was recycled"),
    "worker.stopped": ("cancelled", "cancelled", "{who} stopped"),
    "worker.killed": ("failed", "failed", "{who} was killed"),
    "worker.crashed": ("failed", "failed", "{who} crashed"),
    "worker.offline": ("failed", "warning", "{who} is not heard of any more"),
    "worker.returned": ("completed", "resume", "{who} is heard of again"),
    "worker.error": ("failed", "warning", "{who} met an error"),
    "task.rescued": ("completed", "resume", "Task {task} was given back by {who}"),
}
_STOPS = {"paused", "drained", "stopped", "cleaned", "removed"}


@dataclass(frozen=True, kw_only=True)
class Line:
    at: datetime
    look: str
    icon: str
    text: str
    detail: str
    worker: str = ""
    task_id: int | None = None


def lines(limit: int = ROWS, *, with_audit: bool) -> list[Line]:
    """Newest first, at most two queries; what people did only for those who may see the audit."""
    events = [of_event(each) for each in happenings.events(limit=limit)]
    acts = [of_entry(entry) for entry in AuditEntry.objects.order_by("-id")[:limit]] if with_audit else []
    return sorted([*events, *acts], key=lambda line: line.at, reverse=True)[:limit]


def of_events(events: Sequence[Happening]) -> list[Line]:
    return [of_event(each) for each in events]


def of_event(event: Happening) -> Line:
    who = event.worker or event.cluster
    look, icon, words = _EVENTS.get(event.kind, ("pending", "info", f"{{who}}: {event.kind}"))
    again = f"It went on at {event.recovered_at:%H:%M:%S}." if event.recovered_at else ""
    return Line(
        at=event.at, look=look, icon=icon, text=words.format(who=who, task=event.task_id),
        detail=" ".join(filter(None, [sentence(event.reason), sentence(event.action), again])),
        worker=event.worker, task_id=event.task_id,
    )  # fmt: skip


def of_entry(entry: AuditEntry) -> Line:
    done = entry.verb.rpartition(".")[2]
    by = f" by {entry.actor_name}" if entry.actor_name else ""
    subject = entry.subject.replace(":", " ", 1)
    return Line(
        at=entry.at, look="paused" if done in _STOPS else "person", icon="paused" if done in _STOPS else "person",
        text=f"{subject[:1].upper()}{subject[1:]} {done}{by}", detail=f"“{entry.reason}”" if entry.reason else "",
    )  # fmt: skip
