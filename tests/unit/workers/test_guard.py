"""A flag that a signal sets while its own process waits for it, and what the guard's children do with signals."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from apps.workers.q2.guard import Flag, Monitor

GUARD = """
import os, signal
import django
django.setup()
from apps.workers.q2.guard import Guard
guard = Guard()
if (pid := os.fork()) == 0:
    os._exit((signal.getsignal(signal.SIGTERM) is signal.SIG_DFL) + 2 * (signal.getsignal(signal.SIGINT) is signal.SIG_IGN))
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
os.kill(os.getpid(), signal.SIGTERM)
print(guard.stop_event.wait(5))
"""


def test_a_flag_ends_the_wait_of_the_thread_that_a_signal_interrupts():
    flag, before = Flag(), signal.getsignal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, lambda *_: flag.set())
    try:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        began = time.monotonic()
        assert flag.wait(10)
        assert time.monotonic() - began < 5
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert flag.is_set()
    flag.set()  # once more changes nothing
    assert flag.wait(0)


def test_a_flag_that_nobody_sets_lets_the_time_pass():
    assert not Flag().wait(0.01)


def test_a_sigterm_ends_the_guard_and_its_children_have_the_default():
    done = subprocess.run([sys.executable, "-c", GUARD], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.split() == ["3", "True"]


class Closed:
    """A queue that is closed while somebody reads it."""

    def get(self) -> None:
        raise TypeError("'NoneType' object cannot be interpreted as an integer")


@pytest.mark.parametrize("is_ending", [True, False])
def test_the_monitor_is_silent_about_its_closed_queue_only_while_the_guard_ends(monkeypatch, is_ending):
    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    ending = Flag()
    if is_ending:
        ending.set()

    monitor = Monitor(Closed(), object(), ending)
    monitor.start()
    monitor.join(5)

    assert (not monitor.is_alive(), len(told)) == (True, 0 if is_ending else 1)
