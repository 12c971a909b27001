"""The usual end of a task in one statement (PostgreSQL): eight round trips would cost more than the task itself.

The same writes as `lifecycle.moving.end_attempt` makes one by one: status, lease, attempt, event, checkpoints. The task's row
is locked first, as every verb does. All other writes hang on the lease's: the fence is the one row that PostgreSQL
looks at again after it waited for that lock, everything else is seen as it was when the statement began.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from apps.tasks import sql
from apps.tasks.record.journal import Lease, LeaseLost
from apps.tasks.states import AttemptOutcome, Status

END_LEASE = (
    ", lease_token = lease_token + 1, lease_until = NULL, worker = '', host = '', control = '', control_reason = '',"
    " control_by = '', call = '', call_started_at = NULL, is_nudged = FALSE"
)

STATEMENT = """\
WITH task AS MATERIALIZED (
  SELECT t.id FROM tasks_task t JOIN tasks_execution e ON e.task_id = t.id
  WHERE t.id = %s AND t.status = 'running' AND e.lease_token = %s FOR NO KEY UPDATE OF t),
lease AS (
  UPDATE tasks_execution SET seq = seq + 1{sets}
  WHERE task_id = (SELECT id FROM task) AND lease_token = %s RETURNING task_id, seq),
moved AS (
  UPDATE tasks_task SET {columns}, delete_after = %s::timestamptz + make_interval(days => coalesce(
    (SELECT retention_days FROM catalog_templaterevision r WHERE r.id = tasks_task.revision_id), %s))
  WHERE id = (SELECT task_id FROM lease)),
attempt AS (
  UPDATE tasks_attempt SET outcome = %s, ended_at = %s, reason = %s
  WHERE task_id = (SELECT task_id FROM lease) AND lease_token = %s),
event AS (
  INSERT INTO tasks_event (task_id, seq, kind, at, data) SELECT %s, seq, %s, %s::timestamptz, %s::jsonb FROM lease),
gone AS (DELETE FROM tasks_checkpoint WHERE task_id = (SELECT task_id FROM lease))
SELECT seq FROM lease"""


def finish(
    lease: Lease,
    status: Status,
    kind: str,
    outcome: AttemptOutcome,
    now: datetime,
    reason: str,
    data: dict[str, Any] | None,
    changes: dict[str, Any],
    sets: str,
) -> None:
    """Move the running task to a final status. Raises LeaseLost, and then nothing was written."""
    values = {"status": status.value, "status_reason": reason[:300], "updated_at": now, "finished_at": now, **changes}
    columns = ", ".join(f"{name} = %s" for name in values)
    row = sql.run(
        STATEMENT.format(columns=columns, sets=sets),
        [
            lease.task_id, lease.token,
            lease.token,
            *(sql.value(value) for value in values.values()), now, settings.TASK_RETENTION_DAYS,
            outcome.value, now, reason[:300], lease.token,
            lease.task_id, kind, now, json.dumps(data or {}),
        ],
    )  # fmt: skip
    if row is None:
        raise LeaseLost(f"Task {lease.task_id} is held by another attempt, or has ended.")


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The usual end of an attempt: completed, and nothing left to write beside it."""

    lease: Lease
    result: str
    at: datetime
    delete_after: datetime
    is_limited: bool = False
    """Whether it may free a slot that others wait for."""


COMPLETED = "status = 'completed', status_reason = '', error = NULL, failures = 0, crashes = 0"
POSTGRES_ENDS = """\
given AS MATERIALIZED (
  SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::text[], %s::timestamptz[])
    AS g(task_id, token, at, result, delete_after)),
task AS MATERIALIZED (
  SELECT t.id FROM given g JOIN tasks_task t ON t.id = g.task_id JOIN tasks_execution e ON e.task_id = t.id
  WHERE t.status = 'running' AND e.lease_token = g.token ORDER BY t.id FOR NO KEY UPDATE OF t),
ended AS (
  UPDATE tasks_execution e SET seq = seq + 1, percent = 100{end_lease} FROM given g
  WHERE e.task_id = g.task_id AND e.lease_token = g.token AND e.task_id IN (SELECT id FROM task)
  RETURNING e.task_id, e.seq, g.token, g.at, g.result, g.delete_after),
moved AS (
  UPDATE tasks_task t SET {completed}, updated_at = ended.at, finished_at = ended.at, result = ended.result,
    delete_after = ended.delete_after
  FROM ended WHERE t.id = ended.task_id),
closed AS (
  UPDATE tasks_attempt a SET outcome = 'completed', ended_at = ended.at, reason = ''
  FROM ended WHERE a.task_id = ended.task_id AND a.lease_token = ended.token),
told AS (
  INSERT INTO tasks_event (task_id, seq, kind, at, data)
  SELECT task_id, seq, 'task.completed', at, '{{}}'::jsonb FROM ended),
gone AS (DELETE FROM tasks_checkpoint WHERE task_id IN (SELECT task_id FROM ended))"""


def postgres_values(ended: Sequence[Ended]) -> list[Any]:
    return [
        [each.lease.task_id for each in ended], [each.lease.token for each in ended], [each.at for each in ended],
        [each.result for each in ended], [each.delete_after for each in ended],
    ]  # fmt: skip


def complete_sqlite(ended: Sequence[Ended], end_lease: str) -> set[int]:
    """The ends' writes, in the caller's transaction. The ids of the tasks whose lease still held."""
    at = {each.lease.task_id: each for each in ended}
    pairs = json.dumps([[each.lease.task_id, each.lease.token] for each in ended])
    fenced = sql.rows(
        f"UPDATE tasks_execution SET seq = seq + 1, percent = 100{end_lease} FROM"
        " (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS token FROM json_each(%s)) AS given"
        " WHERE task_id = given.id AND lease_token = given.token RETURNING task_id, seq",
        [pairs],
    )
    tasks, attempts, events = [], [], []
    for task_id, seq in fenced:
        each = at[task_id]
        moment = sql.moment(each.at)
        tasks.append([moment, moment, each.result, sql.moment(each.delete_after), task_id])
        attempts.append([moment, task_id, each.lease.token])
        events.append([task_id, seq, moment])
    sql.many(
        f"UPDATE tasks_task SET {COMPLETED}, updated_at = %s, finished_at = %s, result = %s, delete_after = %s"
        " WHERE id = %s AND status = 'running'",
        tasks,
    )
    sql.many(
        "UPDATE tasks_attempt SET outcome = 'completed', ended_at = %s, reason = '' WHERE task_id = %s AND lease_token = %s",
        attempts,
    )
    sql.many(
        "INSERT INTO tasks_event (task_id, seq, kind, at, data) VALUES (%s, %s, 'task.completed', %s, '{}')", events
    )
    sql.run(
        "DELETE FROM tasks_checkpoint WHERE task_id IN (SELECT value FROM json_each(%s))",
        [json.dumps([task_id for task_id, _ in fenced])],
    )
    return {task_id for task_id, _ in fenced}
