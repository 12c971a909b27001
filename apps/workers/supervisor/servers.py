"""The servers that everything needs, waited for: where a whole machine starts at once, they may come last.

A server that answers and refuses (a wrong password, no such database) is not waited for: no time would mend that.
Without Redis everything works, hints a little later; so it is waited for a short while only.
"""

import re
import time
from collections.abc import Callable

import psycopg
import redis
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection
from psycopg.conninfo import make_conninfo

from apps.core.errors import Conflict

LOOK_SECONDS = 0.5
SAY_SECONDS = 30.0
"""How often it says again that it waits."""
REDIS_SECONDS = 15.0
CONNECT_SECONDS = 5
"""How long a server may leave one try without an answer."""
REFUSED = re.compile(r"FATAL: |no password supplied|invalid (?:connection option|port number)")
"""PostgreSQL gives no codes for connections that fail; FATAL is what the server itself says."""
BUSY = re.compile(
    r"starting up|shutting down|recovery|not (?:yet )?accepting|too many|connection slots|terminating connection"
)
"""What it says FATAL of and what passes by itself."""


def wait(say: Callable[[str], object]) -> None:
    """Return when the database answers, and Redis too or for long not. Raises Conflict when waiting is of no use."""
    _wait_for("The database", _database_objection, say)
    if settings.REDIS_URL and not _wait_for("Redis", _redis_objection, say, most=REDIS_SECONDS):
        say("Going on without Redis: it is used as soon as it answers.")


def _wait_for(
    name: str, objection: Callable[[], str], say: Callable[[str], object], *, most: float | None = None
) -> bool:
    """True when it answers; False after `most` seconds."""
    began, said_at, said = time.monotonic(), 0.0, ""
    while why := objection():
        now = time.monotonic()
        if most is not None and now - began > most:
            return False
        if why != said or now - said_at > SAY_SECONDS:
            say(f"{name} does not answer yet ({why}). Waiting for it; Ctrl-C ends this.")
            said_at, said = now, why
        time.sleep(LOOK_SECONDS)
    if said:
        say(f"{name} answers, after {time.monotonic() - began:.0f} s.")
    return True


def _database_objection() -> str:
    try:
        _connect()
    except (DatabaseError, psycopg.Error) as error:
        why = " ".join(str(error).split())
        if passes_by(error):
            return why
        raise Conflict(f"The database cannot be used: {why}. Look at DATABASE_URL.") from error
    return ""


def _connect() -> None:
    if connection.vendor == "sqlite":
        try:
            connection.ensure_connection()
        finally:
            connection.close()
        return
    # Not Django's connection: that would wait for minutes where a host does not even refuse.
    parameters = connection.get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    psycopg.connect(make_conninfo(**{"connect_timeout": CONNECT_SECONDS, **parameters})).close()


def passes_by(error: Exception) -> bool:
    """Whether the same try may succeed later, though nobody changes a setting."""
    text = str(error)
    if isinstance(error, OperationalError):  # Django's own: SQLite
        return "locked" in text
    return isinstance(error, psycopg.OperationalError) and (not REFUSED.search(text) or bool(BUSY.search(text)))


def _redis_objection() -> str:
    server = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=CONNECT_SECONDS, socket_connect_timeout=CONNECT_SECONDS
    )
    try:
        with server:
            server.ping()
    except (redis.AuthenticationError, redis.ResponseError) as error:
        raise Conflict(f"Redis cannot be used: {error}. Look at REDIS_URL.") from error
    except (redis.RedisError, OSError) as error:
        return " ".join(str(error).split())
    return ""
