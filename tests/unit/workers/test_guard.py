"""A flag that a signal sets while its own process waits for it, and what the guard's children do with signals and memory."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from apps.workers.q2.guard import Flag

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


CLUSTER = """
import os, signal, sys, time
import django
django.setup()
from apps.workers.q2.guard import Guard
guard = Guard()
guard.spawn_process = lambda target, *shared: sent.append(shared)
sent = []
guard.spawn_worker()
tasks, results, timer, _ = sent[0]
"""
"""What a worker shares with the others, without the others."""


@pytest.mark.parametrize(
    "stay",
    [
        pytest.param("tasks.get()", id="while it waits for its launch"),
        pytest.param("timer.get_lock().__enter__(); results.put({}); time.sleep(60)", id="while it says that it ends"),
    ],
)
def test_workers_that_are_killed_hold_nobody_up(stay):
    """Q1: a lock that a killed worker holds would stop all later ones, and the guard, for ever."""
    story = f"""
for _ in range(2):
    if (pid := os.fork()) == 0:
        {stay}
        os._exit(0)
    time.sleep(0.3)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
if (pid := os.fork()) == 0:
    with timer.get_lock():
        timer.value = 7
        results.put(tasks.get())
    os._exit(0)
tasks.put({{"name": "launch"}})
os.waitpid(pid, 0)
while (answer := results.get()) != {{"name": "launch"}}:
    pass
print(answer["name"], timer.value, tasks.empty())
"""
    command = [sys.executable, "-c", CLUSTER + story]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    assert done.stdout.split() == ["launch", "7.0", "True"], done.stderr
