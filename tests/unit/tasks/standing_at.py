"""Tasks that stand at a given place of the lifecycle, brought there by the verbs."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User

from apps.core import clock
from apps.tasks import lifecycle
from apps.tasks.claims import claiming
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Task
from apps.tasks.record.journal import Batch, Lease
from apps.tasks.states import Status

BROKEN = {"type": "ValueError", "message": "broken", "code": "script_error"}
PASSING = {"type": "OSError", "message": "unreachable", "code": "tool_error", "is_transient": True}
HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A task and the lease of its last attempt (a made-up one when nobody has claimed it)."""

    task_id: int
    lease: Lease

    @property
    def task(self) -> Task:
        return Task.objects.select_related("execution").get(pk=self.task_id)


def submitted(template: str, by: User, **fields: Any) -> Task:
    return submit(Request(template=template, origin="test", **fields), by).task


def claimed(queues: tuple[str, ...] = ("default",), worker: str = "elm-1") -> claiming.Claim:
    claim = claiming.claim(queues, worker=worker, cluster="elm")
    assert claim is not None
    return claim


def running(template: str, by: User, **fields: Any) -> Standing:
    task = submitted(template, by, **fields)
    claim = claimed()
    assert claim.lease.task_id == task.pk, "no other task may be pending"
    return Standing(task_id=task.pk, lease=claim.lease)


def standing(place: str, template: str, by: User, **fields: Any) -> Standing:
    """`place` is a status, or `paused from waiting`, `paused from blocked`."""
    if place in ("blocked", "pending", "paused", "paused from blocked"):
        task = submitted(template, by, **fields)
        if "blocked" in place:
            Task.objects.filter(pk=task.pk).update(status=Status.BLOCKED)
        if "paused" in place:
            lifecycle.pause(task, by)
        return Standing(task_id=task.pk, lease=Lease(task_id=task.pk, token=0, attempt=0))
    made = running(template, by, **fields)
    if place in ("waiting", "paused from waiting"):
        lifecycle.suspend(made.lease, clock.now() + HOUR, "waits", Batch())
    if place == "paused from waiting":
        lifecycle.pause(made.task, by)
    if place == "completed":
        lifecycle.complete(made.lease, "1", Batch())
    if place == "failed":
        lifecycle.fail(made.lease, BROKEN, Batch())
    if place == "cancelled":
        lifecycle.stop_cancelled(made.lease, "asked", Batch())
    return made
