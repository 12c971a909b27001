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

from apps.core import clock
from apps.core.tether import adopt_orphans, tether
from apps.workers import draining
from apps.workers import slice as slices


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
        draining.listen()
        slices.run_slice()
        code = 0
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
