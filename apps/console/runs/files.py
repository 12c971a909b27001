"""The files of a task; of a workflow those that its nodes made, and the nodes of its sub-workflows, each with its node."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from apps.executors.workflow.faults import WorkflowError
from apps.executors.workflow.running.loaded import of_revision
from apps.tasks import sight
from apps.tasks.models import Artifact, Task
from apps.tasks.models.history import WORKFLOW

MOST_SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class File:
    """`node`: 'Letters', or 'Condition 2 › Letters' of a sub-workflow; empty for what the task made itself."""

    artifact: Artifact
    node: str = ""
    node_url: str = ""


@dataclass(frozen=True, kw_only=True)
class Files:
    """The newest, oldest first. `is_more`: older ones are not shown."""

    shown: list[File]
    is_more: bool


def of(task: Task, user: Any) -> Files:
    """In a bounded number of queries."""
    rows = Artifact.objects.of(task)
    seen = sight.of(user)
    if not seen.is_all:
        rows = rows.filter(task__requester_id=seen.user_id)
    if task.kind != WORKFLOW:
        return Files(shown=[File(artifact=row) for row in rows], is_more=False)
    newest = list(rows.select_related("task__branch").order_by("-created_at", "-pk")[: MOST_SHOWN + 1])
    places = _Places(task, newest)
    return Files(shown=[places.file(row) for row in newest[:MOST_SHOWN][::-1]], is_more=len(newest) > MOST_SHOWN)


class _Places:
    """Which node of which workflow made a file: the way from the task down to it."""

    def __init__(self, task: Task, artifacts: Iterable[Artifact]) -> None:
        self.task = task
        self.known = {task.pk: task}
        missing = {row.task.parent_id for row in artifacts} - {task.pk, None}
        while missing:  # as deep as workflows lie in one another
            found = Task.objects.select_related("branch").only(*PLACE).in_bulk(missing)
            self.known |= found
            missing = {each.parent_id for each in found.values()} - self.known.keys() - {None}

    def file(self, artifact: Artifact) -> File:
        maker = artifact.task
        if maker.pk == self.task.pk:
            return File(artifact=artifact)
        names = self._way(maker, ())
        branch = maker.branch
        url = (
            reverse("admin:task_node", args=[branch.task_id, branch.node]) if branch and branch.node is not None else ""
        )
        return File(artifact=artifact, node=" › ".join(names), node_url=url)

    def _way(self, maker: Task, below: Collection[str]) -> list[str]:
        whole = self.known.get(maker.parent_id or 0)
        if maker.pk == self.task.pk or whole is None:
            return list(below)
        return self._way(whole, [_node(whole, maker), *below])


PLACE = ("parent_id", "revision_id", "kind", "branch__node", "branch__task_id")


def _node(whole: Task, part: Task) -> str:
    """The name of the node that the part carries out; the part's title where the graph does not tell."""
    if part.branch is None or part.branch.node is None:
        return part.title
    try:
        return of_revision(whole.revision_id).graph.nodes[part.branch.node].name
    except (WorkflowError, IndexError):
        return part.title
