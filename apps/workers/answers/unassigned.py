"""Pending tasks that nobody can take: by their queue, or by what they need. Reads only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.tasks.limits import gates
from apps.tasks.models import Task
from apps.tasks.states import Status
from apps.workers.answers import balance


@dataclass(frozen=True, kw_only=True)
class Unassigned:
    """A pending task that no live worker can take."""

    task_id: int
    title: str
    queue: str
    created_at: datetime
    why: str


def tasks(viewer: Any, limit: int = 100) -> list[Unassigned]:
    """Pending tasks that no live worker can take, the oldest first: nobody serves their queue, or lacks what they need.

    Only those that the viewer may see.
    """
    abilities: dict[str, list[tuple[set[str], set[str]]]] = {}
    for queues, kinds, tools in balance.live().values_list("queues", "belongs_to__kinds", "belongs_to__tools"):
        for queue in queues:
            abilities.setdefault(queue, []).append((set(kinds or ()), set(tools or ())))
    visible = Task.objects.visible_to(viewer).filter(status=Status.PENDING).order_by("pk")
    pending = visible.only("title", "queue", "created_at", "revision_id")
    found = [
        _unassigned(task, f"No live worker serves queue {task.queue}.")
        for task in pending.exclude(queue__in=list(abilities))[:limit]
    ]
    needs = gates.needed()
    for queue, able in sorted(abilities.items()):
        lacking = {
            pk: need for pk, need in needs.items()
            if not any(need.kind in kinds and need.modules <= tools for kinds, tools in able)
        }  # fmt: skip
        if lacking and len(found) < limit:
            rows = pending.filter(queue=queue, revision_id__in=list(lacking))[: limit - len(found)]
            found += [
                _unassigned(task, _lack(lacking[task.revision_id].kind, lacking[task.revision_id].modules, queue))
                for task in rows
            ]
    return sorted(found, key=lambda task: task.task_id)


def _lack(kind: str, modules: Collection[str], queue: str) -> str:
    what = f"kind {kind}" + (f" and the tools {', '.join(sorted(modules))}" if modules else "")
    return f"No live worker of queue {queue} has what it needs: {what}."


def _unassigned(task: Task, why: str) -> Unassigned:
    return Unassigned(task_id=task.pk, title=task.title, queue=task.queue, created_at=task.created_at, why=why)
