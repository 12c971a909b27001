"""What holds a task back, beside the sentence that says so: its place and expected start as facts, and where to look."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from apps.console import reasons, words
from apps.console.reasons import Around
from apps.core import durations
from apps.tasks import standing
from apps.tasks.models import Task
from apps.tasks.states import Status
from apps.workers.answers.waiting import Hold

NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Link:
    text: str
    url: str


def fields(task: Task, facts: Around) -> dict[str, str]:
    """Of a pending task, in the place where a running one names its worker; else empty."""
    if task.status != Status.PENDING:
        return {}
    place = reasons.place(task, facts)
    return {
        "worker_label": "Place in line",
        "worker": f"{place:,}" if place is not None else "–",
        "worker_sub": _start(task, facts) or f"queue {task.queue}",
    }


def _start(task: Task, facts: Around) -> str:
    """Empty when it is not known."""
    start = reasons.expected_start(task, facts)
    if start is None:
        return ""
    if standing.may_start_now(task, facts.now):
        return f"starts {words.clock(start, facts.now)}"
    seconds = round((start - facts.now).total_seconds())
    return f"starts in about {durations.describe(float(seconds))}" if seconds >= 1 else "starts now"


def mark(task: Task, facts: Around) -> str:
    """Changes when the links do. It names no task that the reader may not see: pages get it."""
    prospect = facts.prospects.get(task.pk)
    if prospect is None:
        return ""
    is_later = task.available_at > facts.now
    return ".".join(
        [
            prospect.hold,
            task.queue,
            "later"[: 5 * is_later],
            *(str(each.task_id) for each in prospect.holders if facts.viewer.reaches(each.requester_id)),
        ]
    )


def links(task: Task, facts: Around, user: Any) -> list[Link]:
    """To what holds it: the tasks that do, as far as the user may see them, then the limit, queue or workers."""
    prospect = facts.prospects.get(task.pk)
    if prospect is None:
        return []
    holders = [each for each in prospect.holders if facts.viewer.reaches(each.requester_id)][:NAMED]
    found = [Link(text=f"Task {each.task_id}", url=_task(each.task_id)) for each in holders]
    if user.has_perm("workers.view_worker"):
        text, part = _PARTS[prospect.hold]
        found.append(Link(text=text.format(queue=task.queue), url=f"{reverse('admin:crew')}#{part}"))
    return found


_PARTS = {
    Hold.PAUSED: ("Queue {queue}", "queues"),
    Hold.UNSERVED: ("Queues and workers", "queues"),
    Hold.TOOLS: ("Workers", "workers"),
    Hold.LIMIT: ("Limits", "limits"),
    Hold.CORES: ("Workers", "workers"),
    Hold.WORKER: ("Workers", "workers"),
}


def _task(task_id: int) -> str:
    return reverse("admin:tasks_task_change", args=[task_id])
