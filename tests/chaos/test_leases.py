"""Leases with real processes: long work, frozen workers, wrong clocks, poisoned rows, and ends that nothing holds up."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil
import pytest
from django.db import connection

from apps.tasks import dbclock, lifecycle
from apps.tasks.models import Execution, Task
from apps.tasks.states import Status
from tests import making
from tests.chaos.installation import wait_for
from tests.chaos.ordeal import rounds, tell
from tests.chaos.rig import ask, frozen, sleep_through, until

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

LEASE = 1.0
SHORT = "import world\n\ndef run(params):\n    return world.put(params['n'])\n"
BURN = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    pass"
NAP = "import task\n\ndef run(params):\n    task.sleep(3)\n"
LONG = "import world\n\ndef run(params):\n    return world.wait(1, {seconds}) + world.put(2)\n"


@pytest.mark.long
def test_tasks_far_longer_than_the_lease_run_once_and_so_do_those_behind_them(rig, alice):
    """Q4: Django-Q2 gives a task out again when its fixed time is over, also while it runs or only waits in line."""
    long = making.template(LONG.format(seconds=10 * LEASE), alice, key="long").key
    short = making.template(SHORT, alice, key="short").key
    tasks = [ask(long, alice), ask(long, alice), *(ask(short, alice, n=n) for n in range(100))]

    with rig.workers("oak", "elm", lease=LEASE):
        wait_for("all", lambda: not Task.objects.open().exists(), seconds=60)

    assert set(Task.objects.values_list("status", flat=True)) == {Status.COMPLETED}
    # Short ones are claimed by the handful; what would have to wait behind a long one is given back at once.
    outcomes = Counter(outcome for task in tasks for outcome in task.attempts.values_list("outcome", flat=True))
    assert outcomes.keys() <= {"completed", "drained"}, "no lease ran out"
    assert set(Counter(key for key, _ in rig.effects(*(task.pk for task in tasks))).values()) == {1}


def test_what_a_frozen_worker_writes_after_its_lease_is_refused(rig, alice):
    """C4: frozen for three leases in a call; another finishes; it wakes, and changes nothing any more."""
    key = making.template(LONG.format(seconds=0.5), alice, key="long").key
    with rig.workers("oak", lease=LEASE) as [oak]:
        task = ask(key, alice)
        wait_for("its call", lambda: rig.effects(task.pk))
        with frozen(oak):
            with rig.workers("elm", lease=LEASE):
                until(task, Status.COMPLETED)
            sleep_through(LEASE)
            feed, steps = task.events.count(), list(task.steps.values_list("index", "attempt"))

        after = ask(key, alice)
        until(after, Status.COMPLETED)

    task.refresh_from_db()
    assert (task.status, task.returned) == (Status.COMPLETED, 6)
    assert (task.events.count(), list(task.steps.values_list("index", "attempt"))) == (feed, steps)
    assert [attempt.outcome for attempt in task.attempts.all()] == ["crashed", "completed"]
    assert rig.effects(task.pk) == [(f"{task.pk}:0", 1), (f"{task.pk}:0", 1), (f"{task.pk}:1", 2)], "the same key"


def test_clocks_of_hosts_may_differ_by_seconds_or_days(rig, alice):
    """T1, T6: leases live by the database's clock; a host whose own is wrong takes nothing away from another."""
    key = making.template(LONG.format(seconds=4 * LEASE), alice, key="long").key
    with rig.workers("right", lease=LEASE):
        task = ask(key, alice)
        wait_for("its call", lambda: rig.effects(task.pk))
        with (
            rig.workers("fast", lease=LEASE, clock=5),
            rig.workers("tomorrow", lease=LEASE, clock=86_400),
            rig.workers("slow", lease=LEASE, clock=-3600),
        ):
            until(task, Status.COMPLETED)

    assert [attempt.outcome for attempt in task.attempts.all()] == ["completed"]
    assert len(rig.effects(task.pk)) == 2


def test_a_task_that_began_under_a_wrong_clock_goes_on_elsewhere(rig, alice):
    """T1: the worker with the wrong clock dies; its task is rescued after the lease, not after an hour."""
    key = making.template(LONG.format(seconds=30), alice, key="long").key
    with rig.workers("tomorrow", lease=LEASE, clock=86_400) as [tomorrow]:
        task = ask(key, alice)
        wait_for("its call", lambda: rig.effects(task.pk))
        tomorrow.kill()
        with rig.workers("right", lease=LEASE):
            wait_for("the second attempt", lambda: len(rig.effects(task.pk)) == 2, seconds=20)


@pytest.mark.parametrize("moved_by", [3600, -3600])
def test_a_host_with_a_wrong_clock_neither_parks_a_retry_nor_wakes_a_sleeper_early(rig, alice, moved_by):
    """T1: what its worker computes and compares are moments of the database's clock."""
    key = making.template(NAP, alice, key="nap").key
    with rig.workers("wrong", lease=LEASE, clock=moved_by):
        task = ask(key, alice)
        until(task, Status.WAITING)
        assert 0 < task.available_at.timestamp() - dbclock.now() < 4
        until(task, Status.COMPLETED)
    assert dbclock.now() >= task.available_at.timestamp()
    assert task.attempts.last().started_at >= task.available_at


@pytest.mark.parametrize("wrong", ["kind", "parameters"])
def test_a_row_that_cannot_be_read_holds_nobody_up(rig, alice, wrong):
    """C7: one bad item among good ones ends with a reason; the others are done as if it were not there."""
    key = making.template(SHORT, alice, key="short").key
    tasks = [ask(key, alice, n=n) for n in range(9)]
    bad = tasks[4]
    broken = {"kind": "no_such_kind", "parameters": '"a text"'}[wrong]  # what is no JSON, the database refuses
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE tasks_task SET {wrong} = %s WHERE id = %s", [broken, bad.pk])

    with rig.workers("oak", "elm", lease=LEASE):
        wait_for("the good ones", lambda: Task.objects.filter(status=Status.COMPLETED).count() == 8, seconds=40)
        wait_for(
            "the bad one's end",
            lambda: Task.objects.filter(pk=bad.pk, status=Status.FAILED).values_list("status_reason")[:1],
            seconds=40,
        )


ENDLESS = {
    "a bare except": "while True:\n        try:\n            world.put(1)\n            while True:\n                pass\n"
    "        except BaseException:\n            pass",
    "a tight loop": "world.put(1)\n    while True:\n        pass",
    "a blocked socket": "world.listen(1)",
}


@pytest.mark.parametrize("what", ENDLESS)
def test_nothing_outlives_its_deadline(rig, alice, what):
    """Q11: not by swallowing exceptions, not in a loop, not at a socket."""
    script = f"import world\n\ndef run(params):\n    {ENDLESS[what]}\n"
    key = making.template(script, alice, key="endless", deadline_seconds=2).key
    with rig.workers("oak", lease=2, CALL_SECONDS=3.0) as [oak]:
        task = ask(key, alice)
        until(task, Status.CANCELLED, Status.FAILED, seconds=25)
        wait_for("an idle sandbox", lambda: not _busy(oak))

    assert task.status_reason
    assert Execution.objects.get(pk=task.pk).lease_until is None


def _busy(worker) -> bool:
    """Whether anything below the worker computes."""
    with suppress(psutil.NoSuchProcess):  # it ended itself to end the call
        return any(child.cpu_percent(0.1) > 50 for child in worker.children(recursive=True))
    return False


STATES = ["pending", "waiting", "paused", "running in a call", "running in a loop"]


@pytest.mark.parametrize("state", STATES)
def test_a_task_can_be_cancelled_in_every_state(rig, alice, state):
    """Q12: Django-Q2 knows no cancel. At once, at the next call, or within two seconds of computing."""
    script = {
        "waiting": "import task\n\ndef run(params):\n    task.sleep(600)\n",
        "running in a loop": "import world\n\ndef run(params):\n    world.put(1)\n    while True:\n        pass\n",
        "running in a call": LONG.format(seconds=2),
    }.get(state, SHORT)
    task = ask(making.template(script, alice, key="sample").key, alice, n=1)
    if state == "paused":
        lifecycle.pause(task, alice)
    if state in ("pending", "paused"):
        lifecycle.cancel(task, alice, "not needed any more")
    else:
        with rig.workers("oak"):
            until(task, Status.WAITING if state == "waiting" else Status.RUNNING)
            if state != "waiting":
                wait_for("its first call", lambda: rig.effects(task.pk))
            lifecycle.cancel(task, alice, "not needed any more")
            until(task, Status.CANCELLED, seconds=10)

    task.refresh_from_db()
    assert (task.status, task.status_reason) == (Status.CANCELLED, "not needed any more")
    assert Execution.objects.get(pk=task.pk).lease_until is None
    assert (f"{task.pk}:1", 2) not in rig.effects(task.pk), "no call after the cancel"


@rounds(6, 500, minutes=60)
def test_every_task_that_runs_out_of_time_is_on_record(rig, alice, rounds):
    """Q3: Django-Q2 loses results around a timeout, or stops delivering."""
    script = "import world\n\ndef run(params):\n    world.put(params['n'])\n    while True:\n        pass\n"
    key = making.template(script, alice, key="endless", cpu_seconds=1).key
    tasks = [ask(key, alice, n=n) for n in range(rounds)]
    began = time.monotonic()
    # Nobody replaces them here: they stay for all rounds, and keep their leases though they get little of the processor.
    forever = {"SLICE_SECONDS": 86_400, "WORKER_MAX_TASKS": 0, "WORKER_CPU_SECONDS": 0}
    with rig.workers("oak", "elm", lease=30, **forever), _load(processes=rounds // 100):
        wait_for("all", lambda: not Task.objects.open().exists(), seconds=20 + 4 * rounds)

    for task in tasks:
        task.refresh_from_db()
        assert (task.status, task.attempt_count) == (Status.FAILED, 1)
        assert "after 1 s of computing" in task.error["message"]
        assert rig.effects(task.pk) == [(f"{task.pk}:0", task.parameters["n"])]
    tell("Q3", timeouts=rounds, on_record=len(tasks), seconds=round(time.monotonic() - began))


@contextmanager
def _load(processes: int) -> Iterator[None]:
    """So many others that compute, for as long as this process lives."""
    burning = [subprocess.Popen([sys.executable, "-c", BURN]) for _ in range(processes)]
    try:
        yield
    finally:
        for each in burning:
            each.kill()
            each.wait()
