"""In which order an action on many tasks goes through them, in looks at a bounded number of rows.

Verbs that let tasks go take the oldest first, so that a line which people held back is not turned round. Verbs that hold
tasks back take the newest first, the opposite end from that of the workers: what these claim meanwhile is reached there
(`bulk.reach`), and is left out here.
"""

from django.db.models import Exists, OuterRef

from apps.tasks.models import BulkAction, Event, Task
from apps.tasks.models.task import TaskQuerySet


def start(newest_id: int, *, is_oldest_first: bool) -> int:
    """The cursor before the first task."""
    return 0 if is_oldest_first else newest_id + 1


def end_of_look(action: BulkAction, window: int) -> int | None:
    """The last of the next `window` rows of tasks; None when fewer are left."""
    rows = _ahead(action, Task.objects.all()).values_list("pk", flat=True)
    return next(iter(rows[window - 1 : window]), None)


def tasks(action: BulkAction, matching: TaskQuerySet, last: int | None, size: int) -> list[int]:
    """The next at most `size` of those that match, up to the task `last` (None: to the end)."""
    found = _ahead(action, matching)
    if last is not None:
        found = found.filter(pk__lte=last) if action.is_oldest_first else found.filter(pk__gte=last)
    if not action.is_oldest_first:
        found = found.exclude(Exists(Event.objects.filter(task_id=OuterRef("pk"), data__bulk=action.pk)))
    return list(found.values_list("pk", flat=True)[:size])


def _ahead(action: BulkAction, rows: TaskQuerySet) -> TaskQuerySet:
    if action.is_oldest_first:
        return rows.filter(pk__gt=action.cursor, pk__lte=action.newest_id).order_by("pk")
    return rows.filter(pk__lt=action.cursor).order_by("-pk")
