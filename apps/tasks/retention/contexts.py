"""The values that a workflow's nodes passed to each other: they go some time after its end, long before the task does."""

from datetime import datetime

from apps.tasks import sql

RUNS = 20
"""Runs a transaction."""
OVER = "SELECT task_id FROM tasks_run WHERE values_until <= %s ORDER BY values_until LIMIT %s"


def forget(now: datetime) -> int:
    """Drop the values of a batch of runs whose time is over; who wrote them, and when, stays. How many runs."""
    found = sql.rows(OVER, [sql.moment(now), RUNS])
    for (task_id,) in found:
        with sql.transaction():
            # Not of a run that is being repaired at this moment: that one has no end any more.
            ended = "UPDATE tasks_run SET values_until = NULL, is_forgotten = TRUE WHERE task_id = %s AND values_until <= %s"
            if sql.run(f"{ended} RETURNING task_id", [task_id, sql.moment(now)]):
                sql.run("UPDATE tasks_value SET text = NULL WHERE task_id = %s AND text IS NOT NULL", [task_id])
    return len(found)
