"""Which queues there are: by their rows, by templates, by what waits in them, and by who serves them."""

from collections.abc import Collection
from typing import Any

from django.conf import settings

from apps.catalog.models import QUEUE_LENGTH, TaskTemplate
from apps.core.errors import InvalidInput, NotFound
from apps.core.saying import count
from apps.tasks.models import Queue, Task
from apps.tasks.states import FINAL, Status


def configured(served: Collection[str] = ()) -> set[str]:
    """Names that settings, workers and templates in service give. `served`: of workers, which this app does not know."""
    templates = TaskTemplate.objects.exclude(published=None).values_list("published__queue", flat=True)
    return {settings.DEFAULT_QUEUE, *settings.WORKER_QUEUES, *served, *templates}


def known(served: Collection[str] = ()) -> set[str]:
    """Names of all queues: configured ones, those that people control, and those in which tasks are."""
    open_statuses = [status for status in Status if status not in FINAL]
    tasks = Task.objects.filter(status__in=open_statuses).order_by().values_list("queue", flat=True).distinct()
    return {*configured(served), *Queue.objects.values_list("name", flat=True), *tasks}


def open_to(by: Any) -> set[str]:
    """Those in which somebody can ask for work: of the templates in service that they may start."""
    names = TaskTemplate.objects.runnable_by(by).order_by().values_list("published__queue", flat=True).distinct()
    return {name or settings.DEFAULT_QUEUE for name in names}


def checked(name: object) -> str:
    """The name, if it can be one. Raises InvalidInput."""
    if isinstance(name, str) and 0 < len(name) <= QUEUE_LENGTH and name.isprintable() and "/" not in name:
        return name
    raise InvalidInput(
        "This cannot be a queue's name.",
        fields={"queue": f"Use 1 to {QUEUE_LENGTH} visible characters, without a slash."},
    )


def why_kept(row: Queue) -> str:
    """What speaks against removing a queue's row, and what to do about it; '' where nothing does.

    A queue without a row is open and unlimited: what the row says would end without anybody saying so.
    """
    if row.is_paused:
        return f"Queue {row.name} is paused, and without its row its tasks would start. Resume it first."
    if row.is_draining:
        return f"Queue {row.name} drains, and without its row it would take tasks again. Reopen it first."
    open_statuses = [status for status in Status if status not in FINAL]
    if left := Task.objects.filter(queue=row.name, status__in=open_statuses).order_by().count():
        return (
            f"Queue {row.name} has {count(left, 'task')} that {'has' if left == 1 else 'have'} not ended, for which its"
            " limits hold. Let them end, move them, or clean the queue first."
        )
    return ""


def existing(name: object, served: Collection[str] = ()) -> str:
    """The name of a queue that there is, so that a misspelt one is not taken for an empty one. Raises NotFound."""
    found, names = checked(name), known(served)
    if found not in names:
        raise NotFound(f"There is no queue {found!r}. There are: {', '.join(sorted(names))}.", code="no_such_queue")
    return found
