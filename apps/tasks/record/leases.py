"""Leases by the database's clock: who holds what, until when, and whose has run out. The only module that asks."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from apps.tasks import dbclock


@dataclass(frozen=True, kw_only=True)
class Held:
    """A lease on record: the task, its token, the worker that holds it, and the seconds it has left."""

    task_id: int
    token: int
    worker: str
    seconds_left: float


def held() -> list[Held]:
    """All leases of running tasks, expired or not."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT task_id, lease_token, worker, lease_until - {dbclock.now_sql()}"
            " FROM tasks_execution JOIN tasks_task ON tasks_task.id = task_id"
            " WHERE tasks_task.status = 'running'"
        )
        return [
            Held(task_id=row[0], token=row[1], worker=row[2], seconds_left=float(row[3])) for row in cursor.fetchall()
        ]


def expired(leases: Sequence[Held], dead_workers: set[str]) -> list[Held]:
    """Those that may be rescued: run out, or held by a worker that is proved dead."""
    return [lease for lease in leases if lease.seconds_left <= 0 or lease.worker in dead_workers]


def control(task_id: int, token: int) -> str | None:
    """What is asked of the task; None when the lease is not its current one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT control FROM tasks_execution WHERE task_id = %s AND lease_token = %s", [task_id, token])
        row = cursor.fetchone()
    return None if row is None else str(row[0])


def has_run_out(task_id: int, token: int) -> bool:
    """Whether this lease is over; inside a transaction the row stays as it is seen here."""
    lock = "" if connection.vendor == "sqlite" else " FOR UPDATE"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT lease_until <= {dbclock.now_sql()} FROM tasks_execution"
            f" WHERE task_id = %s AND lease_token = %s{lock}",
            [task_id, token],
        )
        row = cursor.fetchone()
    return row is not None and bool(row[0])
