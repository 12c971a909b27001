"""Many rows in one statement, and rows read without Django's queries: what costs each node of a workflow."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, models

from apps.tasks import sql

Row = TypeVar("Row", bound=models.Model)


def insert(table: str, records: Sequence[Mapping[str, Any]], tail: str = "") -> list[Any]:
    """Rows with the columns of the first record; `tail`: ON CONFLICT …, RETURNING …. What that returns."""
    statement = _insert(table, tuple(records[0])) + tail
    return sql.rows(statement, [json.dumps(records, default=_plain)])


def some(column: str, ids: Sequence[Any]) -> tuple[str, Any]:
    """A condition that is true of these, and its value."""
    if sql.is_sqlite():
        return f"{column} IN (SELECT value FROM json_each(%s))", json.dumps(list(ids))
    return f"{column} = ANY(%s)", list(ids)


def moment(value: Any) -> datetime | None:
    """SQLite keeps moments in UTC, without saying so."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def document(value: Any) -> Any:
    """JSON, which drivers give as text."""
    return json.loads(value) if isinstance(value, str) else value


def read(model: type[Row], columns: Sequence[str], where: str, values: Sequence[Any]) -> list[Row]:
    """Rows of a model, with these columns, in the order of their ids or as `where` says."""
    wanted = {model._meta.get_field(name) for name in columns}
    fields = [field for field in model._meta.concrete_fields if field in wanted]  # the order that from_db expects
    names = ", ".join(f'"{field.column}"' for field in fields)
    readers = [_reader(field) for field in fields]
    attributes = [field.attname for field in fields]
    return [
        model.from_db(DEFAULT_DB_ALIAS, attributes, [read_(value) for read_, value in zip(readers, row, strict=True)])
        for row in sql.rows(f"SELECT {names} FROM {model._meta.db_table} WHERE {where}", values)
    ]


def _reader(field: Any) -> Callable[[Any], Any]:
    if isinstance(field, models.DateTimeField):
        return moment
    return document if isinstance(field, models.JSONField) else _same


def _same(value: Any) -> Any:
    return value


@cache
def _insert(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    if sql.is_sqlite():
        values = ", ".join(f"json_extract(value, '$.{name}')" for name in columns)
        return f"INSERT INTO {table} ({names}) SELECT {values} FROM json_each(%s) WHERE true "
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb) "


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return sql.moment(value) if sql.is_sqlite() else value.isoformat()
    raise TypeError(f"{type(value).__name__} is no value of a column")
