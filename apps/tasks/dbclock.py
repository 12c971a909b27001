"""The database's clock. Leases of several hosts compare moments, so one clock must give all of them.

Leases ask for it in SQL. All other moments come from `core.clock`, which follows it: asked when a connection is made,
and now and then by long-lived processes, so that no statement on the hot path is for it.
"""

from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection

from apps.core import clock
from apps.tasks import sql

NOW = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "extract(epoch from clock_timestamp())",
}
"""Seconds since 1970 as a float. SQLite 3.40 has no unixepoch('subsec'); julianday carries milliseconds."""

FRESH_SECONDS = 20.0
"""How long an answer is good enough; clocks drift by a few milliseconds in that time."""
SLOW_SECONDS = 0.5
"""An answer that took longer says too little of the moment it was given at."""

_asked_at: float | None = None


@cache
def now_sql() -> str:
    return NOW[connection.vendor]


def now() -> float:
    """Seconds since 1970 by the database's clock."""
    return float(sql.run(f"SELECT {now_sql()}")[0])


def follow() -> None:
    """Have `core.clock` follow the database's, if it was not told so just now. Raises DatabaseError."""
    global _asked_at
    began = clock.elapsed()
    if _asked_at is not None and 0 <= began - _asked_at < FRESH_SECONDS:
        return
    seconds = now()
    took = clock.elapsed() - began
    if took < SLOW_SECONDS or _asked_at is None:
        clock.follow(seconds, began + took / 2)
        _asked_at = began


def follow_on_connecting(sender: Any, connection: Any, **_: Any) -> None:
    """Receives `connection_created`."""
    if connection.alias == DEFAULT_DB_ALIAS:
        follow()
