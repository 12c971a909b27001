"""What a worker may claim from just now: queues that are open, and whether limits, cores or abilities narrow its choice.

Looked up at most twice a second in a process, so that a claim pays no query for it and a live edit works within that.
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from threading import Lock

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from apps.catalog.models import TaskTemplate, TemplateRevision
from apps.core import hints
from apps.tasks.models import BulkAction, Limit, Queue, Task
from apps.tasks.states import Status

REMEMBERED_SECONDS = 0.5
LATE_COMMITS = 50
"""Revisions whose ids are looked at again: a lower id may become visible after a higher one."""


@dataclass(frozen=True, kw_only=True)
class Bound:
    """An enabled Limit as a plain value."""

    id: int
    scope: str
    queue: str
    template_id: int | None
    user_id: int | None
    most: int


@dataclass(frozen=True, kw_only=True)
class Gate:
    """`queues`: those of the worker's that are not paused. `is_narrow`: the fast claim may not be used."""

    queues: tuple[str, ...]
    is_narrow: bool
    bounds: tuple[Bound, ...] = ()
    closed: frozenset[int] = frozenset()
    """Revisions that this worker lacks an executor or a tool module for."""
    cores: int = 1
    """CPU-intensive tasks that may run on its host at once."""
    actions: tuple[int, ...] = ()
    """Actions on many tasks that are under way and hold tasks back."""


@dataclass(frozen=True, kw_only=True)
class _Needs:
    """What a revision asks of a worker. Revisions never change, so it is read once."""

    kind: str
    modules: frozenset[str]
    is_cpu_intensive: bool


_gates: dict[tuple[tuple[str, ...], frozenset[str]], tuple[float, Gate]] = {}
_needs: dict[int, _Needs] = {}
_lock = Lock()


def gate(queues: Sequence[str], *, tools: Collection[str] | None = None) -> Gate:
    """The gate of a worker of these queues. `tools`: the tool modules that it has, by default those of the settings."""
    key = (tuple(queues), frozenset(settings.TOOL_MODULES if tools is None else tools))
    until, known = _gates.get(key, (0.0, None))
    if known is not None and time.monotonic() < until:
        return known
    found = _look_up(*key)
    _gates[key] = (time.monotonic() + REMEMBERED_SECONDS, found)
    return found


def bounds() -> tuple[Bound, ...]:
    """All enabled limits, as they are now."""
    rows = Limit.objects.filter(is_enabled=True).order_by("id")
    names = ("id", "scope", "queue", "template_id", "user_id", "most")
    return tuple(Bound(**dict(zip(names, row, strict=True))) for row in rows.values_list(*names))


def is_narrow_here() -> bool:
    """Whether a worker of this process was held back by more than its queues: then an end may let another begin."""
    return any(known.is_narrow for _, known in _gates.values())


def forget() -> None:
    """Look again at the next claim."""
    _gates.clear()


def changed() -> None:
    """After the running transaction commits, have every waiting worker look at its gate, and at the tasks, at once."""
    transaction.on_commit(_announce, robust=True)


def hear_of_revision(**_: object) -> None:
    """Another revision serves: it may need what a worker lacks, or a core."""
    changed()


def _announce() -> None:
    forget()
    hints.send(hints.WORK)


def _look_up(queues: tuple[str, ...], tools: frozenset[str]) -> Gate:
    paused = set(Queue.objects.filter(is_paused=True, name__in=queues).values_list("name", flat=True))
    open_queues = tuple(queue for queue in queues if queue not in paused)
    touching = tuple(bound for bound in bounds() if bound.scope != Limit.Scope.QUEUE or bound.queue in open_queues)
    needs = needed()
    closed = frozenset(pk for pk, need in needs.items() if not _can_serve(need, tools))
    special = closed | {pk for pk, need in needs.items() if need.is_cpu_intensive}
    return Gate(
        queues=open_queues,
        is_narrow=bool(touching) or (bool(special) and _meets(special, open_queues)),
        bounds=touching,
        closed=closed,
        cores=settings.CPU_SLOTS,
        actions=tuple(_under_way().order_by("id").values_list("pk", flat=True)),
    )


def _under_way() -> QuerySet[BulkAction]:
    return BulkAction.objects.filter(status=BulkAction.Status.RUNNING, is_oldest_first=False)


def needed() -> dict[int, _Needs]:
    """By revision; only new revisions are read."""
    with _lock:
        since = max(_needs, default=0) - LATE_COMMITS
        rows = TemplateRevision.objects.filter(pk__gt=since).values_list(
            "pk", "kind", "required_tools", "is_cpu_intensive"
        )
        for pk, kind, tools, is_cpu_intensive in rows:
            modules = frozenset(tool.partition(".")[0] for tool in tools)
            _needs[pk] = _Needs(kind=kind, modules=modules, is_cpu_intensive=is_cpu_intensive)
        return dict(_needs)


def has_heard_of(revision_ids: Collection[int]) -> bool:
    """Whether this process has read what these revisions ask of a worker; a look at the gate reads all there are."""
    return _needs.keys() >= set(revision_ids)


def forget_revisions() -> None:
    """For tests, where another database has other revisions under the same ids."""
    forget()
    _needs.clear()


def _can_serve(need: _Needs, tools: frozenset[str]) -> bool:
    return need.kind in settings.TASK_KINDS and need.modules <= tools


def _meets(special: Collection[int], queues: Collection[str]) -> bool:
    """Whether these queues get tasks of such revisions: by what is in service, or by what was moved there."""
    in_service = TaskTemplate.objects.filter(published__in=special)
    here = Q(published__queue__in=queues)
    if in_service.filter(here).exists():
        return True
    return Task.objects.filter(status=Status.PENDING, queue__in=queues, revision__in=special).exists()
