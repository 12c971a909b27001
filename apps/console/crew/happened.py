"""What happened to workers and queues, by itself and by people, as one list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.utils import timezone

from apps.core.saying import sentence
from apps.tasks.models import AuditEntry
from apps.workers.answers import happenings
from apps.workers.answers.happenings import Happening

ROWS = 14
ERRORS = 8
ROUTINE = {"worker.recycled", "worker.registered"}
"""What happens all day by itself; where it comes in rows, one line counts it."""
FOLDED_FROM = 3
READ = 60
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
    "task.rescued": ("completed", "resume", "{task} was given back by {who}"),
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
    reason: str = ""
    outcome: str = ""
    """What was done about it, and when its task went on."""


def lines(viewer: Any, limit: int = ROWS, *, with_audit: bool) -> list[Line]:
    """Newest first, at most two queries; what people did only for those who may see the audit."""
    events = _folded(happenings.events(viewer, limit=READ))
    acts = [of_entry(entry) for entry in AuditEntry.objects.order_by("-id")[:limit]] if with_audit else []
    return sorted([*events, *acts], key=lambda line: line.at, reverse=True)[:limit]


def errors(viewer: Any) -> list[Line]:
    """What went wrong last, with what was done about it and when its task went on; newest first."""
    return of_events(happenings.errors(viewer, limit=ERRORS))


def _folded(events: Sequence[Happening]) -> list[Line]:
    found: list[Line] = []
    for is_routine, group in groupby(events, key=lambda event: event.kind in ROUTINE):
        members = list(group)
        if is_routine and len(members) >= FOLDED_FROM:
            found.append(_counted(members))
        else:
            found += of_events(members)
    return found


def _counted(members: Sequence[Happening]) -> Line:
    """Newest first, as they came."""
    recycled = sum(event.kind == "worker.recycled" for event in members)
    started = len(members) - recycled
    said = [f"{recycled} recycled"] if recycled else []
    said += [f"{started} started"] if started else []
    first, last = members[-1].at, members[0].at
    since = timezone.localtime(first).strftime("%H:%M:%S")
    return Line(
        at=last, look="pending", icon="worker", text=f"Workers: {', '.join(said)}", detail=f"since {since}, as they do"
    )


def of_events(events: Sequence[Happening]) -> list[Line]:
    return [of_event(each) for each in events]


def of_event(event: Happening) -> Line:
    who = event.worker or event.cluster
    look, icon, words = _EVENTS.get(event.kind, ("pending", "info", f"{{who}}: {event.kind}"))
    again = f"It went on at {event.recovered_at:%H:%M:%S}." if event.recovered_at else ""
    return Line(
        at=event.at, look=look, icon=icon, text=words.format(who=who, task=_task(event)),
        detail=" ".join(filter(None, [sentence(event.reason), sentence(event.action), again])),
        worker=event.worker, task_id=event.task_id,
        reason=sentence(event.reason), outcome=" ".join(filter(None, [sentence(event.action), again])),
    )  # fmt: skip


def _task(event: Happening) -> str:
    return "A task" if event.task_id is None else f"Task {event.task_id}"


def of_entry(entry: AuditEntry) -> Line:
    done = entry.verb.rpartition(".")[2]
    by = f" by {entry.actor_name}" if entry.actor_name else ""
    subject = entry.subject.replace(":", " ", 1)
    return Line(
        at=entry.at, look="paused" if done in _STOPS else "person", icon="paused" if done in _STOPS else "person",
        text=f"{subject[:1].upper()}{subject[1:]} {done}{by}", detail=f"“{entry.reason}”" if entry.reason else "",
    )  # fmt: skip
