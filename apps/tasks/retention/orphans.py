"""Files whose task is gone: a process died between removing its row and removing them."""

from collections.abc import Iterator
from itertools import islice

from apps.tasks import blobs
from apps.tasks.models import Task


def orphans(most: int = 1000, *, idle_seconds: float = 0.0) -> list[int]:
    """Ids of tasks that have files and no row any more; `blobs.remove_task` takes them away.

    `idle_seconds`: only where nothing was written for so long, as the row of a new task may not be seen yet.
    """
    return list(islice(_orphans(idle_seconds), most))


def _orphans(idle_seconds: float) -> Iterator[int]:
    for ids in blobs.of_tasks(idle_seconds):
        there = set(Task.objects.filter(pk__in=ids).values_list("pk", flat=True))
        yield from (task_id for task_id in ids if task_id not in there)
