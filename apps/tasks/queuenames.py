"""Which queues there are: by their rows, by templates, by what waits in them, and by who serves them."""

from collections.abc import Collection
from typing import Any

from django.conf import settings

from apps.catalog.models import TaskTemplate
from apps.core.errors import InvalidInput, NotFound
from apps.tasks.models import Queue, Task
from apps.tasks.states import FINAL, Status

LONGEST = 50


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
    if isinstance(name, str) and 0 < len(name) <= LONGEST and name.isprintable() and "/" not in name:
        return name
    raise InvalidInput(
        "This cannot be a queue's name.", fields={"queue": f"Use 1 to {LONGEST} visible characters, without a slash."}
    )


def existing(name: object, served: Collection[str] = ()) -> str:
    """The name of a queue that there is, so that a misspelt one is not taken for an empty one. Raises NotFound."""
    found, names = checked(name), known(served)
    if found not in names:
        raise NotFound(f"There is no queue {found!r}. There are: {', '.join(sorted(names))}.", code="no_such_queue")
    return found
