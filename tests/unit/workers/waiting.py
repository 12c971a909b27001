"""Waiting for a condition, with a bound; and a slice in a thread of its own."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from django.db import connections

from apps.tasks.models import Task
from apps.workers.running import slice as slices


def until(condition: Callable[[], object], seconds: float = 10.0) -> float:
    """Wait until the condition holds; returns how long that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.01)
    return time.monotonic() - began


def status(task: Task) -> str:
    return Task.objects.values_list("status", flat=True).get(pk=task.pk)


def has_status(task: Task, *wanted: str) -> Callable[[], bool]:
    return lambda: status(task) in wanted


@contextmanager
def in_thread(work: Callable[[], object]) -> Iterator[list[BaseException]]:
    """Run `work` beside the test, with connections of its own; what it raised is in the list."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield raised
    finally:
        thread.join(timeout=30)
        assert not thread.is_alive()


def draining() -> AbstractContextManager[list[BaseException]]:
    """A thread that runs what can be claimed now."""
    return in_thread(slices.drain)
