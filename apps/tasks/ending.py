"""The usual end of a task in one statement (PostgreSQL): eight round trips would cost more than the task itself.

The same writes as `lifecycle._end_attempt` makes one by one: status, lease, attempt, event, checkpoints. The task's row
is locked first, as every verb does. All other writes hang on the lease's: the fence is the one row that PostgreSQL
looks at again after it waited for that lock, everything else is seen as it was when the statement began.
"""

import json
from datetime import datetime
from typing import Any

from django.conf import settings

from apps.tasks import sql
from apps.tasks.journal import Lease, LeaseLost
from apps.tasks.states import AttemptOutcome, Status

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
