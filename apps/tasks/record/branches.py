"""Whoever waits for others is woken: children that end are counted out of their branch, in the transaction of their end.

Locks are taken in the order child, branch, parent. A parent that is just falling asleep holds its row's lock: it is
either asleep when a child gets to it, and is woken, or it finds that it was nudged, and does not fall asleep.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from apps.tasks import sql
from apps.tasks.ranking import rank
from apps.tasks.record import feed, rows
from apps.tasks.states import Status

FOREVER = datetime.fromisoformat("9999-01-01T00:00:00+00:00")
"""Until then sleeps what only something else than time wakes."""

ENDED = (
    "SELECT branch_id, count(*), count(*) FILTER (WHERE status = 'failed'), count(*) FILTER (WHERE status = 'cancelled')"
    " FROM tasks_task WHERE {tasks} AND branch_id IS NOT NULL GROUP BY branch_id ORDER BY branch_id"
)
COUNTED = (
    "outstanding = b.outstanding - g.ended, failed = b.failed + g.failed, cancelled = b.cancelled + g.cancelled,"
    " ended_at = CASE WHEN b.outstanding = g.ended THEN {now} END,"
    " due_at = coalesce(b.due_at, CASE WHEN b.outstanding = g.ended"
    " OR b.total - b.failed - b.cancelled - g.failed - g.cancelled < coalesce(b.at_least, b.total) THEN {now} END)"
)
COUNT_SQLITE = (
    f"UPDATE tasks_branch AS b SET {COUNTED.format(now='%s')} FROM (SELECT json_extract(value, '$[0]') AS id,"
    " json_extract(value, '$[1]') AS ended, json_extract(value, '$[2]') AS failed, json_extract(value, '$[3]') AS cancelled"
    " FROM json_each(%s)) AS g WHERE b.id = g.id RETURNING id, task_id, due_at = %s, outstanding, at_once"
)
COUNT_POSTGRES = (
    "WITH g AS MATERIALIZED (SELECT * FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[])"
    " AS g(id, ended, failed, cancelled)),"
    " held AS MATERIALIZED (SELECT b.id FROM tasks_branch b JOIN g ON g.id = b.id ORDER BY b.id FOR NO KEY UPDATE OF b)"
    f" UPDATE tasks_branch b SET {COUNTED.format(now='%s::timestamptz')} FROM g, held WHERE b.id = g.id AND held.id = b.id"
    " RETURNING b.id, b.task_id, b.due_at = %s::timestamptz, b.outstanding, b.at_once"
)
BOUND = "SELECT at_once FROM tasks_branch WHERE id = %s AND at_once IS NOT NULL AND outstanding > 0"
IN_PLACE = (
    "SELECT count(*) FROM (SELECT 1 FROM tasks_task WHERE branch_id = %s AND finished_at IS NULL"
    " AND NOT (status = 'blocked') AND NOT (paused_from = 'blocked') LIMIT %s) AS held"
)
"""As the index task_in_place says it: no more rows are read than may run at once."""
NEXT = "SELECT id, priority FROM tasks_task WHERE branch_id = %s AND status = 'blocked' ORDER BY item LIMIT %s"
RELEASE = (
    "UPDATE tasks_task SET status = 'pending', status_reason = '', rank = %s, available_at = %s, updated_at = %s"
    " WHERE id = %s AND status = 'blocked' RETURNING id"
)
STANDING = (
    "SELECT t.status, t.priority, t.paused_from, t.is_listening, r.rest_until FROM tasks_task t"
    " LEFT JOIN tasks_run r ON r.task_id = t.id WHERE t.id = %s"
)
WAKE = (
    "UPDATE tasks_task SET status = 'pending', status_reason = '', rank = %s, available_at = %s, updated_at = %s"
    " WHERE id = %s AND status = 'waiting' RETURNING id"
)

LEAVE_READY = "UPDATE tasks_task SET paused_from = 'pending', rank = %s, available_at = %s WHERE id = %s"
"""Of a paused one: once it is resumed, it goes on at once."""


def count_out(task_ids: Sequence[int], now: datetime) -> list[int]:
    """In the caller's transaction, once these tasks' rows say that they have ended. The tasks to tell workers of."""
    if not task_ids:
        return []
    these, ids = rows.some("id", task_ids)
    ended = sql.rows(ENDED.format(tasks=these), [ids])
    startable: list[int] = []
    parents = set()
    for branch_id, task_id, is_due, outstanding, at_once in _count(ended, now) if ended else ():
        if is_due:
            parents.add(task_id)
        elif at_once and outstanding:
            startable += _fill(branch_id, at_once, now)
    return startable + [task_id for task_id in sorted(parents) if nudge(task_id, now)]


def fill(branch_id: int, now: datetime) -> list[int]:
    """Give the free places of a branch to those of its children that are blocked, in the order of their items.

    In the caller's transaction, after whatever may leave a child blocked beside a free place. Who may begin, or has
    begun, holds a place until it ends, also while it is paused: so it can go on at any time. The tasks to tell workers
    of.
    """
    lock = "" if sql.is_sqlite() else " FOR NO KEY UPDATE"
    row = sql.run(BOUND + lock, [branch_id])
    return [] if row is None else _fill(branch_id, row[0], now)


def _count(ended: Sequence[Any], now: datetime) -> list[Any]:
    """(branch, its task, whether it became due by that, its outstanding and at_once)."""
    moment = sql.moment(now)
    if sql.is_sqlite():
        return sql.rows(COUNT_SQLITE, [moment, moment, json.dumps([list(each) for each in ended]), moment])
    columns = [list(column) for column in zip(*ended, strict=True)]
    return sql.rows(COUNT_POSTGRES, [*columns, moment, moment, moment])


def _fill(branch_id: int, at_once: int, now: datetime) -> list[int]:
    """Of a branch whose row is locked."""
    [held] = sql.run(IN_PLACE, [branch_id, at_once])
    return _release(branch_id, at_once - held, now) if held < at_once else []


def _release(branch_id: int, count: int, now: datetime) -> list[int]:
    """The next so many that are blocked."""
    skip = "" if sql.is_sqlite() else " FOR NO KEY UPDATE SKIP LOCKED"
    moment, released = sql.moment(now), list[int]()
    for task_id, priority in sql.rows(NEXT + skip, [branch_id, count]):
        if sql.run(RELEASE, [rank(priority, now), moment, moment, task_id]):
            feed.append(task_id, "task.unblocked", now)
            released.append(task_id)
    return released


def nudge(task_id: int, now: datetime) -> bool:
    """In the caller's transaction: waiting → pending at once; one that runs looks again before it falls asleep.

    A workflow of which more runs gets its rest first, so that it takes note of many ends at once. True when it is
    pending by that, which the caller tells the workers after the commit (`news.woken`).
    """
    lock = "" if sql.is_sqlite() else " FOR NO KEY UPDATE OF t"
    row = sql.run(STANDING + lock, [task_id])
    if row is None:
        return False
    status, priority, paused_from, is_listening, rest_until = row
    if status == Status.RUNNING:
        sql.run("UPDATE tasks_execution SET is_nudged = TRUE WHERE task_id = %s", [task_id])
    elif not is_listening:
        return False  # it sleeps by the clock, or will look anyway
    elif status == Status.PAUSED and paused_from == Status.WAITING:
        sql.run(LEAVE_READY, [rank(priority, now), sql.moment(now), task_id])
    elif status == Status.WAITING:
        begin = max(now, rows.moment(rest_until) or now)
        sql.run(WAKE, [rank(priority, now), sql.moment(begin), sql.moment(now), task_id])
        feed.append(task_id, "task.woken", now)
        return True
    return False
