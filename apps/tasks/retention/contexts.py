"""What a workflow's nodes passed to each other, and what their tasks returned: both go some time after the run's end.

The tasks themselves stay, with their steps, log and files, until they are pruned; so does what the workflow returned.
"""

from datetime import datetime

from apps.tasks import sql

RUNS = 20
"""Runs a transaction."""
RESULTS = 500
"""Results a transaction."""
OVER = "SELECT task_id FROM tasks_run WHERE {until} <= %s ORDER BY {until} LIMIT %s"
STILL_OVER = "SELECT 1 FROM tasks_run WHERE task_id = %s AND results_until <= %s"
EMPTY = (
    "UPDATE tasks_task SET result = '' WHERE id IN (SELECT t.id FROM tasks_task t JOIN tasks_branch b ON b.id = t.branch_id"
    " WHERE b.task_id = %s AND b.node IS NOT NULL AND t.finished_at IS NOT NULL AND t.result <> '' LIMIT %s) RETURNING id"
)


def forget(now: datetime) -> int:
    """Drop the values of a batch of runs whose time is over, or results of a run; who wrote them, and when, stays.

    0 when there is nothing left to drop.
    """
    return _forget_values(now) + _forget_results(now)


def _forget_values(now: datetime) -> int:
    found = sql.rows(OVER.format(until="values_until"), [sql.moment(now), RUNS])
    for (task_id,) in found:
        with sql.transaction():
            # Not of a run that is being repaired at this moment: that one has no end any more.
            ended = "UPDATE tasks_run SET values_until = NULL, is_forgotten = TRUE WHERE task_id = %s AND values_until <= %s"
            if sql.run(f"{ended} RETURNING task_id", [task_id, sql.moment(now)]):
                sql.run("UPDATE tasks_value SET text = NULL WHERE task_id = %s AND text IS NOT NULL", [task_id])
    return len(found)


def _forget_results(now: datetime) -> int:
    """Of one run, some of them: they may be many."""
    found = sql.run(OVER.format(until="results_until"), [sql.moment(now), 1])
    if found is None:
        return 0
    [task_id] = found
    with sql.transaction():
        lock = "" if sql.is_sqlite() else " FOR UPDATE"
        if sql.run(STILL_OVER + lock, [task_id, sql.moment(now)]) and not sql.rows(EMPTY, [task_id, RESULTS]):
            sql.run("UPDATE tasks_run SET results_until = NULL WHERE task_id = %s", [task_id])
    return 1
