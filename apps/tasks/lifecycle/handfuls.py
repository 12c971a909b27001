"""Several short tasks at once: their ends, and the claims of the next ones, in one transaction.

A transaction costs more than a short task does. Each task keeps its own lease, attempt and events, and is fenced by
itself; only the commit is shared. How many a worker takes at once is decided in workers/running/hand.py.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from functools import cache

from django.conf import settings

from apps.core import clock
from apps.tasks import dbclock, lifecycle, news, sql
from apps.tasks.claims import claiming, taking
from apps.tasks.claims.claiming import Claim
from apps.tasks.claims.taking import Claimer, Ends
from apps.tasks.limits import gates
from apps.tasks.record import branches, ending
from apps.tasks.record.ending import END_LEASE, Ended
from apps.tasks.record.journal import Lease


def ended(claim: Claim, result: str) -> Ended:
    """The end of this attempt, to be written soon."""
    now = clock.now()
    days = claim.revision.retention_days
    kept = timedelta(days=settings.TASK_RETENTION_DAYS if days is None else days)
    return Ended(
        lease=claim.lease, result=result, at=now, delete_after=now + kept, is_limited=claim.is_limited
    )  # fmt: skip


def swap(ends: Sequence[Ended], queues: Sequence[str], most: int, by: Claimer) -> tuple[set[int], list[Claim]]:
    """Complete these tasks and claim up to `most` others. The ids of those completed, and the claims.

    An end whose lease was lost is left out.
    """
    with _counted(ends) as count:
        gate = gates.gate(queues)
        taken = taking.take(gate, most, by, _to_write(ends) if ends else None)
        if count(taken.done) and not taken.rows:  # the task that waited for these
            taken = taking.take(gate, most, by)._replace(done=taken.done)
    return _told(ends, taken.done), _served(claiming.announced(taken), queues)


def _served(claims: list[Claim], queues: Sequence[str]) -> list[Claim]:
    """Without those of revisions that were published since the gate was looked at and that this worker cannot serve."""
    if gates.has_heard_of({claim.revision.pk for claim in claims}):
        return claims
    gates.forget()
    closed = gates.gate(queues).closed
    for claim in claims:
        if claim.revision.pk in closed:
            lifecycle.give_back(claim.lease, "its worker has not a tool or a kind that it needs")
    return [claim for claim in claims if claim.revision.pk not in closed]


def complete(ends: Sequence[Ended]) -> set[int]:
    """Complete these tasks; answers the ids of those that were still held under their lease."""
    if not ends:
        return set()
    with _counted(ends) as count:
        done = taking.finish(_to_write(ends))
        count(done)
    return _told(ends, done)


@contextmanager
def _counted(ends: Sequence[Ended]) -> Iterator[Callable[[set[int]], bool]]:
    """Where some of the ends are children's: one transaction with their branches' counts.

    To be called in it with the ids of those that ended; answers whether that made a task claimable.
    """
    children = [end.lease.task_id for end in ends if end.lease.is_child]
    startable: list[int] = []

    def count(done: set[int]) -> bool:
        startable.extend(branches.count_out([task_id for task_id in children if task_id in done], clock.now()))
        return bool(startable)

    with sql.transaction() if children else nullcontext():
        yield count
    news.woken(startable)


def is_ours(lease: Lease) -> bool:
    """Whether the lease still holds, and nothing has been asked of the task meanwhile."""
    row = sql.run(
        f"SELECT lease_until > {dbclock.now_sql()} AND control = '' FROM tasks_execution"
        " WHERE task_id = %s AND lease_token = %s",
        [lease.task_id, lease.token],
    )
    return row is not None and bool(row[0])


def _to_write(ends: Sequence[Ended]) -> Ends:
    values = [] if sql.is_sqlite() else ending.postgres_values(ends)
    return Ends(statement=_ends(), values=values, write=lambda: _write(ends))


def _write(ends: Sequence[Ended]) -> set[int]:
    if sql.is_sqlite():
        return ending.complete_sqlite(ends, END_LEASE)
    return {row[0] for row in sql.rows(_complete_postgres(), ending.postgres_values(ends))}


@cache
def _complete_postgres() -> str:
    return f"WITH {_ends()} SELECT task_id FROM ended"


@cache
def _ends() -> str:
    return ending.POSTGRES_ENDS.format(end_lease=END_LEASE, completed=ending.COMPLETED)


def _told(ends: Sequence[Ended], done: set[int]) -> set[int]:
    for end in ends:
        if end.lease.task_id in done:
            news.publish(end.lease.task_id, "task.completed", frees_slot=end.is_limited)
    return done
