"""Verbs of an operator on a queue: its row, the audit and the workers' gates change together.

They check the permission to control queues, and raise Conflict when the queue is so already: then it says who did it.
`served`: names of queues that workers serve, which may have neither a row nor a task yet.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from apps.core import clock, durations
from apps.core.errors import Conflict, InvalidInput, NotPermitted
from apps.tasks import queuenames
from apps.tasks.limits import gates
from apps.tasks.limits.stops import Stop, last
from apps.tasks.models import BulkAction, Queue
from apps.tasks.operators import audit, bulk
from apps.tasks.operators.filters import Filter
from apps.tasks.states import FINAL, Status

PERMISSION = "tasks.control_queue"
MAX_REASON = 300
CLEANABLE = [status for status in Status if status not in FINAL and status != Status.RUNNING]


def pause(name: str, by: Any, reason: str, *, served: Collection[str] = ()) -> Queue:
    """Nothing of it is started until somebody resumes it; what runs goes on."""
    return _turn(name, by, reason, served, flag="is_paused", on=True, verb="queue.paused")


def resume(name: str, by: Any, reason: str = "", *, served: Collection[str] = ()) -> Queue:
    return _turn(name, by, reason, served, flag="is_paused", on=False, verb="queue.resumed")


def drain(name: str, by: Any, reason: str, *, served: Collection[str] = ()) -> Queue:
    """It takes nothing new until somebody reopens it; what is there is worked off."""
    return _turn(name, by, reason, served, flag="is_draining", on=True, verb="queue.drained")


def reopen(name: str, by: Any, reason: str = "", *, served: Collection[str] = ()) -> Queue:
    return _turn(name, by, reason, served, flag="is_draining", on=False, verb="queue.reopened")


def clean(
    name: str,
    by: Any,
    reason: str,
    older_than: timedelta | None,
    statuses: Sequence[str] = (Status.PENDING,),
    *,
    expected: int | None = None,
    served: Collection[str] = (),
) -> BulkAction:
    """Cancel what has waited in the queue for longer than `older_than`; None: all that waits, also for a later start.

    Only tasks in one of `statuses`: pending unless said otherwise, never running ones. They stay on record, as
    cancelled with the reason, until their template's retention removes them; ended tasks are not touched.
    """
    now = clock.now()
    _permit(by)
    _check_reason(reason)
    chosen = cleaning(queuenames.existing(name, served), older_than, statuses, now)
    action = bulk.start(chosen, "clean", {"reason": reason}, by, expected)
    age = durations.describe(older_than) if older_than else ""
    subject = f"queue:{chosen.queue}"
    audit.record(by, "queue.cleaned", subject, reason=reason, older_than=age, statuses=list(statuses), bulk=action.pk)
    return action


def cleaning(name: str, older_than: timedelta | None, statuses: Sequence[str], now: datetime) -> Filter:
    """Which tasks `clean` means: for a preview. Raises InvalidInput."""
    if wrong := [status for status in statuses if status not in CLEANABLE]:
        known = ", ".join(CLEANABLE)
        raise InvalidInput(
            f"Tasks that are {', '.join(wrong)} cannot be cleaned away.", fields={"status": f"Use {known}."}
        )
    if older_than is not None and older_than <= timedelta():
        raise InvalidInput("The age must be positive.", fields={"older_than": "Write it like 2 d, or leave it out."})
    due_before = None if older_than is None else now - older_than
    return Filter(queue=name, status=tuple(statuses), due_before=due_before)


def _turn(name: str, by: Any, reason: str, served: Collection[str], *, flag: str, on: bool, verb: str) -> Queue:
    _permit(by)
    _check_reason(reason)
    found = queuenames.existing(name, served)
    with transaction.atomic():
        Queue.objects.get_or_create(name=found, defaults={"changed_by": by})
        row = Queue.objects.select_for_update(of=("self",)).select_related("changed_by").get(name=found)
        before = {"is_paused": row.is_paused, "is_draining": row.is_draining}
        if getattr(row, flag) == on:
            raise _is_so(row, flag, on)
        setattr(row, flag, on)
        if flag == "is_paused" and not on:
            row.resumed_at = clock.now()
        audit.record(
            by, verb, f"queue:{found}", reason=reason, before=before,
            after={"is_paused": row.is_paused, "is_draining": row.is_draining},
        )  # fmt: skip
        _sign(row, by, reason)
        row.save(update_fields=[flag, "resumed_at", "reason", "changed_by", "changed_at"])
        gates.changed()
    return row


def _sign(row: Queue, by: Any, reason: str) -> None:
    """The row names who made it what holds its tasks back: the pause, else the draining, else the last change."""
    stop = last([row]).get((row.name, "paused" if row.is_paused else "draining"))
    if stop is None:
        row.reason, row.changed_by, row.changed_at = reason, by, clock.now()
    else:
        row.reason, row.changed_by_id, row.changed_at = stop.reason, stop.actor_id, stop.at


def _is_so(row: Queue, flag: str, on: bool) -> Conflict:
    word = {"is_paused": "paused", "is_draining": "draining"}[flag]
    if not on:
        return Conflict(f"Queue {row.name} is not {word}.", why=f"it is not {word}")
    stop = last([row]).get((row.name, word)) or Stop.of(row)
    return Conflict(f"Queue {row.name} is {word} already, {stop.words(clock.now())}.", why=f"it is {word}")


def _permit(by: Any) -> None:
    if not (by.is_active and by.has_perm(PERMISSION)):
        raise NotPermitted("You may not control queues. Ask an administrator for the permission to.")


def _check_reason(reason: str) -> None:
    if len(reason) > MAX_REASON or "\0" in reason:
        text = f"Use a text of at most {MAX_REASON} characters."
        raise InvalidInput("The reason cannot be used.", fields={"reason": text})
