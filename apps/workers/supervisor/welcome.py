"""What the person at the terminal sees once everything runs: a first request, then the addresses."""

import logging
import socket
import sys
import time
from pathlib import Path

from apps.workers.supervisor.children import Child
from apps.workers.supervisor.options import ASKED, Options

LONGEST_WAIT = 60.0
SENTENCE = "invoice report for last year"
"""What to try first on the page Chat."""

log = logging.getLogger("chantilly.supervisor")


class Welcome:
    """Call `go_on` now and then: it waits for the web server and the workers, asks, and ends with the addresses."""

    def __init__(self, options: Options, home: Path, ask: Child | None) -> None:
        self.is_done = False
        self._options = options
        self._home = home
        self._ask = ask
        self._began_at = time.monotonic()

    @property
    def pid(self) -> int | None:
        return self._ask.pid if self._ask else None

    def go_on(self, has_workers: bool) -> None:
        if self._ask is not None and self._ask.process is not None:
            self._finish_asking(self._ask)
        elif has_workers and answers(self._options.host, self._options.port):
            self._begin()
        elif time.monotonic() - self._began_at > LONGEST_WAIT:
            log.error("Not everything is up after %.0f s; the log says why.", LONGEST_WAIT)
            self.is_done = True

    def kill(self) -> None:
        if self._ask is not None:
            self._ask.kill()

    def _begin(self) -> None:
        if self._ask is None:
            self._show_addresses()
            return
        say(f'\nAsking: "{self._options.ask}"\n')
        self._ask.start()

    def _finish_asking(self, ask: Child) -> None:
        code = ask.exited()
        if code is None:
            return
        if code == 0:
            (self._home / ASKED).touch()
        else:
            log.error("The request ended with code %s.", code)
        self._show_addresses()

    def _show_addresses(self) -> None:
        self.is_done = True
        address = self._options.address
        say(
            f"\nChantilly is up.\n"
            f"  Overview, live pages  {address}/\n"
            f"  Chat                  {address}/admin/chat/   say: {SENTENCE}\n"
            f"  API documentation     {address}/api/v1/docs/\n"
            f'  Ask from a terminal   .venv/bin/python manage.py ask "…" --wait\n'
            f"Ctrl-C stops everything.\n"
        )


def answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host or "127.0.0.1", port), timeout=0.2):
            return True
    except OSError:
        return False


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
