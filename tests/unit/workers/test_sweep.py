"""Rescue, wake and expire; who is here and who has died."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError, connection

from apps.core import clock, hints
from apps.core.errors import Conflict
from apps.executors.script import calls
from apps.tasks import dbclock, lifecycle
from apps.tasks.blobs import files
from apps.tasks.claims import claiming
from apps.tasks.lifecycle import people
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Execution, Task
from apps.tasks.record import feed, leases
from apps.tasks.record.journal import Ack, Batch, Lease, NewFile, NewStep
from apps.tasks.record.store import DatabaseStore
from apps.tasks.states import Status
from apps.workers import identity, sweep
from apps.workers.models import ClusterEvent, Worker
from apps.workers.registry import roster
from apps.workers.running import draining, heartbeat
from apps.workers.running import slice as slices
from tests import making
from tests.unit.executors import sink
from tests.unit.workers.waiting import in_thread, until

pytestmark = pytest.mark.django_db(transaction=True)

NAP = "import task\n\ndef run(params):\n    task.sleep(60)\n"
HELLO = "import sink\n\ndef run(params):\n    return sink.put(1)\n"


def another_worker(**fields: object) -> Worker:
    """A worker of this host whose process is gone, unless `fields` say otherwise."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    started = psutil.Process(done.pid).create_time()
    done.wait()
    values = {
        "name": "elm-9", "host": identity.host(), "boot_id": identity.boot_id(), "pid": done.pid,
        "process_started": started, "started_at": clock.now(), "heartbeat_at": clock.now(), "status": "busy",
    }  # fmt: skip
    return Worker.objects.create(**{**values, **fields})


def held_by(worker: Worker, task: Task) -> None:
    claim = claiming.claim(["default"], worker=worker.name, cluster="elm")
    assert claim is not None and claim.lease.task_id == task.pk


def test_the_task_of_a_dead_process_is_rescued_at_once_and_finished_by_another(alice):
    task = making.task(HELLO, alice)
    worker = another_worker()
    held_by(worker, task)

    assert sweep.sweep().rescued == 1

    worker.refresh_from_db()
    assert worker.status == Worker.Status.CRASHED
    rescued = feed.newest(task.pk, 1)[0]
    assert (rescued.kind, rescued.data["worker"], rescued.data["reason"]) == (
        "task.rescued",
        "elm-9",
        "worker elm-9 died",
    )
    slices.drain()
    task.refresh_from_db()
    assert (task.status, task.attempt_count, task.crashes) == (Status.COMPLETED, 2, 0)


@pytest.mark.parametrize("where", ["another host", "another boot", "a live process"])
def test_a_live_lease_is_left_alone(where, alice):
    """C6: also where two hosts were given one name, and the process that has the number is not here."""
    task = making.task(HELLO, alice)
    me = psutil.Process()
    fields: dict[str, dict[str, object]] = {
        "another host": {"host": "elsewhere"},
        "another boot": {"boot_id": "another boot"},
        "a live process": {"pid": me.pid, "process_started": me.create_time()},
    }
    held_by(another_worker(**fields[where]), task)
    assert sweep.sweep().rescued == 0
    Execution.objects.filter(pk=task.pk).update(lease_until=dbclock.now() - 0.01)
    assert sweep.sweep().rescued == 1
    assert "sent no heartbeat" in feed.newest(task.pk, 1)[0].data["reason"]


def test_two_sweeps_at_once_rescue_once(alice):
    tasks = [making.task(HELLO, alice, key=f"t{n}") for n in range(10)]
    worker = another_worker()
    for task in tasks:
        held_by(worker, task)
    swept: list[int] = []
    with in_thread(lambda: swept.append(sweep.rescue())) as raised:
        swept.append(sweep.rescue())
    assert raised == []
    assert sum(swept) == 10
    for task in tasks:
        assert [entry.kind for entry in feed.read(task.pk)].count("task.rescued") == 1


def test_one_row_that_cannot_be_swept_strands_no_other(alice):
    """A hundred at once, the oldest first; the rest comes with the next sweep."""
    for n in range(3):
        making.task(NAP, alice, key=f"t{n}")
    slices.drain()
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        assert sweep.sweep().woken == 3
        assert sweep.sweep().woken == 0


@pytest.mark.parametrize(
    "error",
    [
        OSError(5, "Input/output error"),
        ProgrammingError("no such column"),
        Conflict("it cannot be"),
        OperationalError(),
    ],
)
def test_a_chore_that_fails_stops_no_other_and_is_seen(alice, monkeypatch, error):
    """C7. The first of all chores fails, and one of the three tasks that are to be woken."""
    task_ids = [making.task(NAP, alice, key=f"t{n}").pk for n in range(3)]
    slices.drain()
    bad, wake = task_ids[0], lifecycle.wake

    def wakes_all_but_one(task_id):
        return fail() if task_id == bad else wake(task_id)

    def fail(*_):
        raise error

    monkeypatch.setattr(lifecycle, "wake", wakes_all_but_one)
    monkeypatch.setattr(leases, "held", fail)
    before = sweep.failures.copy()
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        swept = sweep.sweep()
        again = sweep.sweep()

    assert (swept.woken, swept.failed, again.failed) == (2, ("rescue", "wake"), ("rescue", "wake"))
    assert sweep.failures - before == {"rescue": 2, "wake": 2}
    told = ClusterEvent.objects.filter(kind=ClusterEvent.Kind.WORKER_ERROR).order_by("id")
    assert [event.reason.partition(" failed")[0] for event in told] == ["The chore rescue", "The chore wake"]
    assert "go on" in told[0].action


def test_a_database_that_has_gone_away_ends_the_sweep(monkeypatch):
    """Nothing else can be done then; the heartbeat connects again."""

    def lose():
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(leases, "held", lose)
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    with pytest.raises(OperationalError, match="server closed"):
        sweep.sweep()


def test_a_process_is_one_worker_over_its_slices():
    first = roster.register(["default"])
    roster.leave(first)
    again = roster.register(["default", "reports"])
    assert (again.pk, again.name, again.status, again.ended_at) == (first.pk, first.name, Worker.Status.STARTING, None)
    assert (again.pid, again.queues) == (os.getpid(), ["default", "reports"])
    sample = roster.Sample(memory_bytes=2_000_000, cpu_percent=3.5, beat_lateness=0.1)
    work = roster.Work(completed=2, failed=1, attempts=3, busy_seconds=1.5)
    roster.beat(again.pk, task_id=7, is_held=False, work=work, sample=sample)
    again.refresh_from_db()
    assert (again.status, again.current_task_id) == (Worker.Status.BUSY, 7)
    roster.beat(again.pk, task_id=None, is_held=False, work=roster.Work(completed=1))
    again.refresh_from_db()
    assert (again.tasks_completed, again.tasks_failed, again.status) == (3, 1, Worker.Status.IDLE)
    assert (again.attempts, again.busy_seconds, again.memory_bytes) == (3, 1.5, 2_000_000)


def test_the_roster_counts_what_a_slice_did(alice, monkeypatch):
    monkeypatch.setattr(heartbeat, "TICK", 0.01)
    making.task(HELLO, alice)
    making.task("def run(params):\n    return 1 / 0\n", alice, key="broken")
    slices.drain()
    worker = Worker.objects.get()
    assert (worker.status, worker.current_task_id) == (Worker.Status.STOPPED, None)
    assert (worker.tasks_completed, worker.tasks_failed, worker.attempts) == (1, 1, 2), "also the last ones"
    assert worker.busy_seconds > 0


def test_a_worker_that_ended_in_order_is_not_called_crashed():
    worker = another_worker(status="stopped", ended_at=clock.now())
    sweep.sweep()
    worker.refresh_from_db()
    assert worker.status == Worker.Status.STOPPED


def test_an_executor_that_breaks_is_a_failure_told_without_details_and_tried_again(alice, monkeypatch):
    from apps.executors.script import run

    def broken(session: object) -> None:
        raise KeyError("/srv/inner/secret")

    monkeypatch.setattr(run, "attempt", broken)
    task = making.task(HELLO, alice)
    slices.drain()
    task.refresh_from_db()
    assert (task.status, task.error["code"], task.error["will_retry"]) == (Status.PENDING, "internal_error", True)
    assert "secret" not in str(task.error)
    monkeypatch.undo()
    with clock.frozen(clock.now() + timedelta(seconds=30)):
        slices.drain()
    task.refresh_from_db()
    assert task.status == Status.COMPLETED


@pytest.mark.parametrize("lost", [OperationalError, InterfaceError])
def test_a_database_that_goes_away_for_a_moment_is_no_failure_of_the_task(lost, alice, monkeypatch):
    write, faults = DatabaseStore.write, [lost("terminating connection")] * 3

    def flaky(store: DatabaseStore, lease: Lease, batch: Batch) -> Ack:
        if batch.steps and faults:
            raise faults.pop()
        return write(store, lease, batch)

    monkeypatch.setattr(DatabaseStore, "write", flaky)
    task = making.task(HELLO, alice, retry={"max_attempts": 1, "delays": []})
    attempts = 0
    for seconds in (0, 5, 10):
        with clock.frozen(clock.now() + timedelta(seconds=seconds)):
            attempts += slices.drain()
    assert attempts == 4, "the worker goes on; from the second time on a little later"
    task.refresh_from_db()
    assert (task.status, task.failures, task.is_dead_letter) == (Status.COMPLETED, 0, False)
    assert {key for key, _ in sink.effects} == {f"{task.pk}:0"}


@pytest.mark.parametrize("call", ["report.json(name='a', data=1)", "sink.large()"])
def test_files_that_find_no_room_fail_the_task_with_that_message_and_a_retry_goes_on(call, alice, monkeypatch):
    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    task = making.task(
        f"import report, sink\n\ndef run(params):\n    sink.put(1)\n    {call}\n    return 7\n",
        alice, retry={"max_attempts": 1, "delays": []},
    )  # fmt: skip
    write = files._write
    monkeypatch.setattr(files, "_write", full)
    monkeypatch.setattr(calls, "_wait", lambda *_: None)
    slices.drain()
    task.refresh_from_db()
    assert task.status == Status.FAILED
    assert "No space left on device" in task.error["message"]
    monkeypatch.setattr(files, "_write", write)
    lifecycle.retry_failed(task, alice)
    slices.drain()
    task.refresh_from_db()
    assert (task.status, task.returned, len(sink.effects)) == (Status.COMPLETED, 7, 1)


def test_text_with_nul_takes_no_worker_down(alice):
    source = (
        "import sink, task\n\ndef run(params):\n    z = chr(0)\n    print('a' + z + 'b')\n    task.log('l' + z, 'warning')\n"
        "    task.progress(5, 's' + z, 'm' + z)\n    sink.put(1)\n    raise ValueError('no' + z)\n"
    )
    task = making.task(source, alice)
    assert slices.drain() == 1
    task.refresh_from_db()
    assert (task.status, task.error["message"]) == (Status.FAILED, "no␀")
    assert sink.effects


def test_a_result_with_every_kind_of_value_survives_the_database(alice):
    source = (
        "from decimal import Decimal\nfrom datetime import date\n\ndef run(params):\n"
        "    return {'nul': chr(0), 'd': Decimal('1.10'), 'day': date(2026, 1, 2), 't': (1, 2), 'big': 10**50, 'f': 1e400,\n"
        "            'set': {3, 1, 2}, 1: None}\n"
    )
    task = making.task(source, alice)
    slices.drain()
    task.refresh_from_db()
    assert task.status == Status.COMPLETED, task.error
    assert task.returned["nul"] == "\0"
    assert str(task.returned["d"]) == "1.10"
    assert task.returned["set"] == {1, 2, 3}


def test_a_waiting_slice_is_woken_by_what_is_submitted(alice, settings, monkeypatch, tmp_path_factory):
    settings.SLICE_SECONDS = 60
    settings.WAKE_DIR = tmp_path_factory.mktemp("w")
    monkeypatch.setattr(slices, "LONGEST_WAIT", 60.0)  # by itself it looks no more
    monkeypatch.setattr(signal, "set_wakeup_fd", lambda *_, **__: -1)  # a thread may not take signals
    key = making.template(HELLO, alice).key

    with in_thread(slices.run_slice) as raised:
        until(lambda: list(settings.WAKE_DIR.glob("work/*")))
        hints._listeners.cache_clear()
        task = submit(Request(template=key, origin="test"), alice).task
        until(lambda: Task.objects.get(pk=task.pk).status == Status.COMPLETED, 20)
        draining.requested.set()
        hints.send(hints.WORK)
    draining.requested.clear()
    assert raised == []
    assert Worker.objects.get().status == Worker.Status.STOPPED


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one lock, and nothing can wait in a ring")
@pytest.mark.parametrize("end", ["complete", "suspend", "a step with a file"])
def test_a_person_and_a_worker_at_one_task_do_not_wait_for_each_other(end, alice, monkeypatch):
    task = making.task(HELLO, alice)
    claim = claiming.claim(["default"], worker="elm-1", cluster="elm")
    assert claim is not None
    locked, locking = threading.Event(), people.locked

    def slowly(row: Task) -> Task:
        found = locking(row)
        locked.set()
        time.sleep(0.5)  # the worker's verb runs into the row that is locked here
        return found

    monkeypatch.setattr(people, "locked", slowly)
    with in_thread(lambda: lifecycle.cancel(task, alice)) as raised:
        assert locked.wait(10)
        if end == "complete":
            lifecycle.complete(claim.lease, "1", Batch())
        elif end == "suspend":
            lifecycle.suspend(claim.lease, clock.now(), "sleeps", Batch())
        else:
            now = clock.now()
            step = NewStep(
                index=0, name="report.csv", call_class="effect", digest=b"d", arguments="{}", succeeded=True, result="1",
                line=1, started_at=now, seconds=0.1,
            )  # fmt: skip
            file = NewFile(
                index=0, name="a", kind="csv", content_type="text/csv", size=1, sha256="x", path="p", created_at=now
            )
            DatabaseStore().write(claim.lease, Batch(steps=[step], files=[file]))
    assert raised == []
    task.refresh_from_db()
    assert task.status == {"complete": Status.COMPLETED, "suspend": Status.CANCELLED}.get(end, Status.RUNNING)
    assert "task.cancel_requested" in [entry.kind for entry in feed.read(task.pk)]


def test_a_sweep_prunes_what_is_over(alice):
    task = making.task("def run(params):\n    return 1\n", alice)
    lifecycle.cancel(task, alice)
    Task.objects.update(delete_after=clock.now() - timedelta(days=1))
    assert sweep.sweep().pruned == 1
    assert not Task.objects.exists()


def test_tasks_that_were_asked_to_stop_hide_no_other_that_is_overdue(alice, monkeypatch):
    monkeypatch.setattr(sweep, "AT_ONCE", 1)
    making.task("def run(params):\n    return 1\n", alice)
    claim = claiming.claim(["default"], worker="elm-1", cluster="elm")
    other = making.task("def run(params):\n    return 1\n", alice)
    Task.objects.filter(pk=claim.lease.task_id).update(deadline=clock.now() - timedelta(hours=2))
    Task.objects.filter(pk=other.pk).update(deadline=clock.now() - timedelta(hours=1))
    for _ in range(2):
        sweep.sweep()
    assert leases.control(claim.lease.task_id, claim.lease.token) == "expire"
    other.refresh_from_db()
    assert (other.status, "deadline" in other.status_reason) == ("cancelled", True)
