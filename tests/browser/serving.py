# ruff: noqa: E402  (Django is set up before the product is imported)
"""Web processes and workers on the test's database: `python -m tests.browser.serving`.

Django, the pages and what they import are loaded once; every line of JSON on standard input is a fork: {"port": 8123} a web
server, {"chat": true} the chat's service, {} a worker. Answers its process id. All of them end with standard input.
"""

import json
import os
import signal
import sys
from types import ModuleType
from typing import Any

import django

# It makes Twisted's reactor as soon as it is imported, which a fork must not share with its parent: each loads its own.
SERVER = "daphne.server"
sys.modules[SERVER] = ModuleType(SERVER)
django.setup()

from django.urls import get_resolver

import config.asgi  # noqa: F401
from apps.chat.service import Service
from apps.core.tether import tether
from apps.workers.running import slice as slices


def main() -> None:
    assert get_resolver().url_patterns, "loads the pages"
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
        if "port" in given:
            _pages(given["port"])
        elif "chat" in given:
            Service().run()
        else:
            slices.run_slice()
        code = 0
    finally:
        sys.stdout.flush()
        os._exit(code)


def _pages(port: int) -> None:
    del sys.modules[SERVER]
    from daphne.cli import CommandLineInterface

    CommandLineInterface().run(["-b", "127.0.0.1", "-p", str(port), "-v", "0", "config.asgi:application"])


if __name__ == "__main__":
    main()
