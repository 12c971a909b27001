"""A new task's rows: the task, its execution and its first event, in one statement where the database can."""

import json
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from apps.tasks import sql
from apps.tasks.models import Task

EXECUTION = "INSERT INTO tasks_execution (task_id, seq) {values}"
EVENT = "INSERT INTO tasks_event (task_id, seq, kind, at, actor_id, data) {values}"
KIND = "task.submitted"


def enter(task: Task, data: dict[str, Any]) -> None:
    """Write the unsaved task, and with it its execution and the event that it was submitted; gives it its id.

    Raises django.db.IntegrityError when the idempotency key is taken.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    values = [field.get_db_prep_save(getattr(task, field.attname), connection) for field in _fields()]
    event = [sql.moment(task.created_at), task.requester_id, json.dumps(data)]
    task.pk = _enter_sqlite(values, event) if sql.is_sqlite() else _enter_postgres(values, event)
    task._state.adding = False
    task._state.db = DEFAULT_DB_ALIAS


def _enter_sqlite(values: list[Any], event: list[Any]) -> int:
    with sql.transaction():
        task_id = sql.run(_insert_task(), values)[0]
        sql.run(EXECUTION.format(values="VALUES (%s, 1)"), [task_id])
        sql.run(EVENT.format(values=f"VALUES (%s, 1, '{KIND}', %s, %s, %s)"), [task_id, *event])
    return int(task_id)


def _enter_postgres(values: list[Any], event: list[Any]) -> int:
    return int(sql.run(_postgres_statement(), [*values, *event])[0])


@cache
def _postgres_statement() -> str:
    return (
        f"WITH task AS ({_insert_task()}),"
        f" execution AS ({EXECUTION.format(values='SELECT id, 1 FROM task')}),"
        f" event AS ({EVENT.format(values=f'''SELECT id, 1, '{KIND}', %s::timestamptz, %s::int, %s::jsonb FROM task''')})"
        " SELECT id FROM task"
    )


@cache
def _insert_task() -> str:
    columns = ", ".join(f'"{field.column}"' for field in _fields())
    places = ", ".join(["%s"] * len(_fields()))
    return f"INSERT INTO tasks_task ({columns}) VALUES ({places}) RETURNING id"


@cache
def _fields() -> list[Any]:
    return [field for field in Task._meta.concrete_fields if not field.primary_key]
