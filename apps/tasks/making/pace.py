"""How long a task will take, judged by the tasks of its template that have completed."""

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.db import models

from apps.catalog.estimate import Estimate, Past, counted, estimate
from apps.catalog.models import TemplateRevision
from apps.tasks.models import Task
from apps.tasks.states import Status

LOOKED_AT = 20
REMEMBERED_SECONDS = 30.0
"""How old the history may be: an estimate is not worth a query for each submit."""


def expected(revision: TemplateRevision, parameters: Mapping[str, Any] | None = None) -> Estimate:
    """The estimate from history, and where there is none yet from the template's own figures."""
    return estimate(revision, parameters, history=recent(revision))


def recent(revision: TemplateRevision) -> tuple[Past, ...]:
    """The running times of the template's last completed tasks, with their counts where the schema counts something."""
    counts = "x-counts" in revision.parameter_schema
    return _recent(revision.template_id, counts, int(time.monotonic() / REMEMBERED_SECONDS))


@lru_cache(maxsize=256)
def _recent(template_id: int, counts: bool, period: int) -> tuple[Past, ...]:
    # Not the nodes of a workflow that have its revision: they are parts of one.
    own = Task.objects.filter(template_id=template_id, kind=models.F("revision__kind"))
    done = own.filter(status=Status.COMPLETED).order_by("-id")
    given = ("revision__parameter_schema", "parameters") if counts else ()
    return tuple(
        Past(seconds=(end - start).total_seconds(), count=counted(*rest) if rest else None)
        for start, end, *rest in done.values_list("started_at", "finished_at", *given)[:LOOKED_AT]
        if start and end
    )
