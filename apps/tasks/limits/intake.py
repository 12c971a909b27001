"""What a queue takes: a draining one nothing new, a full one nothing more. Visible shedding instead of a line that grows.

The queues' rows are looked up twice a second at most, so that a submit pays no query for them; how long a limited queue
is, is counted at each submit into it, up to its limit, and again by one submit at a time: so it never takes more.
"""

import time

from apps.core import clock
from apps.core.errors import Conflict
from apps.core.saying import count
from apps.tasks import sql
from apps.tasks.limits.stops import Stop, last
from apps.tasks.models import Queue, Task
from apps.tasks.states import Status

REMEMBERED_SECONDS = 0.5
RETRY_AFTER = 30
LOCK = 0x51756575
"""Of PostgreSQL's advisory locks, with the queue's name; SQLite has its one write lock."""

_known: list[tuple[float, dict[str, Queue]]] = []


class QueueFull(Conflict):
    """There is no room now; the same request may be taken later. `retry_after` in seconds."""

    code = "queue_full"
    retry_after = RETRY_AFTER


def check(queue: str) -> int | None:
    """How long the queue may be; None: as long as it likes.

    Raises Conflict when it drains, and QueueFull when it is full: whoever is refused here holds nobody up.
    """
    row = _rows().get(queue)
    if row is None:
        return None
    if row.is_draining:
        stop = last([row]).get((queue, "draining")) or Stop.of(row)  # the row may name who paused it
        raise Conflict(
            f"Queue {queue} takes nothing new: it is being drained {stop.words(clock.now())}. Ask again when it"
            " is open, or ask an operator to reopen it.",
            code="queue_draining",
        )
    if row.max_length is not None:
        _check_length(queue, row.max_length)
    return row.max_length


def hold_place(queue: str, longest: int) -> None:
    """In the transaction that makes the task, which nobody else's into this queue overlaps from here on.

    Raises QueueFull when the queue is as long as it may be.
    """
    if not sql.is_sqlite():
        sql.run("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK, queue])
    _check_length(queue, longest)


def _check_length(queue: str, longest: int) -> None:
    pending = Task.objects.filter(queue=queue, status=Status.PENDING).order_by()[:longest].count()
    if pending >= longest:
        raise QueueFull(
            f"Queue {queue} is full: {count(pending, 'task')} in it that wait or are planned for later, and it takes"
            f" {longest:,}. Ask again later, or ask an operator to raise its length."
        )


def forget() -> None:
    _known.clear()


def _rows() -> dict[str, Queue]:
    if not _known or time.monotonic() > _known[0][0]:
        rows = Queue.objects.filter(is_draining=True) | Queue.objects.filter(max_length__isnull=False)
        found = {row.name: row for row in rows.select_related("changed_by")}
        _known[:] = [(time.monotonic() + REMEMBERED_SECONDS, found)]
    return _known[0][1]
