"""Taking the best pending tasks: one transaction, in SQL, because every task pays for it.

Status, lease, attempt and event change together. On PostgreSQL it is one statement with SKIP LOCKED; on SQLite the
candidates are looked for first without a lock, so that idle workers never take the one write lock.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from django.conf import settings

from apps.catalog.models import TemplateRevision
from apps.core import clock
from apps.tasks import dbclock, gates, guarded, news, sql
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
    seed: str
    """Of chance and ids: the task's uid, or that of the ancestor whose record it goes on from."""
    seeded_at: datetime
    """Where the script's clock stands still: the creation of the task, or of that ancestor."""
    steps: int
    """Steps on record from earlier attempts."""
    stage: str
    """The stage that earlier attempts had reached."""
    reopened: tuple[int, int] | None
    """(index, try) of the failed step that a retry executes again."""
    together: int = 1
    """How many tasks the worker claimed at once."""


CANDIDATES = (
    "SELECT id, rank, attempt_count FROM tasks_task WHERE status = 'pending' AND queue = {queue} AND available_at <= {now}"
    " ORDER BY rank DESC, id LIMIT {most}"
)
"""Of one queue, in the order of its index. Several queues at once would have all that waits sorted for each claim."""
TAKE = (
    "UPDATE tasks_task SET status = 'running', status_reason = '', updated_at = %s,"
    " attempt_count = attempt_count + 1, started_at = coalesce(started_at, %s) WHERE id {tasks} AND status = 'pending'"
    " RETURNING id, attempt_count, uid, title, kind, parameters, requester_id, revision_id, created_at,"
    " seed, seeded_at"
)
LEASE = (
    "UPDATE tasks_execution SET lease_token = lease_token + 1, seq = seq + 1, worker = %s, host = %s,"
    " lease_until = {now} + %s WHERE task_id {tasks}"
    " RETURNING task_id, lease_token, seq, steps, stage, reopened_index, reopened_try"
)
POSTGRES_CLAIMED = (
    "SELECT taken.*, lease.*, place FROM taken JOIN lease ON task_id = taken.id JOIN chosen ON chosen.id = taken.id"
)
ATTEMPT_COLUMNS = "task_id, number, lease_token, worker, cluster, started_at, outcome, reason, first_step"
EVENT_COLUMNS = "task_id, seq, kind, at, data"


@dataclass(frozen=True, kw_only=True)
class Claimer:
    """Who claims: the worker's name, its cluster's and its host's."""

    worker: str
    cluster: str
    host: str = ""


def claim(queues: Sequence[str], *, worker: str, cluster: str, host: str = "") -> Claim | None:
    """Take the best pending task of these queues, or None when there is none or another worker was first."""
    by, now = Claimer(worker=worker, cluster=cluster, host=host), clock.now()
    gate = gates.gate(queues)
    if not gate.queues:
        return None
    if gate.is_narrow:
        row = guarded.claim(gate, host, now, lambda task_id: _take(task_id, by, now))
    else:
        row = next(iter(take_best(gate.queues, 1, by, now)), None)
    return None if row is None else announced([row])[0]


def take_best(queues: Sequence[str], most: int, by: Claimer, now: datetime) -> list[Any]:
    """Take up to `most` of the best pending tasks, in their order. What was tried before is taken alone (fresh)."""
    if sql.is_sqlite():
        chosen = candidates(queues, most, now)
        if not chosen:
            return []
        with sql.transaction():
            return take(chosen, by, now)
    return sql.rows(f"WITH {postgres_claim(most)} {POSTGRES_CLAIMED} ORDER BY place", postgres_values(queues, by, now))


def announced(rows: Sequence[Sequence[Any]]) -> list[Claim]:
    """The claims of these rows; the world hears of them."""
    claims = [_claim(row, len(rows)) for row in rows]
    for claim in claims:
        news.publish(claim.lease.task_id, "task.claimed")
    return claims


def next_due(queues: Sequence[str]) -> datetime | None:
    """The earliest moment at which a task of these queues becomes claimable, or is or was to be woken; None without one.

    Where limits or a pause hold tasks back, those that could start by their time do not count: a hint tells when they
    can, and looking all the time would not help.
    """
    places = ", ".join(["%s"] * len(queues))
    earliest = f"SELECT min(available_at) FROM tasks_task WHERE queue IN ({places}) AND status"
    gate = gates.gate(queues)
    if not gate.is_narrow and gate.queues == tuple(queues):
        row = sql.run(f"{earliest} IN ('waiting', 'pending')", list(queues))
    else:
        row = sql.run(
            f"SELECT ({earliest} = 'waiting'), ({earliest} IN ('waiting', 'pending') AND available_at > %s)",
            [*queues, *queues, sql.moment(clock.now())],
        )
    return min((_moment(due) for due in row if due is not None), default=None)


def postgres_values(queues: Sequence[str], by: Claimer, now: datetime) -> list[Any]:
    return [
        list(queues), now, now, now, by.worker, by.host, settings.LEASE_SECONDS, by.worker, by.cluster, now,
        now, by.worker, by.cluster,
    ]  # fmt: skip


@cache
def postgres_claim(most: int) -> str:
    """The common table expressions that claim; POSTGRES_CLAIMED selects what was claimed.

    The number stands in the text: as a parameter it would be planned for a tenth of all that waits.
    """
    best = CANDIDATES.format(queue="open_queue.name", now="%s", most=most)
    together = "" if most == 1 else " || CASE WHEN n > 1 THEN jsonb_build_object('together', n) ELSE '{}'::jsonb END"
    return (
        f"pick AS MATERIALIZED (SELECT best.* FROM unnest(%s::text[]) AS open_queue(name), LATERAL ({best}"
        f" FOR UPDATE SKIP LOCKED) AS best ORDER BY rank DESC, id LIMIT {most}),"
        " placed AS (SELECT id, row_number() OVER best AS place, sum(attempt_count) OVER best AS tried FROM pick"
        " WINDOW best AS (ORDER BY rank DESC, id)),"
        " chosen AS MATERIALIZED (SELECT id, place, count(*) OVER () AS n FROM placed WHERE place = 1 OR tried = 0),"
        f" taken AS ({TAKE.format(tasks='IN (SELECT id FROM chosen)')}),"
        f" lease AS ({LEASE.format(tasks='IN (SELECT id FROM taken)', now=dbclock.now_sql())}),"
        f" attempt AS (INSERT INTO tasks_attempt ({ATTEMPT_COLUMNS}) SELECT taken.id, taken.attempt_count,"
        " lease.lease_token, %s, %s, %s, 'running', '', lease.steps FROM taken JOIN lease ON task_id = taken.id),"
        f" claimed AS (INSERT INTO tasks_event ({EVENT_COLUMNS}) SELECT taken.id, lease.seq, 'task.claimed',"
        " %s::timestamptz, jsonb_build_object('attempt', taken.attempt_count, 'worker', %s::text, 'cluster', %s::text)"
        f"{together} FROM taken JOIN lease ON task_id = taken.id JOIN chosen ON chosen.id = taken.id)"
    )


def candidates(queues: Sequence[str], most: int, now: datetime) -> list[int]:
    """SQLite: the ids of what would be taken. Looked for without a lock: idle workers never take the one write lock."""
    moment = sql.moment(now)
    each = CANDIDATES.format(queue="%s", now="%s", most=most)
    every = " UNION ALL ".join([f"SELECT * FROM ({each})"] * len(queues))
    values = [value for queue in queues for value in (queue, moment)]
    found = sql.rows(each if len(queues) == 1 else f"{every} ORDER BY rank DESC, id LIMIT {most}", values)
    return fresh([(task_id, attempts) for task_id, _, attempts in found])


def fresh(found: Sequence[tuple[int, int]]) -> list[int]:
    """The first (id, attempts so far), and those after it up to the first that was tried before.

    A task that was tried before goes alone: if it is the one that kills workers, it takes no other with it.
    """
    chosen: list[int] = []
    for task_id, attempts in found:
        if chosen and attempts:
            break
        chosen.append(task_id)
        if attempts:
            break
    return chosen


def take(task_ids: Sequence[int], by: Claimer, now: datetime) -> list[Any]:
    """SQLite: the claims' writes, in the caller's transaction. The rows of those that were still pending."""
    moment = sql.moment(now)
    chosen = "IN (SELECT value FROM json_each(%s))"
    tasks = {row[0]: row for row in sql.rows(TAKE.format(tasks=chosen), [moment, moment, json.dumps(task_ids)])}
    if not tasks:
        return []
    values = [by.worker, by.host, settings.LEASE_SECONDS, json.dumps(list(tasks))]
    leases = {row[0]: row for row in sql.rows(LEASE.format(tasks=chosen, now=dbclock.now_sql()), values)}
    taken = [(*tasks[task_id], *leases[task_id]) for task_id in task_ids if task_id in tasks]
    _record(taken, by, moment)
    return taken


def _record(taken: Sequence[Any], by: Claimer, moment: Any) -> None:
    together = {"together": len(taken)} if len(taken) > 1 else {}
    attempts, events = [], []
    for row in taken:
        task_id, number, (token, seq, steps) = row[0], row[1], row[12:15]
        data = {"attempt": number, "worker": by.worker, "cluster": by.cluster, **together}
        attempts.append([task_id, number, token, by.worker, by.cluster, moment, steps])
        events.append([task_id, seq, moment, json.dumps(data)])
    sql.many(
        f"INSERT INTO tasks_attempt ({ATTEMPT_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, 'running', '', %s)", attempts
    )
    sql.many(f"INSERT INTO tasks_event ({EVENT_COLUMNS}) VALUES (%s, %s, 'task.claimed', %s, %s)", events)


def _take(task_id: int, by: Claimer, now: datetime) -> Any:
    """The claim's writes one by one, in the caller's transaction. None: the task is no longer pending."""
    moment = sql.moment(now)
    task = sql.run(TAKE.format(tasks="= %s"), [moment, moment, task_id])
    if task is None:
        return None
    values = [by.worker, by.host, settings.LEASE_SECONDS, task_id]
    lease = sql.run(LEASE.format(tasks="= %s", now=dbclock.now_sql()), values)
    number, (_, token, seq, steps, *_) = task[1], lease
    sql.run(
        f"INSERT INTO tasks_attempt ({ATTEMPT_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, 'running', '', %s)",
        [task_id, number, token, by.worker, by.cluster, moment, steps],
    )
    data = json.dumps({"attempt": number, "worker": by.worker, "cluster": by.cluster})
    sql.run(
        f"INSERT INTO tasks_event ({EVENT_COLUMNS}) VALUES (%s, %s, 'task.claimed', %s, %s)",
        [task_id, seq, moment, data],
    )
    return (*task, *lease)


def _claim(row: Sequence[Any], together: int) -> Claim:
    task_id, attempt, uid, title, kind, parameters, requester_id, revision_id, created_at, seed, seeded_at, *lease = row
    _, token, _, steps, stage, index, try_number, *_ = lease
    uid = str(uid).replace("-", "")
    return Claim(
        lease=Lease(task_id=task_id, token=token, attempt=attempt),
        uid=uid,
        title=title,
        kind=kind,
        parameters=json.loads(parameters) if isinstance(parameters, str) else parameters,
        requester_id=requester_id,
        revision=revision(revision_id),
        created_at=_moment(created_at),
        seed=seed or uid,
        seeded_at=_moment(seeded_at or created_at),
        steps=steps,
        stage=stage,
        reopened=None if index is None else (index, try_number),
        together=together,
    )


@lru_cache(maxsize=64)
def revision(revision_id: int) -> TemplateRevision:
    """The revision, remembered by this process: revisions never change."""
    return TemplateRevision.objects.select_related("template").get(pk=revision_id)


def _moment(value: Any) -> datetime:
    """SQLite keeps moments in UTC, without saying so."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
