"""Where a task comes from and what came of it: tasks that were made from others."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.catalog.models import TemplateRevision
from apps.tasks.models import Task, Tombstone
from apps.tasks.states import Ancestry

MAX_CHAIN = 50
MAX_DESCENDANTS = 100


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """What makes a request one for a task that is made from another."""

    ancestor: Task
    ancestry: Ancestry
    revision: TemplateRevision | None = None
    """The one to run; None: the one in service."""
    step: int | None = None
    """Of a fork: the first call that is not taken over."""
    take_over: Callable[[Task], None]
    """Brings what the new task gets of the old one; called in the transaction that makes it."""

    def mark(self, task: Task) -> None:
        """Write the ancestry into the unsaved task; a fork goes on with its ancestor's chance and clock."""
        ancestor = self.ancestor
        task.ancestor_id, task.ancestry, task.ancestor_step = ancestor.pk, self.ancestry, self.step
        if self.ancestry == Ancestry.FORK:
            task.seed = ancestor.seed or ancestor.uid.hex
            task.seeded_at = ancestor.seeded_at or ancestor.created_at


def is_of_descent(task: Task, descent: Lineage | None) -> bool:
    """Whether a request of this descent is one for the task: made anew, again, or as a fork at the same step."""
    if descent is None:
        return not task.ancestry
    is_same = (task.ancestor_id, task.ancestry, task.ancestor_step) == (
        descent.ancestor.pk, descent.ancestry, descent.step
    )  # fmt: skip
    return is_same and (descent.revision is None or descent.revision.pk == task.revision_id)


@dataclass(frozen=True, kw_only=True)
class Relative:
    """A task in a lineage. `removed`: only its line among the removed is left, or not even that."""

    id: int
    ancestry: str
    """How the younger of the two was made from the older: `again` or `fork`."""
    step: int | None
    title: str = ""
    status: str = ""
    revision: int | None = None
    is_removed: bool = False


def ancestors(task: Task, user: Any, *, most: int = MAX_CHAIN) -> list[Relative]:
    """The chain back to the first, nearest first; a query for each, at most `most` of them.

    Ends at a task that this user may not see, told by its id alone.
    """
    chain: list[Relative] = []
    while task.ancestor_id is not None and len(chain) < most:
        found = Task.objects.visible_to(user).select_related("revision").filter(pk=task.ancestor_id).first()
        if found is None:
            return [*chain, _unseen(task)]
        chain.append(_relative(found, task))
        task = found
    return chain


def descendants(task: Task, user: Any) -> list[Relative]:
    """The tasks that were made from this one, oldest first; those that this user may see."""
    found = Task.objects.visible_to(user).select_related("revision").filter(ancestor_id=task.pk).order_by("pk")
    return [_relative(each, each) for each in found[:MAX_DESCENDANTS]]


def _relative(shown: Task, younger: Task) -> Relative:
    return Relative(
        id=shown.pk,
        ancestry=younger.ancestry,
        step=younger.ancestor_step,
        title=shown.title,
        status=shown.status,
        revision=shown.revision.number,
    )


def _unseen(younger: Task) -> Relative:
    ancestor_id = younger.ancestor_id
    assert ancestor_id is not None
    is_removed = not Task.objects.filter(pk=ancestor_id).exists()
    buried = Tombstone.objects.filter(pk=ancestor_id, requester_id=younger.requester_id).first()
    return Relative(
        id=ancestor_id,
        ancestry=younger.ancestry,
        step=younger.ancestor_step,
        title=buried.title if buried else "",
        status=buried.status if buried else "",
        is_removed=is_removed,
    )
