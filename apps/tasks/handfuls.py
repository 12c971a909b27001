"""Several short tasks at once: their ends, and the claims of the next ones, in one transaction.

A transaction costs more than a short task does. Each task keeps its own lease, attempt and events, and is fenced by
itself; only the commit is shared. How many a worker takes at once is decided in workers/hand.py.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from django.conf import settings

from apps.core import clock
from apps.tasks import claiming, dbclock, ending, gates, news, sql
from apps.tasks.claiming import Claim, Claimer
from apps.tasks.ending import Ended
from apps.tasks.journal import Lease
from apps.tasks.lifecycle.moving import END_LEASE


def ended(claim: Claim, result: str) -> Ended:
    """The end of this attempt, to be written soon."""
    now = clock.now()
    days = claim.revision.retention_days
    kept = timedelta(days=settings.TASK_RETENTION_DAYS if days is None else days)
    return Ended(lease=claim.lease, result=result, at=now, delete_after=now + kept)


def swap(ends: Sequence[Ended], queues: Sequence[str], most: int, by: Claimer) -> tuple[set[int], list[Claim]]:
    """Complete these tasks and claim up to `most` others. The ids of those completed, and the claims.

    An end whose lease was lost is left out. Where limits narrow the choice, claims are made one by one.
    """
    gate = gates.gate(queues)
    if gate.is_narrow or not gate.queues:
        done = complete(ends)
        one = claiming.claim(queues, worker=by.worker, cluster=by.cluster, host=by.host) if most else None
        return done, [one] if one else []
    now = clock.now()
    if sql.is_sqlite():
        done, rows = _swap_sqlite(ends, claiming.candidates(gate.queues, most, now), by)
    elif ends:
        found = sql.rows(
            _swap_postgres(most), [*ending.postgres_values(ends), *claiming.postgres_values(gate.queues, by, now)]
        )
        done, rows = set(found[0][0] or ()), [row[1:] for row in found if row[1] is not None]
    else:
        done, rows = set(), claiming.take_best(gate.queues, most, by, now)
    _tell(done)
    return done, claiming.announced(rows)


def complete(ends: Sequence[Ended]) -> set[int]:
    """Complete these tasks; answers the ids of those that were still held under their lease."""
    if not ends:
        return set()
    if sql.is_sqlite():
        with sql.transaction():
            done = ending.complete_sqlite(ends, END_LEASE)
    else:
        done = {row[0] for row in sql.rows(_complete_postgres(), ending.postgres_values(ends))}
    _tell(done)
    return done


def is_ours(lease: Lease) -> bool:
    """Whether the lease still holds, and nothing has been asked of the task meanwhile."""
    row = sql.run(
        f"SELECT lease_until > {dbclock.now_sql()} AND control = '' FROM tasks_execution"
        " WHERE task_id = %s AND lease_token = %s",
        [lease.task_id, lease.token],
    )
    return row is not None and bool(row[0])


def _swap_sqlite(ends: Sequence[Ended], chosen: Sequence[int], by: Claimer) -> tuple[set[int], list[Any]]:
    if not (ends or chosen):
        return set(), []
    with sql.transaction():
        done = ending.complete_sqlite(ends, END_LEASE) if ends else set()
        return done, claiming.take(chosen, by, clock.now()) if chosen else []


@cache
def _swap_postgres(most: int) -> str:
    return (
        f"WITH {_ends()}, {claiming.postgres_claim(most)} SELECT (SELECT array_agg(task_id) FROM ended), claimed.*"
        f" FROM (SELECT 1) AS always LEFT JOIN ({claiming.POSTGRES_CLAIMED}) AS claimed ON true ORDER BY place"
    )


@cache
def _complete_postgres() -> str:
    return f"WITH {_ends()} SELECT task_id FROM ended"


@cache
def _ends() -> str:
    return ending.POSTGRES_ENDS.format(end_lease=END_LEASE, completed=ending.COMPLETED)


def _tell(done: set[int]) -> None:
    for task_id in done:
        news.publish(task_id, "task.completed")
