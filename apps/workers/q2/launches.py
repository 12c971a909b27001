"""How a worker process comes to its slice."""

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils.module_loading import import_string
from django_q.brokers import get_broker
from django_q.signals import post_spawn

from apps.core.tether import name_process
from apps.workers.q2.broker import WISH
from apps.workers.q2.names import WORKER_PROCESS
from apps.workers.running import draining

ASK_AGAIN_SECONDS = (3.0, 6.0, 12.0, 30.0)
FAILED_SLICE_PAUSE_SECONDS = 1.0

log = logging.getLogger(__name__)
_launched = threading.Event()


def slice_function() -> Callable[[], object]:
    found: Callable[[], object] = import_string(settings.WORKER_SLICE)
    return found


def live_in_a_slice() -> None:
    """What every launch message runs. It answers nothing and raises nothing: rows tell what happened."""
    _launched.set()
    if draining.requested.is_set():
        return
    try:
        slice_function()()
    except Exception:
        log.exception("A slice ended with an error; a new process takes over.")
        draining.requested.wait(FAILED_SLICE_PAUSE_SECONDS)


def on_spawn(**_: Any) -> None:
    """In a new worker process, before it waits for its first message. Must not wait for anything."""
    draining.listen()
    name_process(WORKER_PROCESS)
    threading.Thread(target=ask_until_launched, name="launch", daemon=True).start()


def ask_until_launched() -> None:
    """Ask for this process' slice, and ask again when it does not come: brokers lose messages and go away."""
    for pause in _pauses():
        try:
            get_broker().enqueue(WISH)
        except Exception as error:
            log.warning("Could not ask for a slice (%s); trying again in %.0f s.", error, pause)
        finally:
            connections.close_all()
        if _launched.wait(pause):
            return


def _pauses() -> Iterator[float]:
    yield from ASK_AGAIN_SECONDS
    while True:
        yield ASK_AGAIN_SECONDS[-1]


def connect() -> None:
    post_spawn.connect(on_spawn, dispatch_uid="chantilly-launch")
