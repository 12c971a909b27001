"""The database's clock, as SQL. Leases of several hosts compare moments, so one clock must give all of them."""

from functools import cache

from django.db import connection

NOW = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "extract(epoch from clock_timestamp())",
}
"""Seconds since 1970 as a float. SQLite 3.40 has no unixepoch('subsec'); julianday carries milliseconds."""


@cache
def now_sql() -> str:
    return NOW[connection.vendor]


def now() -> float:
    """Seconds since 1970 by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {now_sql()}")
        return float(cursor.fetchone()[0])
