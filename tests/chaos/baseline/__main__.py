"""`python -m tests.chaos.baseline`, `make baseline`: each accident under bare Django-Q2 and under ours.

Ours are the named tests, run here. Exit code 1 when one of ours fails.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.baseline.bare import Bare
from tests.chaos.installation import ROOT


@dataclass(frozen=True, kw_only=True)
class Case:
    what: str
    bare: Callable[[Bare], tuple[bool, str]]
    ours: tuple[str, ...]
    """The tests; none: we have no such part yet."""


def killed_while_idle(bare: Bare) -> tuple[bool, str]:
    bare.start()
    for worker in bare.workers():
        worker.kill()
    time.sleep(3)  # its guard starts new ones
    bare.ask(5)
    return _watched(bare, 5, 20.0)


def poison(bare: Bare) -> tuple[bool, str]:
    """max_attempts is 1 and retry 5 s: it should be given up after the first."""
    bare.start()
    bare.ask(1, "kill_worker")
    time.sleep(27)
    times, failures = len(bare.done()), bare.rows("Failure")
    return times <= 1 and failures == 1, f"carried out {times} times in 27 s, {failures} failures on record"


def rotated_key(bare: Bare) -> tuple[bool, str]:
    bare.ask(20)
    bare.key = "the second key"
    bare.start()
    kept, told = _watched(bare, 20, 12.0)
    return kept, f"{told}; {bare.rows('OrmQ')} still queued, {bare.rows('Failure')} failures on record"


def broken_schedule(bare: Bare) -> tuple[bool, str]:
    bare.python(
        "from django_q.models import Schedule\n"
        "from django.utils import timezone\n"
        "for number in (1, 2): Schedule.objects.create(func='tests.chaos.baseline.work.put', args=str(number),"
        " next_run=timezone.now(), schedule_type='O')\n"
        "Schedule.objects.create(func='tests.chaos.baseline.work.put', args='this is (no Python', schedule_type='O',"
        " next_run=timezone.now())"
    )
    bare.start()
    return _watched(bare, 2, 45.0)


def killed_guard(bare: Bare) -> tuple[bool, str]:
    bare.start()
    bare.guard().kill()
    time.sleep(5)
    left = [process for process in bare.processes() if bare.cluster is None or process.pid != bare.cluster.pid]
    bare.ask(3)
    time.sleep(5)
    return not left, f"{len(left)} processes live on without a guard, and did {len(bare.done())} of 3 new tasks"


CASES = {
    "Q1": Case(
        what="both workers killed with -9 while idle; then 5 tasks",
        bare=killed_while_idle,
        ours=(
            "tests/chaos/test_workers_die.py::test_work_goes_on_after_every_kill",
            "tests/chaos/test_supervisor.py::test_workers_that_are_killed_while_they_wait_for_their_launch_hold_up_no_later_ones",
        ),
    ),
    "Q2": Case(
        what="a task that kills its worker",
        bare=poison,
        ours=("tests/chaos/test_workers_die.py::test_a_task_that_kills_its_worker_becomes_a_dead_letter",),
    ),
    "Q6": Case(
        what="SECRET_KEY changed while 20 tasks are queued",
        bare=rotated_key,
        ours=("tests/chaos/test_keys.py",),
    ),
    "Q7": Case(what="one schedule that cannot be read among three", bare=broken_schedule, ours=()),
    "Q8": Case(
        what="the guard killed with -9",
        bare=killed_guard,
        ours=(
            "tests/chaos/test_supervisor.py::test_when_the_cluster_loses_its_head_the_old_set_ends_and_one_new_set_starts",
        ),
    ),
}


def main() -> int:
    failed = 0
    for name, case in CASES.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        bare = Bare()
        try:
            survived, told = case.bare(bare)
        finally:
            bare.destroy()
        passed, ours = _ours(case.ours)
        failed += passed is False
        print(f"{name}  {case.what}")
        print(f"    bare Django-Q2  {'survives' if survived else 'FAILS'}: {told}")
        print(f"    Chantilly       {ours}", flush=True)
    return 1 if failed else 0


def _watched(bare: Bare, expected: int, seconds: float) -> tuple[bool, str]:
    ends = time.monotonic() + seconds
    while len(bare.done()) < expected and time.monotonic() < ends:
        time.sleep(0.2)
    done = bare.done()
    return sorted(set(done)) == sorted(done) and len(done) == expected, f"{len(done)} of {expected} were done"


def _ours(tests: tuple[str, ...]) -> tuple[bool | None, str]:
    if not tests:
        return None, "has no schedules yet; they come with a later issue"
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-m", "", *tests]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    last = done.stdout.strip().splitlines()[-1:] or [done.stderr.strip()[-200:]]
    return done.returncode == 0, f"{'survives' if done.returncode == 0 else 'FAILS'}: {last[0]}"


if __name__ == "__main__":
    sys.exit(main())
