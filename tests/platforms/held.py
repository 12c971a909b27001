"""A database that somebody else holds: nobody can write what arrives from chats."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.db import connection, transaction


@contextmanager
def locked() -> Iterator[None]:
    """SQLite's one write lock, or PostgreSQL's locks of the tables (not even to be read), until the block ends."""
    holds, ends = threading.Event(), threading.Event()
    holder = threading.Thread(target=_hold, args=(holds, ends))
    holder.start()
    try:
        assert holds.wait(20), "The database was not to be had."
        yield
    finally:
        ends.set()
        holder.join()


def _hold(holds: threading.Event, ends: threading.Event) -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:  # SQLite: begins immediate, and holds the lock
            if connection.vendor == "postgresql":
                cursor.execute("LOCK TABLE chat_incoming, chat_connection IN ACCESS EXCLUSIVE MODE")
            holds.set()
            ends.wait(60)
    finally:
        connection.close()


def main() -> None:
    """`python -m tests.platforms.held`: says when it holds the lock, until its input ends."""
    django.setup()
    with locked():
        print("locked", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
