"""Drain, stop, resume, reassign, rebalance: what people ask of workers, seen from a working slice."""

import signal
from contextlib import contextmanager
from datetime import timedelta

import pytest

from apps.core import clock, hints
from apps.core.errors import Conflict, NotFound, NotPermitted
from apps.tasks.models import AuditEntry, Task
from apps.tasks.record import feed
from apps.tasks.sight import EVERYTHING
from apps.tasks.states import Status
from apps.workers import steering
from apps.workers.answers import standing
from apps.workers.models import Cluster, ClusterEvent, Worker
from apps.workers.registry import roster
from apps.workers.running import draining, heartbeat
from apps.workers.running import slice as slices
from tests import making
from tests.unit.executors import sink
from tests.unit.workers.waiting import has_status, in_thread, status, until

pytestmark = pytest.mark.django_db(transaction=True)

CALLS = (
    "import sink, task\n\ndef run(params):\n    total = 0\n"
    "    for n in range(60):\n        total += sink.put(n)\n        task.sleep(0.02)\n    return total\n"
)
LOOP = "import sink\n\ndef run(params):\n    sink.put(1)\n    while params.get('n', 1):\n        pass\n    return sink.put(2)\n"
HELLO = "import sink\n\ndef run(params):\n    return sink.put(1)\n"


@pytest.fixture
def slice_of(settings, monkeypatch, tmp_path_factory):
    """A slice in a thread, ended when the block ends."""
    settings.SLICE_SECONDS = 60
    settings.WAKE_DIR = tmp_path_factory.mktemp("w")
    monkeypatch.setattr(signal, "set_wakeup_fd", lambda *_, **__: -1)  # a thread may not take signals
    for name, value in (("TICK", 0.05), ("CONTROL_SECONDS", 0.05), ("ASKED_SECONDS", 0.1), ("OBEY_SECONDS", 0.2)):
        monkeypatch.setattr(heartbeat, name, value)
    monkeypatch.setattr(slices, "STAND_BACK_SECONDS", 0.2)
    settings.HEARTBEAT_SECONDS = 0.2

    @contextmanager
    def run():
        with in_thread(slices.run_slice) as raised:
            until(lambda: Worker.objects.filter(status__in=["idle", "busy", "stopping"]))
            yield Worker.objects.get(host=roster.identity.host())
            draining.requested.set()
            hints._listeners.cache_clear()
            hints.send(hints.WORK)
        draining.requested.clear()
        assert raised == []

    return run


def kinds() -> list[str]:
    return list(ClusterEvent.objects.order_by("id").values_list("kind", flat=True))


def word(worker: Worker) -> str:
    return standing.worker(Worker.objects.get(pk=worker.pk), EVERYTHING).facts.word


def elsewhere(**fields: object) -> Worker:
    """A live worker of another host, as far as rows tell."""
    values = {
        "name": "elm-9", "host": "elsewhere", "boot_id": "b", "pid": 1, "process_started": 1.0, "cluster": "elm",
        "queues": ["default"], "status": "idle", "started_at": clock.now(),
        "heartbeat_at": clock.now() + timedelta(minutes=1),
    }  # fmt: skip
    return Worker.objects.create(**{**values, **fields})


def test_a_drained_worker_gives_up_its_task_takes_nothing_and_goes_on_when_resumed(alice, slice_of):
    task = making.task(CALLS, alice)
    with slice_of() as worker:
        until(lambda: len(sink.effects) > 3)
        steering.drain(worker, alice, "new memory")
        until(lambda: word(worker) == "drained")
        assert status(task) == Status.PENDING
        done = len(sink.effects)
        attempt = task.attempts.get(number=1)
        assert (attempt.outcome, "asked by alice: new memory" in attempt.reason) == ("drained", True)

        another = making.task(HELLO, alice, key="another")
        until(lambda: Worker.objects.get(pk=worker.pk).status == Worker.Status.STOPPING)
        assert (status(another), len(sink.effects)) == (Status.PENDING, done), "it takes nothing"

        steering.resume(worker, alice)
        until(has_status(task, Status.COMPLETED))
        until(has_status(another, Status.COMPLETED))
    assert [value for _, value in sink.effects][:done] == list(range(done))
    assert len({key for key, _ in sink.effects}) == len(sink.effects), "no call was made twice"
    assert kinds() == ["worker.registered", "worker.drained", "worker.resumed", "worker.stopped"]
    entries = AuditEntry.objects.order_by("id").values_list("verb", "subject", "actor_name", "reason")
    assert [entry[0] for entry in entries] == ["worker.drained", "worker.resumed"]
    assert entries[0] == ("worker.drained", f"worker:{worker.name}", "alice", "new memory")


def test_a_drain_ends_a_pure_loop_too_and_repeats_no_call(alice, slice_of):
    task = making.task(LOOP, alice)
    with slice_of() as worker:
        until(lambda: sink.effects)
        steering.drain(worker, alice)
        until(has_status(task, Status.PENDING))
        Task.objects.filter(pk=task.pk).update(parameters={"n": 0})
        until(lambda: word(worker) == "drained")
        steering.resume(worker, alice)
        until(has_status(task, Status.COMPLETED))
    assert [value for _, value in sink.effects] == [1, 2]


def test_a_stopped_worker_ends_its_slice_and_tells_who_asked(alice, slice_of):
    with slice_of() as worker:
        steering.stop(worker, alice, "leaks")
        until(lambda: Worker.objects.get(pk=worker.pk).status == Worker.Status.STOPPED)
    last = ClusterEvent.objects.get(kind="worker.stopped")
    assert (last.worker, last.reason) == (worker.name, "asked by alice: leaks")


def test_a_worker_of_a_drained_cluster_takes_nothing_from_its_first_moment(alice, slice_of):
    cluster = roster.enter_cluster(["default"])
    steering.drain_cluster(cluster, alice, "deploy")
    task = making.task(HELLO, alice)
    with slice_of() as worker:
        until(lambda: word(worker) == "drained")
        assert (status(task), sink.effects) == (Status.PENDING, [])
        assert standing.cluster(Cluster.objects.get()).word == "drained"
        steering.resume_cluster(cluster, alice)
        until(has_status(task, Status.COMPLETED))
    assert AuditEntry.objects.filter(subject=f"cluster:{cluster.key}").count() == 2


def test_starting_up_takes_back_what_was_asked_of_the_cluster(alice):
    cluster = roster.enter_cluster(["default"])
    steering.stop_cluster(cluster, alice, "move")
    assert roster.stop_wished() == "asked by alice: move"
    roster.begin_cluster(["default"])
    assert roster.stop_wished() == ""


def test_who_may_not_control_workers_is_refused_and_nothing_changes(bob, charlie):
    worker = elsewhere()
    cluster = roster.enter_cluster(["default"])
    for person in (bob, charlie):
        for verb in (steering.drain, steering.stop, steering.resume):
            with pytest.raises(NotPermitted, match=r"workers\.control_worker"):
                verb(worker, person)
        for verb in (steering.drain_cluster, steering.stop_cluster, steering.resume_cluster):
            with pytest.raises(NotPermitted):
                verb(cluster, person)
        with pytest.raises(NotPermitted):
            steering.rebalance(person)
    worker.refresh_from_db()
    assert (worker.wish, AuditEntry.objects.count()) == ("", 0)


def test_what_makes_no_sense_is_refused_with_the_reason(alice):
    worker = elsewhere()
    with pytest.raises(Conflict, match="nothing was asked of it"):
        steering.resume(worker, alice)
    steering.drain(worker, alice)
    with pytest.raises(Conflict, match="was asked to drain by alice already"):
        steering.drain(worker, alice)
    steering.stop(worker, alice)
    with pytest.raises(Conflict, match="was asked to stop, which drains it first"):
        steering.drain(worker, alice)
    Worker.objects.update(status="crashed", ended_at=clock.now())
    with pytest.raises(Conflict, match="has ended: crashed"):
        steering.resume(worker, alice)


def test_a_cluster_is_found_by_its_key_and_by_its_name_where_that_is_clear():
    cluster = roster.enter_cluster(["default"])
    assert steering.find_cluster(cluster.key) == cluster
    assert steering.find_cluster(cluster.name) == cluster
    twin = Cluster.objects.create(key="twin", host="elsewhere", name=cluster.name, started_at=clock.now())
    with pytest.raises(Conflict, match=f"{cluster.key} on"):
        steering.find_cluster(cluster.name)
    assert steering.find_cluster(cluster.name, host="elsewhere") == twin
    with pytest.raises(NotFound):
        steering.find_cluster("birch-of-nowhere")


def test_a_reassigned_task_leaves_its_worker_with_the_reason_and_repeats_nothing(alice, slice_of):
    task = making.task(CALLS, alice)
    with slice_of() as worker:
        until(lambda: len(sink.effects) > 3)
        with pytest.raises(Conflict, match="No other live worker serves queue default"):
            steering.reassign(task, alice, "too slow here")
        elsewhere()
        steering.reassign(task, alice, "too slow here")
        until(lambda: task.attempts.count() == 2)
        until(has_status(task, Status.COMPLETED))
    first = task.attempts.get(number=1)
    assert (first.outcome, "too slow here" in first.reason) == ("drained", True)
    assert [value for _, value in sink.effects] == list(range(60))
    asked = next(entry for entry in feed.read(task.pk) if entry.kind == "task.drain_requested")
    assert (asked.actor, asked.data["reason"]) == ("alice", "too slow here")
    entry = AuditEntry.objects.get(verb="task.reassigned")
    assert (entry.subject, entry.data["worker"]) == (f"task:{task.pk}", worker.name)
    assert not ClusterEvent.objects.filter(kind="worker.drained").exists(), "the worker itself goes on"


def test_a_task_that_fails_or_sleeps_while_it_is_moved_is_not_cancelled(alice, slice_of):
    """The wish to leave a worker is fulfilled by every way of leaving it."""
    slow = making.task("import sink, task\n\ndef run(params):\n    sink.put(1)\n    task.sleep(60)\n", alice)
    with slice_of():
        until(has_status(slow, Status.WAITING))
        with pytest.raises(Conflict, match="no worker has it"):
            elsewhere()
            steering.reassign(slow, alice)
    assert status(slow) == Status.WAITING


def test_a_rebalance_moves_from_a_full_host_to_an_idle_one_and_says_how_many(alice, slice_of):
    with slice_of() as worker:
        nothing = steering.rebalance(alice)
        assert (list(nothing.moved), "Nothing to move" in nothing.message) == ([], True)
        task = making.task(CALLS, alice)
        until(lambda: len(sink.effects) > 3)
        for number in range(3):
            elsewhere(name=f"elm-{number}", pid=number + 1)
        # One task on one worker: moving it would only shift the load.
        assert steering.rebalance(alice).moved == []
        until(has_status(task, Status.COMPLETED))
    assert worker.host != "elsewhere"
    assert AuditEntry.objects.filter(verb="tasks.rebalanced").count() == 2
