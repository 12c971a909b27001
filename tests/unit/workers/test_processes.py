"""What processes need, as the kernel counts it."""

import os
import subprocess
import sys

from apps.workers.running import processes

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
