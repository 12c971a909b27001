"""Django-Q2's guard in the process that the supervisor started, and its monitor as a thread there.

Django-Q2 gives each a process of its own: 7 MB apiece, and one more to be found, probed and ended. The monitor keeps what
Django-Q2's tasks answer; a launch answers nothing (launches.py), so it only waits. What guard, pusher and workers share
is without locks (mailbox.py).
"""

import os
import select
import signal
import threading
from typing import Any
from uuid import uuid4

from django_q.cluster import Sentinel
from django_q.monitor import monitor
from django_q.worker import worker

from apps.workers.q2.mailbox import Mailbox, Timer


class Flag:
    """A threading.Event that a signal's handler may set while the same thread waits for it."""

    def __init__(self) -> None:
        self._is_set = False
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def set(self) -> None:
        if not self._is_set:
            self._is_set = True
            os.write(self._writer, b"!")

    def is_set(self) -> bool:
        return self._is_set

    def wait(self, seconds: float | None = None) -> bool:
        select.select([self._reader], [], [], seconds)
        return self._is_set


class Monitor(threading.Thread):
    """Django-Q2's monitor, with what Django-Q2's statistics ask of a process."""

    pid = property(lambda _: os.getpid())

    def __init__(self, results: Mailbox, broker: Any) -> None:
        super().__init__(name="monitor", daemon=True)
        self._results, self._broker = results, broker

    def run(self) -> None:
        monitor(self._results, self._broker)


class Guard(Sentinel):
    """Starts the processes of a cluster and replaces those that end, until SIGTERM or SIGINT."""

    def __init__(self) -> None:
        stop = Flag()
        super().__init__(stop_event=stop, start_event=Flag(), cluster_id=uuid4(), start=False)
        self.task_queue, self.result_queue = Mailbox(), Mailbox()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        os.register_at_fork(after_in_child=_as_django_q2_leaves_them)

    def spawn_process(self, target: Any, *args: Any) -> Any:
        if target is not monitor:
            return super().spawn_process(target, *args)
        thread = Monitor(*args)
        thread.start()
        return thread

    def spawn_worker(self) -> None:
        self.spawn_process(worker, self.task_queue, self.result_queue, Timer(), self.timeout)


def _as_django_q2_leaves_them() -> None:
    """The signals of a child: a SIGTERM ends it, unless it says otherwise, and Ctrl-C is the guard's business."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
