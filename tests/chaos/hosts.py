# ruff: noqa: E402  (Django is set up before the product is imported)
"""Worker processes on a test's database, each as if on a host of its own: `python -m tests.chaos.hosts`.

Django is loaded once; every line of JSON on standard input is a fork: {"host": "oak", "lease": 1.0, "clock": 5,
"settings": {...}}. Answers its process id. All of them end with standard input.
"""

import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import django

django.setup()

from django.conf import settings
from django.db import OperationalError, connection

from apps.core import clock
from apps.core.tether import adopt_orphans, tether
from apps.workers import sweep
from apps.workers.running import draining
from apps.workers.running import slice as slices


def main() -> None:
    adopt_orphans()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: no zombies
    for line in sys.stdin:
        parent = os.getpid()
        if pid := os.fork():
            print(pid, flush=True)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        tether(parent)
        _serve(json.loads(line))


def _serve(given: dict[str, Any]) -> None:
    code = 1
    try:
        moved_by = timedelta(seconds=given["clock"])
        clock.host = lambda: datetime.now(UTC) + moved_by
        os.environ["WORLD"] = given["world"]
        settings.HOST = os.environ["CHANTILLY_HOST"] = given["host"]
        settings.LEASE_SECONDS = given["lease"]
        settings.HEARTBEAT_SECONDS = min(settings.HEARTBEAT_SECONDS, given["lease"] / 4)
        for name, value in given["settings"].items():
            setattr(settings, name, value)
        _meet_accident(given.get("accident", ""))
        draining.listen()
        slices.run_slice()
        code = 0
    finally:
        sys.stdout.flush()
        os._exit(code)


def _meet_accident(what: str) -> None:
    """One of `rig.ACCIDENTS`."""
    note, give_back = sweep.roster.note_rescue, sweep._rescue

    def noted(*args: Any) -> None:
        note(*args)
        if what == "dies before the commit":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "loses its database":
            sweep.roster.note_rescue = note  # once
            _lose_database()

    def given_back(*args: Any) -> bool:
        done = give_back(*args)
        if done:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    if what:
        sweep.roster.note_rescue = noted
    if what == "dies after the commit":
        sweep._rescue = given_back


def _lose_database() -> None:
    if connection.vendor == "sqlite":
        raise OperationalError("disk I/O error")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


if __name__ == "__main__":
    main()
