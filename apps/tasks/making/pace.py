"""How long a task will take, judged by the tasks of its template that have completed."""

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.db import models

from apps.catalog.estimate import Estimate, Past, estimate
from apps.catalog.models import TemplateRevision
from apps.tasks.models import Task
from apps.tasks.states import Status

LOOKED_AT = 20
REMEMBERED_SECONDS = 30.0
"""How old the history may be: an estimate is not worth a query for each submit."""


def expected(revision: TemplateRevision, parameters: Mapping[str, Any] | None = None) -> Estimate:
    """The estimate from history, and where there is none yet from the template's own figures."""
    return estimate(revision, parameters, history=recent(revision.template_id))


def recent(template_id: int) -> tuple[Past, ...]:
    """The running times of the template's last completed tasks."""
    return _recent(template_id, int(time.monotonic() / REMEMBERED_SECONDS))


@lru_cache(maxsize=256)
def _recent(template_id: int, period: int) -> tuple[Past, ...]:
    # Not the nodes of a workflow that have its revision: they are parts of one.
    own = Task.objects.filter(template_id=template_id, kind=models.F("revision__kind"))
    done = own.filter(status=Status.COMPLETED).order_by("-id")
    times = done.values_list("started_at", "finished_at")[:LOOKED_AT]
    return tuple(Past(seconds=(end - start).total_seconds()) for start, end in times if start and end)
