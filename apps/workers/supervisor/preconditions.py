"""What must be true before anything is started, each refusal saying what to do."""

import fcntl
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import IO

import psutil
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection

from apps.core.commands import missing_migrations, told_missing
from apps.core.errors import Conflict
from apps.workers.supervisor import servers
from apps.workers.supervisor.options import SQLITE_WORKERS, Options

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,29}")
TRIES = 20
LONGEST_HOME = 72
"""Bytes of the home's path. The sockets below it have names of some 35 more, and the kernel takes 107 in all."""


def check(options: Options, say: Callable[[str], object]) -> None:
    """What no time would mend is refused first; servers that do not answer yet are waited for, which `say` tells."""
    refuse_long_home(settings.HOME)
    refuse_too_many_workers(options)
    if options.web:
        refuse_taken_port(options.host, options.port)
    for _ in range(TRIES):
        servers.wait(say)
        if refuse_missing_migrations():
            return
    raise Conflict("The database answers and goes away again. Look at its log.")


def refuse_long_home(home: Path) -> None:
    length = len(os.fsencode(home))
    if length > LONGEST_HOME:
        raise Conflict(
            f"The path {home} has {length} bytes; sockets in it can be made up to {LONGEST_HOME}."
            " Choose a shorter one with CHANTILLY_HOME."
        )


def refuse_too_many_workers(options: Options) -> None:
    if settings.IS_SQLITE and options.workers > SQLITE_WORKERS:
        raise Conflict(
            f"SQLite serves at most {SQLITE_WORKERS} workers. Use --workers {SQLITE_WORKERS}, or PostgreSQL (DATABASE_URL)."
        )
    if options.workers > settings.TASK_MAX_CONCURRENT:
        raise Conflict(
            f"{options.workers} workers would run as many tasks at once, and TASK_MAX_CONCURRENT allows"
            f" {settings.TASK_MAX_CONCURRENT}. Use fewer --workers, or set TASK_MAX_CONCURRENT={options.workers}."
        )


def refuse_unusable_name(name: str) -> None:
    if name and not NAME.fullmatch(name):
        raise Conflict(f"A cluster cannot be called {name!r}. Use up to 30 letters, digits and dashes: --name oak.")


def refuse_missing_migrations() -> bool:
    """False when the database went away meanwhile."""
    try:
        missing = missing_migrations()
    except OperationalError:
        return False
    except DatabaseError as error:
        raise Conflict(f"The database cannot be used: {error}".strip()) from error
    finally:
        connection.close()
    if missing:
        raise Conflict(told_missing(missing))
    return True


def refuse_taken_port(host: str, port: int) -> None:
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror as error:
        raise Conflict(f"{host} is no address of this machine: {error.strerror}.") from error
    with socket.socket(found[0], found[1]) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(found[4])
        except OSError as error:
            raise Conflict(
                f"Port {port} on {host} cannot be used: {os.strerror(error.errno or 0)}{_holder(port)}."
                " Stop that, or choose another one with --port (make run PORT=…)."
            ) from error


def lock_home(home: Path, name: str = "") -> IO[str]:
    """Hold this home directory for the only supervisor of that cluster; the lock ends with the process."""
    file = _lock_file(home, name).open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        which = f", as cluster {name}," if name else ""
        raise Conflict(
            f"Chantilly already runs from {home}{which} (process {holder}). Stop it first, or --name another cluster."
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def running_supervisor(home: Path, name: str = "") -> int | None:
    """The process that holds this home for that cluster, if one does."""
    try:
        with lock_home(home, name):
            return None
    except Conflict:
        text = _lock_file(home, name).read_text().strip()
        return int(text) if text.isdigit() else None


def _lock_file(home: Path, name: str) -> Path:
    return home / (f"supervisor-{name}.lock" if name else "supervisor.lock")


def _holder(port: int) -> str:
    """Who listens there, as far as this user may know."""
    try:
        for connection_ in psutil.net_connections("tcp"):
            if connection_.status == psutil.CONN_LISTEN and connection_.laddr[1:2] == (port,) and connection_.pid:
                command = " ".join(psutil.Process(connection_.pid).cmdline())[:80]
                return f" (process {connection_.pid}: {command})"
    except psutil.Error:
        pass
    return ""
