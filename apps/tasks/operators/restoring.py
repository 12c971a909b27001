"""After a restore from a backup: what was under way when it was made must not simply go on.

The backup knows the world as it was then. A task that it calls pending may have ended since, and a call that it calls
open may have been carried out. So all open tasks are held, each with the reason, until somebody has looked; what is
resumed goes on from its record, and the one call in flight is repeated with its idempotency key.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from apps.core.errors import Conflict
from apps.tasks import lifecycle
from apps.tasks.models import Execution, Task
from apps.tasks.states import Status

REASON = "restored from a backup: look at what it did since, then resume or cancel it"


@dataclass(frozen=True, kw_only=True)
class Held:
    paused: int
    """Tasks that are paused now and were not before."""
    were_running: int
    """Those of them that a worker had when the backup was made."""
    cancelled: int
    """Tasks of which that had been asked when the backup was made."""


def hold(by: Any, reason: str = REASON) -> Held:
    """Pause every open task, and end the attempts that run on the restored record. Before any cluster is started."""
    open_ids = list(Task.objects.open().exclude(status=Status.PAUSED).order_by("pk").values_list("pk", flat=True))
    were_running = sum(_hold(task_id, by, reason) for task_id in open_ids)
    held = Task.objects.filter(pk__in=open_ids)
    return Held(
        paused=held.filter(status=Status.PAUSED).count(),
        were_running=were_running,
        cancelled=held.filter(status=Status.CANCELLED).count(),
    )


def _hold(task_id: int, by: Any, reason: str) -> bool:
    """Whether it ran. A worker that still held it could write nothing any more: its lease is over."""
    task = Task.objects.get(pk=task_id)
    is_running = task.status == Status.RUNNING
    with suppress(Conflict):  # it is being cancelled already, which the end of its attempt obeys
        lifecycle.pause(task, by, reason)
    if is_running:
        token = Execution.objects.get(pk=task_id).lease_token
        lifecycle.rescue(task_id, token, reason, is_proved=True)
    return is_running
