"""Signals as events of a loop: nothing happens inside a handler."""

import os
import select
import signal
from types import FrameType
from typing import Self

HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
END = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


class Signals:
    """While it is open, `wait` answers the signals that came; `wake` ends a wait from another thread."""

    def __enter__(self) -> Self:
        self._out, self._in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._previous_fd = signal.set_wakeup_fd(self._in, warn_on_full_buffer=False)
        self._previous = {number: signal.signal(number, _ignore) for number in HEARD}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._previous_fd)
        os.close(self._out)
        os.close(self._in)

    def wait(self, seconds: float) -> set[int]:
        select.select([self._out], [], [], max(0.0, seconds))
        try:
            return set(os.read(self._out, 4096)) - {0}
        except BlockingIOError:
            return set()

    def wake(self) -> None:
        os.write(self._in, b"\0")


def _ignore(signum: int, frame: FrameType | None) -> None:
    """The wake-up descriptor has told it already. (SIG_IGN would also be inherited by the children.)"""
