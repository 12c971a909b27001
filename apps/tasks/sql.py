"""The hot path's statements, on Django's connection of this thread but below its cursor wrappers.

The wrappers cost as much as the statements themselves (a step was 814 µs on PostgreSQL through them). On PostgreSQL
the statements are bound by the server and prepared once a connection. Errors are Django's, as everywhere.
"""

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db import transaction as django_transaction

SHORTEST_NAP, LONGEST_NAP = 0.0002, 0.002
"""Seconds between tries for the lock, which is held for some 0.3 ms: short naps first, longer ones after each try."""
BUSY_SECONDS = 20.0
"""How long a writer tries for SQLite's one write lock before it gives up."""


def run(sql: str, parameters: Sequence[Any] = ()) -> Any:
    """Execute one statement with `%s` places; returns its first row, or None."""
    return _execute(sql, parameters, lambda cursor: cursor.fetchone())


def rows(sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
    """Execute one statement with `%s` places; returns all its rows."""
    return _execute(sql, parameters, lambda cursor: cursor.fetchall()) or []


def many(sql: str, parameters: Sequence[Sequence[Any]]) -> None:
    """SQLite: execute one statement once for each list of parameters."""
    with connections[DEFAULT_DB_ALIAS].wrap_database_errors:
        connections[DEFAULT_DB_ALIAS].connection.executemany(_question_marks(sql), parameters)


def _execute(sql: str, parameters: Sequence[Any], fetch: Callable[[Any], Any]) -> Any:
    # The proxy `django.db.connection` looks the thread's connection up at every attribute: 70 µs a step.
    database = connections[DEFAULT_DB_ALIAS]
    if database.connection is None:
        database.ensure_connection()
    raw: Any = database.connection
    with database.wrap_database_errors:
        if is_sqlite():
            return fetch(raw.execute(_question_marks(sql), parameters))
        with _postgres_cursor()(raw) as cursor:
            cursor.execute(sql, parameters, prepare=True)
            return fetch(cursor) if cursor.description else None


@cache
def _postgres_cursor() -> Any:
    import psycopg  # 6 MB that an installation on SQLite does without

    return psycopg.Cursor


@cache
def is_sqlite() -> bool:
    return connections[DEFAULT_DB_ALIAS].vendor == "sqlite"


def moment(value: datetime | None) -> Any:
    """A moment as the database's driver wants it."""
    if value is None or not is_sqlite():
        return value
    return str(value.astimezone(UTC).replace(tzinfo=None))


def value(item: Any) -> Any:
    """A column's value as the database's driver wants it: JSON as text, moments adapted."""
    if isinstance(item, datetime):
        return moment(item)
    return json.dumps(item) if isinstance(item, dict | list) else item


@contextmanager
def transaction() -> Iterator[None]:
    """All or nothing. On SQLite the write lock is taken first, in our own way; nested, it joins the outer one."""
    database = connections[DEFAULT_DB_ALIAS]
    if not is_sqlite() or database.in_atomic_block:
        with django_transaction.atomic():
            yield
        return
    database.ensure_connection()
    if database.connection.in_transaction:
        yield  # nested: the outer block commits
        return
    _begin_immediate()
    try:
        yield
        run("COMMIT")  # refused, where a row names another that is gone: then the transaction is still open
    except BaseException:
        if database.connection.in_transaction:  # SQLite itself has rolled back when its disk is full
            run("ROLLBACK")
        raise


def _begin_immediate() -> None:
    """SQLite's own busy wait is unfair for seconds, so short jittered tries of ours come instead of it."""
    give_up = time.monotonic() + BUSY_SECONDS
    tries = 0
    while True:
        run("PRAGMA busy_timeout = 0")
        try:
            run("BEGIN IMMEDIATE")
            return
        except OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            tries += 1
            time.sleep(random.uniform(0.00005, min(LONGEST_NAP, tries * SHORTEST_NAP)))
        finally:
            run(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")


@cache
def _question_marks(sql: str) -> str:
    return sql.replace("%s", "?")
