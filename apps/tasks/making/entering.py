"""A new task's rows: the task, its execution and its first event, in one statement where the database can.

The same statement gives it its fair turn: behind what its requester has waiting in the same queue with the same
priority, each task of that for the time that it will probably take (docs/decisions/0009-fair-turns.md).
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, connections

from apps.catalog.models import TaskTemplate, TemplateRevision
from apps.tasks import sql
from apps.tasks.models import Task
from apps.tasks.ranking import rank
from apps.tasks.states import AGEING_SECONDS, Status

EXECUTION = "INSERT INTO tasks_execution (task_id, seq) {values}"
EVENT = "INSERT INTO tasks_event (task_id, seq, kind, at, actor_id, data) {values}"
KIND = "task.submitted"
PLAIN = frozenset({str, int, float, bool})
NOT_YET = {
    "status_reason": "''", "paused_from": "''", "result": "''", "error": "NULL", "is_dead_letter": "FALSE",
    "attempt_count": "0", "failures": "0", "crashes": "0",
    "delete_after": "NULL", "started_at": "NULL", "finished_at": "NULL",
    "parent_id": "NULL", "branch_id": "NULL", "item": "NULL",
    "is_listening": "FALSE", "is_paused_with_parent": "FALSE",
}  # fmt: skip
"""What every task begins with that is no child; it stands in the statement's text: psycopg takes apart one of more than
50 places each time."""
SHORTEST_COST, LONGEST_COST = 1, 600
"""Seconds by which one waiting task puts its requester's next one behind, whatever its estimate says."""
NEWEST_TURN = (
    "(SELECT max(turn_at) FROM tasks_task WHERE status = 'pending' AND turn_at IS NOT NULL AND requester_id = %s"
    " AND queue = %s AND priority = %s)"
)
BEHIND = {
    "sqlite": f"max(0.0, coalesce((julianday({NEWEST_TURN}) - julianday(%s)) * 86400.0 + %s, 0.0))",
    "postgresql": f"greatest(0, coalesce(extract(epoch from {NEWEST_TURN} - %s::timestamptz)::float8 + %s, 0))",
}
"""Seconds after now at which it is this task's turn."""
TURN = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', julianday(%s) + {behind} / 86400.0)",
    "postgresql": "%s::timestamptz + make_interval(secs => {behind})",
}


def draft(template: TaskTemplate, revision: TemplateRevision, requester: Any, **values: Any) -> Task:
    """An unsaved task with these values and the defaults of the rest; Django's own way costs four times as much."""
    ids = {"template_id": template.pk, "revision_id": revision.pk, "requester_id": requester.pk}
    row = {**_defaults(), "uid": uuid4(), **ids, **values}
    task = Task.from_db(DEFAULT_DB_ALIAS, list(row), list(row.values()))
    task._state.adding = True
    task._state.fields_cache.update(template=template, revision=revision, requester=requester)
    return task


@cache
def _defaults() -> dict[str, Any]:
    """Of all columns, in their order."""
    return {field.attname: field.get_default() for field in Task._meta.concrete_fields}


def enter(task: Task, data: dict[str, Any]) -> None:
    """Write the unsaved task, and with it its execution and the event that it was submitted; gives it its id.

    One that is to start at once gets its turn, and its rank by that; one for later has none.

    Raises django.db.IntegrityError when the idempotency key is taken.
    """
    has_turn = task.available_at <= task.created_at
    behind = _behind(task) if has_turn else []
    values: list[Any] = []
    given = task.__dict__
    for field, name in _fields():
        if name in NOT_YET:
            continue
        if name == "turn_at" and has_turn:
            values += [sql.moment(task.created_at), *behind]
            continue
        value = given[name]
        values.append(value if value is None or type(value) in PLAIN else _prepared(field, value))
        if name == "rank" and has_turn:
            values += behind
    event = [sql.moment(task.created_at), task.requester_id, json.dumps(data)]
    enter_rows = _enter_sqlite if sql.is_sqlite() else _enter_postgres
    task.pk, task.rank, turn_at = enter_rows(has_turn, values, event)
    task.turn_at = _moment(turn_at)
    task._state.adding = False
    task._state.db = DEFAULT_DB_ALIAS


def enter_many(tasks: Sequence[Task], data: dict[str, Any]) -> None:
    """Write these unsaved tasks of one requester, each with its execution and its first event, in the caller's transaction.

    Those that may start get their turns one behind the other; blocked ones get none until they are released.
    """
    _give_turns(tasks)
    rows = json.dumps([_record(task) for task in tasks])
    at, actor = sql.moment(tasks[0].created_at), tasks[0].requester_id
    if not sql.is_sqlite():
        sql.run(_many_postgres(), [rows, at, actor, json.dumps(data)])
        return
    ids = json.dumps([task_id for (task_id,) in sql.rows(_many_sqlite(), [rows])])
    sql.run(EXECUTION.format(values="SELECT value, 1 FROM json_each(%s)"), [ids])
    each = f"SELECT value, 1, '{KIND}', %s, %s, %s FROM json_each(%s)"
    sql.run(EVENT.format(values=each), [at, actor, json.dumps(data), ids])


def _give_turns(tasks: Sequence[Task]) -> None:
    newest: dict[tuple[str, int], datetime] = {}
    for task in tasks:
        if task.status != Status.PENDING:
            continue
        place, cost = (task.queue, task.priority), timedelta(seconds=_cost(task))
        if place not in newest:
            found = _moment(sql.run(f"SELECT {NEWEST_TURN}", [task.requester_id, *place])[0])
            newest[place] = found or task.created_at - cost
        newest[place] = task.turn_at = max(task.created_at, newest[place] + cost)
        task.rank = rank(task.priority, task.turn_at)


def _record(task: Task) -> dict[str, Any]:
    """By columns, as JSON has it: moments are text."""
    given = task.__dict__
    return {field.column: _plain(given[name]) for field, name in _fields()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return sql.moment(value) if sql.is_sqlite() else value.isoformat()
    return value.hex if isinstance(value, UUID) else value


@cache
def _names() -> str:
    return ", ".join(f'"{field.column}"' for field, _ in _fields())


@cache
def _many_postgres() -> str:
    event = f"SELECT id, 1, '{KIND}', %s::timestamptz, %s::int, %s::jsonb FROM task"
    return (
        f"WITH task AS (INSERT INTO tasks_task ({_names()}) SELECT {_names()}"
        " FROM jsonb_populate_recordset(NULL::tasks_task, %s::jsonb) RETURNING id),"
        f" execution AS ({EXECUTION.format(values='SELECT id, 1 FROM task')}),"
        f" event AS ({EVENT.format(values=event)})"
        " SELECT count(*) FROM task"
    )


@cache
def _many_sqlite() -> str:
    values = ", ".join(f"json_extract(value, '$.{field.column}')" for field, _ in _fields())
    return f"INSERT INTO tasks_task ({_names()}) SELECT {values} FROM json_each(%s) RETURNING id"


def _behind(task: Task) -> list[Any]:
    return [task.requester_id, task.queue, task.priority, sql.moment(task.created_at), _cost(task)]


def _cost(task: Task) -> int:
    return min(max(task.estimated_seconds, SHORTEST_COST), LONGEST_COST)


def _enter_sqlite(has_turn: bool, values: list[Any], event: list[Any]) -> Any:
    with sql.transaction():
        row = sql.run(_insert_task(has_turn), values)
        sql.run(EXECUTION.format(values="VALUES (%s, 1)"), [row[0]])
        sql.run(EVENT.format(values=f"VALUES (%s, 1, '{KIND}', %s, %s, %s)"), [row[0], *event])
    return row


def _enter_postgres(has_turn: bool, values: list[Any], event: list[Any]) -> Any:
    return sql.run(_postgres_statement(has_turn), [*values, *event])


@cache
def _postgres_statement(has_turn: bool) -> str:
    return (
        f"WITH task AS ({_insert_task(has_turn)}),"
        f" execution AS ({EXECUTION.format(values='SELECT id, 1 FROM task')}),"
        f" event AS ({EVENT.format(values=f'''SELECT id, 1, '{KIND}', %s::timestamptz, %s::int, %s::jsonb FROM task''')})"
        " SELECT id, rank, turn_at FROM task"
    )


@cache
def _insert_task(has_turn: bool) -> str:
    database = connections[DEFAULT_DB_ALIAS].vendor
    behind = BEHIND[database]
    fair = {"rank": f"%s - {behind} / {AGEING_SECONDS}", "turn_at": TURN[database].format(behind=behind)}
    given = {**NOT_YET, **fair} if has_turn else NOT_YET
    places = ", ".join(given.get(name, "%s") for _, name in _fields())
    return f"INSERT INTO tasks_task ({_names()}) VALUES ({places}) RETURNING id, rank, turn_at"


@cache
def _fields() -> list[tuple[Any, str]]:
    return [(field, field.attname) for field in Task._meta.concrete_fields if not field.primary_key]


def _prepared(field: Any, value: Any) -> Any:
    """As the driver wants it. Django's own way for each of some fifty columns costs more than the statement."""
    if isinstance(value, datetime | dict | list):
        return sql.value(value)
    return field.get_db_prep_save(value, connections[DEFAULT_DB_ALIAS])


def _moment(value: Any) -> datetime | None:
    """SQLite keeps moments in UTC, without saying so."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
