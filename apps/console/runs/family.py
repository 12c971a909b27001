"""Parents and children: what a task is a part of, and the tasks that a script has made and waits for."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.urls import reverse

from apps.console.words import STATE_WORDS, count
from apps.executors.workflow.running.loaded import of_revision
from apps.tasks.models import Branch, Task
from apps.tasks.states import FINAL

MOST_SHOWN = 50
SHOWN_FIRST = ("failed", "running", "waiting", "pending", "blocked", "paused", "cancelled", "completed")


@dataclass(frozen=True, kw_only=True)
class Parent:
    """`url` is empty when the viewer may not see it; `where` names the node, or the item."""

    id: int
    title: str
    url: str
    where: str
    node_url: str


@dataclass(frozen=True, kw_only=True)
class Children:
    total: int
    ended: int
    percent: float
    tint: str
    said: str
    """'3 completed, 1 failed, 16 pending'"""
    tasks: list[Task]


def parent(task: Task, user: Any) -> Parent | None:
    if task.parent_id is None:
        return None
    whole = Task.objects.visible_to(user).filter(pk=task.parent_id).select_related("revision").first()
    branch = Branch.objects.filter(pk=task.branch_id).first() if task.branch_id else None
    if whole is None:
        return Parent(id=task.parent_id, title="", url="", where="", node_url="")
    where, node_url = _where(whole, task, branch)
    url = reverse("admin:tasks_task_change", args=[whole.pk])
    return Parent(id=whole.pk, title=whole.title, url=url, where=where, node_url=node_url)


def _where(whole: Task, task: Task, branch: Branch | None) -> tuple[str, str]:
    if branch is None:
        return "", ""
    which = f", {task.item + 1:,} of {branch.total:,}" if branch.total > 1 and task.item is not None else ""
    if branch.node is None:
        return which.removeprefix(", "), ""
    name = of_revision(whole.revision_id).graph.nodes[branch.node].name
    return f"node {name}{which}", reverse("admin:task_node", args=[whole.pk, branch.node])


def children(task: Task, user: Any) -> Children | None:
    """Of a script; those of a workflow stand in its graph. None when it has none."""
    found: QuerySet[Task] = Task.objects.visible_to(user).filter(parent_id=task.pk)
    counts = dict(found.order_by().values_list("status").annotate(number=Count("pk")))
    total = sum(counts.values())
    if not total:
        return None
    ended = sum(number for status, number in counts.items() if status in FINAL)
    said = ", ".join(f"{counts[status]:,} {STATE_WORDS[status].lower()}" for status in SHOWN_FIRST if status in counts)
    return Children(
        total=total, ended=ended, percent=100 * ended / total,
        tint="failed" if counts.get("failed") else "completed" if ended == total else "running",
        said=f"{count(total, 'task')}: {said}", tasks=_some(found),
    )  # fmt: skip


def _some(found: QuerySet[Task]) -> list[Task]:
    """The newest that have not ended, then the newest of all others."""
    rows = found.select_related("execution").defer("result", "parameters")
    open_ = list(rows.filter(finished_at__isnull=True).order_by("pk")[:MOST_SHOWN])
    left = MOST_SHOWN - len(open_)
    return open_ + (list(rows.filter(finished_at__isnull=False).order_by("-pk")[:left]) if left else [])
