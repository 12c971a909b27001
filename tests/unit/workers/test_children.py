"""One child of the supervisor: its end is noticed once, its restart is paced, and nothing below it survives."""

import os
import subprocess
import sys
import time

import psutil
import pytest
from django.conf import settings

from apps.workers.supervisor.children import Child, pause_before_restart


@pytest.mark.parametrize(
    ("lived", "failures", "pause"),
    [(60.0, 0, 0.0), (5.0, 0, 0.0), (1.0, 1, 0.5), (1.0, 2, 1.0), (1.0, 4, 4.0), (1.0, 50, 30.0)],
)
def test_only_children_that_fail_at_their_start_have_to_wait(lived, failures, pause):
    assert pause_before_restart(lived, failures) == pause


def child(source: str) -> Child:
    return Child(name="sample", command=[sys.executable, "-c", source], environment=os.environ)


def wait_for_exit(sample: Child) -> int:
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        if (code := sample.exited()) is not None:
            return code
        time.sleep(0.01)
    raise AssertionError("it did not end")


def test_an_exit_is_told_once_and_the_child_is_due_again():
    sample = child("raise SystemExit(3)")
    sample.start()

    assert wait_for_exit(sample) == 3
    assert sample.exited() is None
    assert not sample.is_due()
    sample.start_at = 0.0
    assert sample.is_due()


def test_kill_ends_all_below_it_also_in_sessions_of_their_own():
    sample = child(
        "import subprocess, time; p = subprocess.Popen(['sleep', '60'], start_new_session=True); time.sleep(60)"
    )
    sample.start()
    ends = time.monotonic() + 10
    while not (below := sample.tree()) and time.monotonic() < ends:
        time.sleep(0.01)

    sample.kill()

    assert below
    _, alive = psutil.wait_procs(below, timeout=5)
    assert not alive


def test_a_tethered_process_dies_with_the_one_that_started_it():
    inner = "import os, time; from apps.core.tether import tether; tether(os.getppid()); print('up', flush=True); time.sleep(60)"
    outer = (
        "import subprocess, sys;"
        f"p = subprocess.Popen([sys.executable, '-c', {inner!r}], stdout=subprocess.PIPE, text=True);"
        "p.stdout.readline(); print(p.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", outer], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=settings.BASE_DIR
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        process = psutil.Process(pid)
        parent.kill()
    _, alive = psutil.wait_procs([process], timeout=5)
    assert not alive
