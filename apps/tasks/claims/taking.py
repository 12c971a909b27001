"""The writes of claims, in SQL because every task pays for them: status, lease, attempt and event change together.

On PostgreSQL it is one statement with SKIP LOCKED. On SQLite candidates are looked for first without a lock, so that
idle workers never take the one write lock. Where limits narrow the choice, `choosing` says what may be taken.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import takewhile
from typing import Any, NamedTuple

from django.conf import settings

from apps.core import clock
from apps.tasks import dbclock, sql
from apps.tasks.limits import choosing
from apps.tasks.limits.gates import Gate

TRIES = 4
"""Looks in a row at what is claimable, when others were first each time."""
SPREAD = 4
"""Handfuls of which one is taken, so that workers who look at the same moment find enough for each."""

# The gate has not heard yet of a revision that was published in the last half second. Its tasks that need a core wait
# for that: unguarded, too many of them could start.
CANDIDATES = (
    "SELECT id, rank, attempt_count FROM tasks_task WHERE status = 'pending' AND queue = {queue} AND available_at <= {now}"
    " AND NOT is_cpu_intensive ORDER BY rank DESC, id LIMIT {most}"
)
"""Of one queue, in the order of its index. Several queues at once would have all that waits sorted for each claim."""
LIMIT_SQLITE = (
    "min(coalesce(b.deadline, '9999'),"
    " strftime('%Y-%m-%d %H:%M:%f', %s, '+' || (b.time_limit_ms / 1000.0) || ' seconds'))"
)
LIMIT_POSTGRES = "least(b.deadline, %s::timestamptz + b.time_limit_ms * interval '1 millisecond')"
TAKE = (
    "UPDATE tasks_task SET status = 'running', status_reason = '', updated_at = %s,"
    " attempt_count = attempt_count + 1, started_at = coalesce(started_at, %s),"
    # A child's time counts from when it is begun, not while it waits for a worker. Until then its deadline is its branch's.
    " deadline = CASE WHEN branch_id IS NULL THEN deadline ELSE (SELECT CASE WHEN b.time_limit_ms IS NULL"
    " OR tasks_task.deadline {differs} b.deadline THEN tasks_task.deadline ELSE {limit} END FROM tasks_branch b"
    " WHERE b.id = branch_id) END WHERE id {tasks} AND status = 'pending'"
    " RETURNING id, attempt_count, uid, title, kind, parameters, requester_id, revision_id, created_at,"
    " seed, seeded_at, parent_id,"
    " CASE WHEN branch_id IS NULL THEN '' ELSE (SELECT name FROM tasks_branch WHERE id = branch_id) END AS branch"
)
STILL = "IN (SELECT value FROM json_each(%s)) AND queue IN (SELECT value FROM json_each(%s)) AND available_at <= %s"
"""SQLite: whoever was found before the lock was taken may have been moved or put off since."""
NAMED = (
    "SELECT id, rank, attempt_count FROM tasks_task WHERE id = ANY(%s::bigint[]) AND status = 'pending'"
    " AND queue = ANY(%s::text[]) AND available_at <= %s ORDER BY rank DESC, id LIMIT {most} FOR UPDATE SKIP LOCKED"
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


@dataclass(frozen=True, kw_only=True)
class Ends:
    """Ends of tasks, to be written in the transaction of the next claim; their slots are free for it.

    `statement`: PostgreSQL's common table expressions, of which `ended` has the task_id of those completed, with their
    `values`. `write` does the same in the caller's transaction, and answers their ids.
    """

    statement: str
    values: Sequence[Any]
    write: Callable[[], set[int]]


class Taken(NamedTuple):
    done: set[int]
    """Ids of the ends that were written: those whose lease still held."""
    rows: list[Any]
    is_limited: bool = False
    """Whether a limit is about any of the rows' tasks."""


def take(gate: Gate, most: int, by: Claimer, ends: Ends | None = None) -> Taken:
    """Write the ends, and take up to `most` of the best tasks that may start. What was tried before is taken alone."""
    if not (most and gate.queues):
        return Taken(finish(ends), [])
    if sql.is_sqlite():
        return (_narrow_sqlite if gate.is_narrow else _sqlite)(gate, most, by, ends)
    return (_narrow_postgres if gate.is_narrow else _postgres)(gate, most, by, ends)


def finish(ends: Ends | None) -> set[int]:
    if ends is None:
        return set()
    if not sql.is_sqlite():
        return ends.write()  # one statement
    with sql.transaction():
        return ends.write()


def _sqlite(gate: Gate, most: int, by: Claimer, ends: Ends | None) -> Taken:
    chosen = _candidates(gate.queues, most, clock.now())
    if not (ends or chosen):
        return Taken(set(), [])
    with sql.transaction():
        done = ends.write() if ends else set()
        rows = _take_sqlite(chosen, gate, by, clock.now()) if chosen else []
        if chosen and not rows:  # another worker took them all; under the lock nobody is first any more
            rows = _take_sqlite(_candidates(gate.queues, most, clock.now()), gate, by, clock.now())
        return Taken(done, rows)


def _narrow_sqlite(gate: Gate, most: int, by: Claimer, ends: Ends | None) -> Taken:
    if not (ends or choosing.startable(gate, by.host, 1, clock.now())):
        return Taken(set(), [])
    with sql.transaction():
        done, now = ends.write() if ends else set(), clock.now()
        found = choosing.startable(gate, by.host, most, now)
        is_limited = any(choosing.is_limited(gate, task) for task in found)
        ids = (
            choosing.under_lock(gate, by.host, most, now) if is_limited else _fresh([(t.id, t.attempts) for t in found])
        )
        return Taken(done, _take_sqlite(ids, gate, by, now) if ids else [], is_limited)


def _postgres(gate: Gate, most: int, by: Claimer, ends: Ends | None) -> Taken:
    now = clock.now()
    return _take_postgres(_claim_statement(most), [list(gate.queues), now, *_values(by, now)], ends)


def _narrow_postgres(gate: Gate, most: int, by: Claimer, ends: Ends | None) -> Taken:
    done: set[int] = set()
    for _ in range(TRIES):
        now = clock.now()
        found = choosing.startable(gate, by.host, most * SPREAD, now)
        if not (found or ends):
            break
        if not found:  # what ends may hold the slot that the next one waits for
            done, ends = done | finish(ends), None
            continue
        if any(choosing.is_limited(gate, task) for task in found[:most]):
            taken = _guarded_postgres(gate, most, by, ends)
        else:
            ids = [task.id for task in takewhile(lambda task: not choosing.is_limited(gate, task), found)]
            taken = _take_named(ids, gate, most, by, now, ends)
        done, ends = done | taken.done, None
        if taken.rows:
            return Taken(done, taken.rows, taken.is_limited)
    return Taken(done | finish(ends), [])


def _guarded_postgres(gate: Gate, most: int, by: Claimer, ends: Ends | None) -> Taken:
    with sql.transaction():
        done = ends.write() if ends else set()
        choosing.lock()
        now = clock.now()
        ids = choosing.under_lock(gate, by.host, most, now)
        rows = _take_named(ids, gate, len(ids), by, now, None).rows if ids else []
    return Taken(done, rows, is_limited=True)


def _take_named(ids: list[int], gate: Gate, most: int, by: Claimer, now: datetime, ends: Ends | None) -> Taken:
    values = [ids, list(gate.queues), now, *_values(by, now)]
    return _take_postgres(_claim_statement(most, is_named=True), values, ends)


def _take_postgres(claim: str, values: list[Any], ends: Ends | None) -> Taken:
    if ends is None:
        return Taken(set(), sql.rows(f"WITH {claim} {POSTGRES_CLAIMED} ORDER BY place", values))
    found = sql.rows(
        f"WITH {ends.statement}, {claim} SELECT (SELECT array_agg(task_id) FROM ended), claimed.*"
        f" FROM (SELECT 1) AS always LEFT JOIN ({POSTGRES_CLAIMED}) AS claimed ON true ORDER BY place",
        [*ends.values, *values],
    )
    return Taken(set(found[0][0] or ()), [row[1:] for row in found if row[1] is not None])


def _values(by: Claimer, now: datetime) -> list[Any]:
    return [
        now, now, now, by.worker, by.host, settings.LEASE_SECONDS, by.worker, by.cluster, now,
        now, by.worker, by.cluster,
    ]  # fmt: skip


@cache
def _claim_statement(most: int, *, is_named: bool = False) -> str:
    """The common table expressions that claim; POSTGRES_CLAIMED selects what was claimed.

    The number stands in the text: as a parameter it would be planned for a tenth of all that waits.
    """
    best = CANDIDATES.format(queue="open_queue.name", now="%s", most=most)
    pick = (
        f"SELECT best.* FROM unnest(%s::text[]) AS open_queue(name), LATERAL ({best}"
        f" FOR UPDATE SKIP LOCKED) AS best ORDER BY rank DESC, id LIMIT {most}"
    )
    together = "" if most == 1 else " || CASE WHEN n > 1 THEN jsonb_build_object('together', n) ELSE '{}'::jsonb END"
    return (
        f"pick AS MATERIALIZED ({NAMED.format(most=most) if is_named else pick}),"
        " placed AS (SELECT id, row_number() OVER best AS place, sum(attempt_count) OVER best AS tried FROM pick"
        " WINDOW best AS (ORDER BY rank DESC, id)),"
        " chosen AS MATERIALIZED (SELECT id, place, count(*) OVER () AS n FROM placed WHERE place = 1 OR tried = 0),"
        f" taken AS ({TAKE.format(tasks='IN (SELECT id FROM chosen)', differs='IS DISTINCT FROM', limit=LIMIT_POSTGRES)}),"
        f" lease AS ({LEASE.format(tasks='IN (SELECT id FROM taken)', now=dbclock.now_sql())}),"
        f" attempt AS (INSERT INTO tasks_attempt ({ATTEMPT_COLUMNS}) SELECT taken.id, taken.attempt_count,"
        " lease.lease_token, %s, %s, %s, 'running', '', lease.steps FROM taken JOIN lease ON task_id = taken.id),"
        f" claimed AS (INSERT INTO tasks_event ({EVENT_COLUMNS}) SELECT taken.id, lease.seq, 'task.claimed',"
        " %s::timestamptz, jsonb_build_object('attempt', taken.attempt_count, 'worker', %s::text, 'cluster', %s::text)"
        f"{together} FROM taken JOIN lease ON task_id = taken.id JOIN chosen ON chosen.id = taken.id)"
    )


def _candidates(queues: Sequence[str], most: int, now: datetime) -> list[int]:
    """SQLite: the ids of what would be taken."""
    moment = sql.moment(now)
    each = CANDIDATES.format(queue="%s", now="%s", most=most)
    every = " UNION ALL ".join([f"SELECT * FROM ({each})"] * len(queues))
    values = [value for queue in queues for value in (queue, moment)]
    found = sql.rows(each if len(queues) == 1 else f"{every} ORDER BY rank DESC, id LIMIT {most}", values)
    return _fresh([(task_id, attempts) for task_id, _, attempts in found])


def _fresh(found: Sequence[tuple[int, int]]) -> list[int]:
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


def _take_sqlite(task_ids: Sequence[int], gate: Gate, by: Claimer, now: datetime) -> list[Any]:
    """In the caller's transaction. The rows of those that may still be taken."""
    moment = sql.moment(now)
    values = [moment, moment, moment, json.dumps(task_ids), json.dumps(gate.queues), moment]
    tasks = {row[0]: row for row in sql.rows(TAKE.format(tasks=STILL, differs="IS NOT", limit=LIMIT_SQLITE), values)}
    if not tasks:
        return []
    values = [by.worker, by.host, settings.LEASE_SECONDS, json.dumps(list(tasks))]
    lease = LEASE.format(tasks="IN (SELECT value FROM json_each(%s))", now=dbclock.now_sql())
    leases = {row[0]: row for row in sql.rows(lease, values)}
    taken = [(*tasks[task_id], *leases[task_id]) for task_id in task_ids if task_id in tasks]
    _record(taken, by, moment)
    return taken


def _record(taken: Sequence[Any], by: Claimer, moment: Any) -> None:
    together = {"together": len(taken)} if len(taken) > 1 else {}
    attempts, events = [], []
    for row in taken:
        task_id, number, (token, seq, steps) = row[0], row[1], row[14:17]
        data = {"attempt": number, "worker": by.worker, "cluster": by.cluster, **together}
        attempts.append([task_id, number, token, by.worker, by.cluster, moment, steps])
        events.append([task_id, seq, moment, json.dumps(data)])
    sql.many(
        f"INSERT INTO tasks_attempt ({ATTEMPT_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, 'running', '', %s)", attempts
    )
    sql.many(f"INSERT INTO tasks_event ({EVENT_COLUMNS}) VALUES (%s, %s, 'task.claimed', %s, %s)", events)
