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
from apps.tasks.record import feed
from apps.tasks.states import Status

FOREVER = datetime.fromisoformat("9999-01-01T00:00:00+00:00")
"""Until then sleeps what only something else than time wakes."""

ENDED = (
    "SELECT branch_id, count(*), count(*) FILTER (WHERE status = 'failed'), count(*) FILTER (WHERE status = 'cancelled')"
    " FROM tasks_task WHERE id {tasks} AND branch_id IS NOT NULL GROUP BY branch_id ORDER BY branch_id"
)
COUNT = (
    "UPDATE tasks_branch SET outstanding = outstanding - %s, failed = failed + %s, cancelled = cancelled + %s,"
    " ended_at = CASE WHEN outstanding = %s THEN {now} END WHERE id = %s"
    " RETURNING task_id, total, outstanding, failed, cancelled, at_once, at_least"
)
NEXT = "SELECT id, priority FROM tasks_task WHERE branch_id = %s AND status = 'blocked' ORDER BY item LIMIT %s"
RELEASE = (
    "UPDATE tasks_task SET status = 'pending', status_reason = '', rank = %s, available_at = %s, updated_at = %s"
    " WHERE id = %s AND status = 'blocked' RETURNING id"
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
    some = "IN (SELECT value FROM json_each(%s))" if sql.is_sqlite() else "= ANY(%s)"
    ids: Any = json.dumps(list(task_ids)) if sql.is_sqlite() else list(task_ids)
    startable: list[int] = []
    for branch_id, ended, failed, cancelled in sql.rows(ENDED.format(tasks=some), [ids]):
        startable += _count(branch_id, ended, failed, cancelled, now)
    return startable


def _count(branch_id: int, ended: int, failed: int, cancelled: int, now: datetime) -> list[int]:
    place = "%s" if sql.is_sqlite() else "%s::timestamptz"
    row = sql.run(COUNT.format(now=place), [ended, failed, cancelled, ended, sql.moment(now), branch_id])
    if row is None:
        return []
    parent_id, total, outstanding, all_failed, all_cancelled, at_once, at_least = row
    needed = total if at_least is None else at_least
    lost = all_failed + all_cancelled
    was_lost, is_lost = total - (lost - failed - cancelled) < needed, total - lost < needed
    if outstanding and not is_lost:
        return _release(branch_id, ended, now) if at_once else []
    if outstanding and was_lost:
        return []  # it has been told
    return [parent_id] if nudge(parent_id, now) else []


def _release(branch_id: int, count: int, now: datetime) -> list[int]:
    """The next of a branch of which only some may run at once."""
    skip = "" if sql.is_sqlite() else " FOR NO KEY UPDATE SKIP LOCKED"
    moment, released = sql.moment(now), []
    for task_id, priority in sql.rows(NEXT + skip, [branch_id, count]):
        if sql.run(RELEASE, [rank(priority, now), moment, moment, task_id]):
            feed.append(task_id, "task.unblocked", now)
            released.append(task_id)
    return released


def nudge(task_id: int, now: datetime) -> bool:
    """In the caller's transaction: waiting → pending at once; one that runs looks again before it falls asleep.

    True when it can be claimed now, which the caller tells the workers after the commit (`news.woken`).
    """
    lock = "" if sql.is_sqlite() else " FOR NO KEY UPDATE"
    row = sql.run(f"SELECT status, priority, paused_from, is_listening FROM tasks_task WHERE id = %s{lock}", [task_id])
    if row is None:
        return False
    status, priority, paused_from, is_listening = row
    if status == Status.RUNNING:
        sql.run("UPDATE tasks_execution SET is_nudged = TRUE WHERE task_id = %s", [task_id])
    elif not is_listening:
        return False  # it sleeps by the clock, or will look anyway
    elif status == Status.PAUSED and paused_from == Status.WAITING:
        sql.run(LEAVE_READY, [rank(priority, now), sql.moment(now), task_id])
    elif status == Status.WAITING:
        moment = sql.moment(now)
        sql.run(WAKE, [rank(priority, now), moment, moment, task_id])
        feed.append(task_id, "task.woken", now)
        return True
    return False
