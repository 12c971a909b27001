"""What processes need, as the kernel counts it."""

import os
import subprocess
import sys

from apps.workers.running import processes
from tests.unit.workers.waiting import until

BURN = "import os, sys\nwhile sum(os.times()[:2]) < 0.5:\n    pass\nprint('used', flush=True)\nsys.stdin.read()\n"


def test_processor_time_of_what_was_begun_counts_while_it_lives_and_after_it():
    own, all_of_it = processes.cpu_seconds(os.getpid()), processes.tree_cpu_seconds(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    used = processes.cpu_seconds(os.getpid()) - own
    assert processes.tree_cpu_seconds(os.getpid()) - all_of_it >= 0.45 + used, "it lives"

    child.communicate()
    used = processes.cpu_seconds(os.getpid()) - own
    assert processes.tree_cpu_seconds(os.getpid()) - all_of_it >= 0.45 + used, "it has ended"


def test_a_process_that_is_gone_has_used_nothing():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert (processes.cpu_seconds(child.pid), processes.tree_cpu_seconds(child.pid)) == (0.0, 0.0)
    assert processes.cpu_seconds(None) == 0.0


def test_children_of_a_name_are_those_that_live():
    asleep = [subprocess.Popen(["sleep", "60"]) for _ in range(2)]
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        pids = {child.pid for child in asleep}
        until(lambda: processes.children(os.getpid(), "sleep") == pids)
        asleep[0].kill()
        os.waitid(os.P_PID, asleep[0].pid, os.WEXITED | os.WNOWAIT)
        assert processes.children(os.getpid(), "sleep") == {asleep[1].pid}, "dead, though nobody has collected it"
    finally:
        for child in (*asleep, other):
            child.kill()
            child.wait()
    assert processes.children(asleep[0].pid, "sleep") == set()
