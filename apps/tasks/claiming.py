"""Taking the best pending task: one transaction, in SQL, because every task pays for it.

Status, lease, attempt and event change together. On PostgreSQL it is one statement with SKIP LOCKED; on SQLite the
candidate is looked for first without a lock, so that idle workers never take the one write lock.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.conf import settings

from apps.catalog.models import TemplateRevision
from apps.core import clock
from apps.tasks import dbclock, news, sql
from apps.tasks.journal import Lease


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A task that this worker now holds, with all that carrying it out needs."""

    lease: Lease
    uid: str
    title: str
    kind: str
    parameters: Mapping[str, Any]
    requester_id: int
    revision: TemplateRevision
    created_at: datetime
    steps: int
    """Steps on record from earlier attempts."""
    stage: str
    """The stage that earlier attempts had reached."""
    reopened: tuple[int, int] | None
    """(index, try) of the failed step that a retry executes again."""


CANDIDATE = (
    "SELECT id FROM tasks_task WHERE status = 'pending' AND queue {queues} AND available_at <= %s"
    " ORDER BY rank DESC, id LIMIT 1"
)
TAKE = (
    "UPDATE tasks_task SET status = 'running', status_reason = '', updated_at = %s,"
    " attempt_count = attempt_count + 1, started_at = coalesce(started_at, %s) WHERE id = {task} AND status = 'pending'"
    " RETURNING id, attempt_count, uid, title, kind, parameters, requester_id, revision_id, created_at"
)
LEASE = (
    "UPDATE tasks_execution SET lease_token = lease_token + 1, seq = seq + 1, worker = %s,"
    " lease_until = {now} + %s WHERE task_id = {task} RETURNING lease_token, seq, steps, stage, reopened_index, reopened_try"
)
ATTEMPT_COLUMNS = "task_id, number, lease_token, worker, cluster, started_at, outcome, reason, first_step"
EVENT_COLUMNS = "task_id, seq, kind, at, data"


def claim(queues: Sequence[str], *, worker: str, cluster: str) -> Claim | None:
    """Take the best pending task of these queues, or None when there is none or another worker was first."""
    now = clock.now()
    row = (_claim_sqlite if sql.is_sqlite() else _claim_postgres)(queues, worker, cluster, now)
    if row is None:
        return None
    taken = _claim(row)
    news.publish(taken.lease.task_id, "task.claimed")
    return taken


def next_due(queues: Sequence[str]) -> datetime | None:
    """The earliest moment at which a task of these queues is, or was, claimable or to be woken; None without one."""
    places = ", ".join(["%s"] * len(queues))
    row = sql.run(
        f"SELECT min(available_at) FROM tasks_task WHERE status IN ('pending', 'waiting') AND queue IN ({places})",
        list(queues),
    )
    return None if row[0] is None else _moment(row[0])


def _claim_postgres(queues: Sequence[str], worker: str, cluster: str, now: datetime) -> Any:
    return sql.run(
        _postgres_statement(),
        [list(queues), now, now, now, worker, settings.LEASE_SECONDS, worker, cluster, now, now, worker, cluster],
    )


@lru_cache(maxsize=1)
def _postgres_statement() -> str:
    return (
        f"WITH pick AS MATERIALIZED ({CANDIDATE.format(queues='= ANY(%s)')} FOR UPDATE SKIP LOCKED),"
        f" taken AS ({TAKE.format(task='(SELECT id FROM pick)')}),"
        f" lease AS ({LEASE.format(task='(SELECT id FROM taken)', now=dbclock.now_sql())}),"
        f" attempt AS (INSERT INTO tasks_attempt ({ATTEMPT_COLUMNS}) SELECT taken.id, taken.attempt_count,"
        " lease.lease_token, %s, %s, %s, 'running', '', lease.steps FROM taken, lease),"
        f" event AS (INSERT INTO tasks_event ({EVENT_COLUMNS}) SELECT taken.id, lease.seq, 'task.claimed', %s::timestamptz,"
        " jsonb_build_object('attempt', taken.attempt_count, 'worker', %s::text, 'cluster', %s::text) FROM taken, lease)"
        " SELECT taken.*, lease.* FROM taken, lease"
    )


def _claim_sqlite(queues: Sequence[str], worker: str, cluster: str, now: datetime) -> Any:
    moment = sql.moment(now)
    places = f"IN ({', '.join(['%s'] * len(queues))})"
    candidate = sql.run(CANDIDATE.format(queues=places), [*queues, moment])
    if candidate is None:
        return None
    with sql.transaction():
        task = sql.run(TAKE.format(task="%s"), [moment, moment, candidate[0]])
        if task is None:
            return None
        lease = sql.run(LEASE.format(task="%s", now=dbclock.now_sql()), [worker, settings.LEASE_SECONDS, candidate[0]])
        number, (token, seq, steps, *_) = task[1], lease
        sql.run(
            f"INSERT INTO tasks_attempt ({ATTEMPT_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, 'running', '', %s)",
            [task[0], number, token, worker, cluster, moment, steps],
        )
        data = json.dumps({"attempt": number, "worker": worker, "cluster": cluster})
        sql.run(
            f"INSERT INTO tasks_event ({EVENT_COLUMNS}) VALUES (%s, %s, 'task.claimed', %s, %s)",
            [task[0], seq, moment, data],
        )
    return (*task, *lease)


def _claim(row: Sequence[Any]) -> Claim:
    task_id, attempt, uid, title, kind, parameters, requester_id, revision_id, created_at, *lease = row
    token, _, steps, stage, index, try_number = lease
    return Claim(
        lease=Lease(task_id=task_id, token=token, attempt=attempt),
        uid=str(uid).replace("-", ""),
        title=title,
        kind=kind,
        parameters=json.loads(parameters) if isinstance(parameters, str) else parameters,
        requester_id=requester_id,
        revision=revision(revision_id),
        created_at=_moment(created_at),
        steps=steps,
        stage=stage,
        reopened=None if index is None else (index, try_number),
    )


@lru_cache(maxsize=64)
def revision(revision_id: int) -> TemplateRevision:
    """The revision, remembered by this process: revisions never change."""
    return TemplateRevision.objects.select_related("template").get(pk=revision_id)


def _moment(value: Any) -> datetime:
    """SQLite keeps moments in UTC, without saying so."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
