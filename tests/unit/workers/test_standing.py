"""How workers stand, what happened to them, and what became of the tasks of lost ones."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core import clock
from apps.tasks import dbclock
from apps.tasks.claims import claiming
from apps.tasks.models import Execution, RateLimit
from apps.tasks.sight import EVERYTHING
from apps.tasks.states import Status
from apps.workers import identity, sweep
from apps.workers.answers import happenings, recovery, standing, unassigned
from apps.workers.models import Cluster, ClusterEvent, Worker
from apps.workers.registry import roster
from apps.workers.running import slice as slices
from tests import making
from tests.unit.executors import sink
from tests.unit.workers.test_sweep import another_worker, held_by

pytestmark = pytest.mark.django_db(transaction=True)

HELLO = "import sink\n\ndef run(params):\n    return sink.put(1)\n"
MEMORY = "def run(params):\n    x = []\n    while True:\n        x.append('y' * 100000)\n"
THREE = "import sink\n\ndef run(params):\n    return [sink.put(n) for n in range(4)]\n"


def recent() -> recovery.Report:
    return recovery.report(EVERYTHING, clock.now() - timedelta(hours=1), clock.now())


def test_the_registry_tells_what_a_worker_is_and_does(alice, settings):
    settings.WORKER_MEMORY_MB = 256
    settings.WORKER_CPU_SECONDS = 600
    task = making.task(HELLO, alice)
    worker = roster.register(["default"])
    sample = roster.Sample(memory_bytes=128 * 1024 * 1024, cpu_percent=12.5, cpu_seconds=90.0, beat_lateness=0.02)
    work = roster.Work(completed=3, failed=1, attempts=5, busy_seconds=10.0, api_calls=20)
    roster.beat(worker.pk, task_id=task.pk, is_held=False, work=work, sample=sample)
    making.task(HELLO, alice, key="waits")
    claimed = claiming.claim(["default"], worker=worker.name, cluster=worker.cluster, host=worker.host)
    assert claimed is not None

    [facts] = standing.workers(EVERYTHING)

    assert (facts.name, facts.host, facts.status, facts.word) == (worker.name, identity.host(), "busy", "busy")
    assert (facts.kinds, "sink" in facts.tools, facts.queues) == (sorted(settings.TASK_KINDS), True, ["default"])
    assert (facts.tasks_completed, facts.tasks_failed, facts.success_rate) == (3, 1, 0.75)
    assert (facts.average_seconds, facts.api_calls_per_task, facts.cpu_percent) == (2.0, 4.0, 12.5)
    assert (facts.memory_share, facts.beat_lateness, facts.queue_size) == (0.5, 0.02, 1)
    assert (facts.cpu_seconds, facts.cpu_limit_seconds) == (90.0, 600)
    assert facts.doing is not None
    assert (facts.doing.task_id, facts.doing.attempt) == (task.pk, 1)
    assert facts.doing.seconds is not None and facts.doing.seconds >= 0


def test_a_worker_tells_the_rate_limits_of_what_its_tools_ask_to_those_who_may_see_them(settings):
    settings.GEMINI_API_KEY = ""
    RateLimit.objects.all().delete()
    for service, unit in (("crm", "requests"), ("gemini", "requests"), ("gemini", "tokens"), ("elsewhere", "requests")):
        RateLimit.objects.create(service=service, unit=unit, per_second=1.5, burst=10)
    worker = roster.register(["default"])
    assert standing.worker(worker, EVERYTHING).rate_limits == ()
    [crm] = standing.worker(worker, EVERYTHING, with_rates=True).rate_limits
    assert (str(crm), crm.level) == ("crm: 1.5 requests a second, 10 at once", 10)
    Cluster.objects.update(model="gemini-2.5-flash", tools=["ai", "a module of another release"])
    found = standing.worker(Worker.objects.get(), EVERYTHING, with_rates=True).rate_limits
    assert [(each.service, each.unit) for each in found] == [("gemini", "requests"), ("gemini", "tokens")]


def test_a_list_of_workers_costs_the_same_for_any_number(alice):
    roster.register(["default"])
    with CaptureQueriesContext(connection) as one:
        standing.workers(EVERYTHING)
    for number in range(20):
        another_worker(name=f"elm-{number}", boot_id=f"boot {number}", queues=["default"])
    with CaptureQueriesContext(connection) as many:
        assert len(standing.workers(EVERYTHING)) == 21
    assert len(many) == len(one) <= 6


def test_a_crash_is_told_once_with_its_task_and_recovery(alice):
    task = making.task(HELLO, alice)
    worker = another_worker(current_task_id=task.pk)
    held_by(worker, task)

    sweep.sweep()
    sweep.sweep()

    assert list(ClusterEvent.objects.order_by("id").values_list("kind", "worker", "task_id")) == [
        ("task.rescued", "elm-9", task.pk),
        ("worker.crashed", "elm-9", task.pk),
    ]
    [crash, rescue] = happenings.errors(EVERYTHING, worker="elm-9")
    assert (rescue.attempt, rescue.recovered_at, "died" in rescue.reason) == (1, None, True)
    slices.drain()
    [crash, rescue] = happenings.errors(EVERYTHING, worker="elm-9")
    assert rescue.recovered_at == task.attempts.get(number=2).started_at
    assert crash.action == "what it held is given back"


def test_the_recovery_report_tells_source_calls_kept_and_waiting(alice, monkeypatch):
    started = making.task(HELLO, alice, key="fresh")
    held_by(another_worker(name="elm-1", boot_id=identity.boot_id()), started)
    went_on = making.task(THREE, alice, key="progressed")
    lost = another_worker(name="elm-2")
    claim = claiming.claim(["default"], worker=lost.name, cluster="elm", host=lost.host)
    assert claim is not None and claim.lease.task_id == went_on.pk
    _record_two_calls(claim)

    sweep.rescue()
    before = recent()
    assert [task.resumed_at for task in before.tasks] == [None, None]
    assert "2 workers lost, 2 tasks given back, 0 went on" in before.message

    slices.drain()
    after = recent()
    by_task = {task.task_id: task for task in after.tasks}
    assert (by_task[started.pk].source, by_task[started.pk].calls_kept) == ("start", 0)
    assert (by_task[went_on.pk].source, by_task[went_on.pk].calls_kept) == ("record", 2)
    assert all(task.waited_seconds is not None and task.waited_seconds >= 0 for task in after.tasks)
    assert {loss.worker: len(loss.tasks) for loss in after.losses} == {"elm-1": 1, "elm-2": 1}
    assert "2 calls not repeated" in after.message
    assert recovery.report(EVERYTHING, clock.now(), clock.now() + timedelta(hours=1)).losses == []


def _record_two_calls(claim: claiming.Claim) -> None:
    """The calls that the script makes, as its first attempt would have recorded them."""
    from apps.executors.script import run
    from apps.executors.session import LiveSession

    class Died(Exception):
        pass

    session = LiveSession(claim)
    record, calls = session.journal.record, []

    def die(*args: object, **options: object) -> None:
        if len(calls) == 2:
            raise Died
        calls.append(1)
        record(*args, **options)  # type: ignore[arg-type]

    session.journal.record = die  # type: ignore[method-assign]
    with pytest.raises(Died):
        run.attempt(session)
    assert [value for _, value in sink.effects] == [0, 1, 2]


def test_a_silent_worker_elsewhere_is_offline_and_comes_back_by_beating(settings):
    settings.HEARTBEAT_SECONDS = 2.0
    far = another_worker(host="elsewhere", heartbeat_at=clock.now() - timedelta(seconds=5))
    roster.mark_offline()
    far.refresh_from_db()
    assert far.status == Worker.Status.BUSY, "two beats are missing, not three"

    Worker.objects.update(heartbeat_at=clock.now() - timedelta(seconds=7))
    assert (roster.mark_offline(), roster.mark_offline()) == (1, 0)
    far.refresh_from_db()
    assert (far.status, far.ended_at is None) == (Worker.Status.OFFLINE, False)
    assert ClusterEvent.objects.get().kind == "worker.offline"

    roster.beat(far.pk, task_id=None, is_held=False, work=roster.Work())
    far.refresh_from_db()
    assert (far.status, far.ended_at) == (Worker.Status.IDLE, None)


def test_a_silent_worker_of_this_host_is_not_called_crashed_without_proof():
    alive = roster.register(["default"])
    Worker.objects.update(heartbeat_at=clock.now() - timedelta(minutes=5), status="busy")
    sweep.sweep()
    alive.refresh_from_db()
    assert alive.status == Worker.Status.BUSY
    assert standing.worker(alive, EVERYTHING).facts.word == "silent"


def test_a_task_whose_lease_ran_out_is_in_the_report_though_nobody_died(alice):
    task = making.task(HELLO, alice)
    held_by(another_worker(host="elsewhere", heartbeat_at=clock.now() + timedelta(minutes=1)), task)
    Execution.objects.filter(pk=task.pk).update(lease_until=dbclock.now() - 0.01)
    assert sweep.rescue() == 1
    report = recent()
    assert (report.losses, [each.task_id for each in report.given_back]) == ([], [task.pk])


def test_an_attempt_that_outgrew_its_memory_says_so_on_attempt_task_and_worker(alice):
    task = making.task(MEMORY, alice, memory_mb=32)
    slices.drain()
    task.refresh_from_db()
    error = ClusterEvent.objects.get(kind="worker.error")
    assert (task.status, task.error["code"]) == (Status.FAILED, "memory_limit")
    for told in (task.error["message"], task.attempts.get().reason, error.reason):
        assert told.startswith("Stopped at 32 MB")
    assert (error.task_id, error.attempt, error.worker) == (task.pk, 1, Worker.objects.get().name)


def test_an_attempt_that_computed_for_too_long_says_so_too(alice):
    task = making.task("def run(params):\n    while True:\n        pass\n", alice, cpu_seconds=1)
    slices.drain()
    task.refresh_from_db()
    error = ClusterEvent.objects.get(kind="worker.error")
    for told in (task.error["message"], task.attempts.get().reason, error.reason):
        assert told.startswith("Stopped after 1 s of computing")


def test_what_nobody_can_take_is_listed_with_the_reason(alice):
    orphan = making.task(HELLO, alice, key="gis", queue="gis")
    making.task(HELLO, alice, key="served")
    roster.register(["default"])
    Worker.objects.update(status="idle")
    [found] = unassigned.tasks(EVERYTHING)
    assert (found.task_id, found.why) == (orphan.pk, "No live worker serves queue gis.")
    Worker.objects.get().belongs_to.delete()  # nothing is known of its abilities
    reasons = [each.why for each in unassigned.tasks(EVERYTHING)]
    assert any("has what it needs: kind script" in why for why in reasons)


def test_old_rows_are_pruned_in_batches_and_others_stay(settings, monkeypatch):
    monkeypatch.setattr(roster, "PRUNED_AT_ONCE", 3)
    long_ago = clock.now() - timedelta(days=settings.WORKER_RETENTION_DAYS, hours=1)
    for number in range(5):
        another_worker(name=f"elm-{number}", boot_id=f"boot {number}", status="stopped", ended_at=long_ago)
    kept = another_worker(name="elm-9", boot_id="b", status="stopped", ended_at=clock.now())
    ClusterEvent.objects.create(at=clock.now() - timedelta(days=40), host="h", cluster="c", kind="cluster.started")
    ClusterEvent.objects.create(host="h", cluster="c", kind="cluster.stopped")
    assert [roster.prune() for _ in range(3)] == [4, 2, 0]
    assert list(Worker.objects.all()) == [kept]
    assert [event.kind for event in ClusterEvent.objects.all()] == ["cluster.stopped"]


def test_an_event_never_changes():
    event = ClusterEvent.objects.create(host="h", cluster="c", kind="cluster.started")
    with pytest.raises(TypeError):
        event.save()


def test_a_cluster_that_was_stopped_in_order_is_told_from_one_that_was_lost():
    worker = roster.register(["default"])
    assert [facts.word for facts in standing.clusters()] == ["working"]

    Worker.objects.filter(pk=worker.pk).update(status="stopped", ended_at=clock.now())
    assert [facts.word for facts in standing.clusters()] == ["ended"]

    Worker.objects.filter(pk=worker.pk).update(status="offline")
    assert [facts.word for facts in standing.clusters()] == ["lost"]
    assert standing.cluster(Cluster.objects.get()).word == "lost"
