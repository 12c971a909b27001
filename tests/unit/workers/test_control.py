"""Pause, cancel, deadline, sleep and a disabled requester, seen from a working slice."""

from datetime import timedelta

import pytest

from apps.core import clock, codec
from apps.core.errors import ToolError
from apps.tasks import lifecycle
from apps.tasks.models import Task
from apps.tasks.record import feed
from apps.tasks.states import Status
from apps.workers import sweep
from apps.workers.running import heartbeat
from apps.workers.running import slice as slices
from tests import making
from tests.unit.executors import sink
from tests.unit.workers.waiting import draining, has_status, status, until

pytestmark = pytest.mark.django_db(transaction=True)

LOOP = "import sink\n\ndef run(params):\n    sink.put(1)\n    while params.get('n', 1):\n        pass\n    return sink.put(2)\n"
CALLS = (
    "import sink, task\n\ndef run(params):\n    print('began')\n    total = 0\n"
    "    for n in range(100):\n        total += sink.put(n)\n        task.sleep(0.01)\n    return total\n"
)


@pytest.fixture
def obey_quickly(monkeypatch):
    monkeypatch.setattr(heartbeat, "TICK", 0.05)
    monkeypatch.setattr(heartbeat, "CONTROL_SECONDS", 0.05)
    monkeypatch.setattr(heartbeat, "SHOW_SECONDS", 0.05)
    monkeypatch.setattr(heartbeat, "OBEY_SECONDS", 0.2)


def steps(task: Task) -> list[tuple[int, int]]:
    return list(task.steps.order_by("index", "try_number").values_list("index", "try_number"))


def printed(task: Task) -> list[str]:
    return [
        line["text"] for event in task.events.filter(kind="task.logged").order_by("seq") for line in event.data["lines"]
    ]


@pytest.mark.parametrize(
    ("verb", "expected"),
    [(lifecycle.cancel, Status.CANCELLED), (lifecycle.pause, Status.PAUSED)],
    ids=["cancel", "pause"],
)
def test_a_pure_loop_obeys_within_two_seconds(verb, expected, alice):
    task = making.task(LOOP, alice)
    with draining():
        until(lambda: sink.effects)
        verb(task, alice, "enough")
        took = until(has_status(task, expected), 5)
    assert took < 2
    task.refresh_from_db()
    assert task.status_reason == "enough"
    assert sink.effects == [(f"{task.pk}:0", 1)]


@pytest.mark.parametrize(
    ("verb", "expected"),
    [(lifecycle.cancel, Status.CANCELLED), (lifecycle.pause, Status.PAUSED)],
    ids=["cancel", "pause"],
)
def test_calls_stop_at_the_next_one(verb, expected, alice):
    task = making.task(CALLS, alice)
    with draining():
        until(lambda: len(sink.effects) > 3)
        verb(task, alice, "enough")
        until(has_status(task, expected), 3)
    assert len(sink.effects) < 100
    assert feed.newest(task.pk, 1)[0].kind == f"task.{expected.value}"


def test_a_paused_task_goes_on_where_it_stopped_and_repeats_nothing(alice):
    task = making.task(CALLS, alice)
    with draining():
        until(lambda: len(sink.effects) > 3)
        lifecycle.pause(task, alice)
        until(has_status(task, Status.PAUSED))
    lifecycle.resume(task, alice)
    slices.drain()
    task.refresh_from_db()
    assert (task.status, task.returned) == (Status.COMPLETED, sum(2 * n for n in range(100)))
    assert [value for _, value in sink.effects] == list(range(100))
    assert printed(task) == ["began"]


def test_a_pause_before_the_first_call_repeats_no_output(alice, obey_quickly):
    task = making.task("import sink\n\ndef run(params):\n    print('began')\n    return sink.put(1)\n", alice)
    sink.faults.extend([ToolError("busy", transient=True, retry_after=30)] * 2)
    with draining():
        until(lambda: len(sink.faults) == 1)
        lifecycle.pause(task, alice)
        until(has_status(task, Status.PAUSED))
    assert sink.effects == []
    assert steps(task) == [], "a try that was interrupted is not the call's answer"
    sink.faults.clear()
    lifecycle.resume(task, alice)
    slices.drain()
    task.refresh_from_db()
    assert (task.status, printed(task)[0], len(printed(task))) == (Status.COMPLETED, "began", 2)
    assert steps(task) == [(0, 1)]


def test_a_paused_loop_goes_on_from_its_last_call(alice, obey_quickly):
    task = making.task(LOOP, alice)
    with draining():
        until(lambda: sink.effects)
        lifecycle.pause(task, alice)
        until(has_status(task, Status.PAUSED))
    Task.objects.filter(pk=task.pk).update(parameters={"n": 0})  # this time without the loop
    lifecycle.resume(task, alice)
    slices.drain()
    assert status(task) == Status.COMPLETED
    assert [value for _, value in sink.effects] == [1, 2]


def test_a_running_task_past_its_deadline_is_cancelled(alice, obey_quickly):
    task = making.task(LOOP, alice)
    Task.objects.filter(pk=task.pk).update(deadline=clock.now() + timedelta(seconds=0.3))
    with draining():
        until(has_status(task, Status.CANCELLED), 5)
    task.refresh_from_db()
    assert "deadline" in task.status_reason


@pytest.mark.parametrize("place", ["pending", "waiting", "paused"])
def test_a_task_past_its_deadline_is_cancelled_wherever_it_stands(place, alice):
    task = making.task("import task\n\ndef run(params):\n    task.sleep(3600)\n", alice)
    if place == "waiting":
        slices.drain()
    if place == "paused":
        lifecycle.pause(task, alice)
    assert status(task) == place
    Task.objects.filter(pk=task.pk).update(deadline=clock.now())
    assert sweep.sweep().expired == 1
    task.refresh_from_db()
    assert (task.status, "deadline" in task.status_reason) == (Status.CANCELLED, True)


def test_sleeping_leaves_the_worker_and_wakes_on_time(alice):
    task = making.task(
        "import sink, task\n\ndef run(params):\n    a = sink.put(1)\n    task.sleep(2)\n    return a + sink.put(2)\n",
        alice,
    )
    assert slices.drain() == 1
    task.refresh_from_db()
    assert task.status == Status.WAITING
    assert task.execution.lease_until is None
    assert task.execution.worker == ""
    assert sweep.sweep().woken == 0
    with clock.frozen(clock.now() + timedelta(seconds=2.1)):
        assert sweep.sweep().woken == 1
        assert slices.drain() == 1
    task.refresh_from_db()
    assert (task.status, task.returned) == (Status.COMPLETED, 6)
    assert [value for _, value in sink.effects] == [1, 2]
    assert steps(task) == [(0, 1), (1, 1), (2, 1)]
    resumed = [entry.data for entry in feed.read(task.pk) if entry.kind == "task.resumed_at"]
    assert [(data["index"], data["checkpoint"]) for data in resumed] == [(2, 1)], "from the checkpoint at the wait"


def test_a_disabled_requester_pauses_the_task_with_the_reason(alice, monkeypatch):
    from apps.executors import session

    monkeypatch.setattr(session, "PERMISSIONS_SECONDS", 0.001)
    task = making.task(CALLS, alice)
    with draining():
        until(lambda: len(sink.effects) > 3)
        type(alice).objects.filter(pk=alice.pk).update(is_active=False)
        until(has_status(task, Status.PAUSED))
    task.refresh_from_db()
    assert "alice" in task.status_reason and "disabled" in task.status_reason
    type(alice).objects.filter(pk=alice.pk).update(is_active=True)
    lifecycle.resume(task, type(alice).objects.get(pk=alice.pk))
    slices.drain()
    assert status(task) == Status.COMPLETED
    assert [value for _, value in sink.effects] == list(range(100))


def test_a_worker_whose_lease_was_lost_stops_and_writes_nothing(alice, obey_quickly):
    task = making.task(LOOP, alice)
    with draining():
        until(lambda: sink.effects)
        until(lambda: task.steps.count() == 1)
        token = Task.objects.select_related("execution").get(pk=task.pk).execution.lease_token
        lifecycle.cancel(task, alice)
        assert lifecycle.rescue(task.pk, token, "told so", is_proved=True)
        before = feed.read(task.pk)
    assert feed.read(task.pk) == before
    assert status(task) == Status.CANCELLED


def test_a_heartbeat_survives_what_a_sweep_runs_into(alice, obey_quickly, monkeypatch, settings):
    settings.LEASE_SECONDS, settings.HEARTBEAT_SECONDS = 1.0, 0.1
    monkeypatch.setattr(heartbeat, "SWEEP_SECONDS", 0.05)
    task = making.task(LOOP, alice)

    def broken() -> None:
        raise RuntimeError("a row that nobody expected")

    monkeypatch.setattr(sweep, "sweep", broken)
    with draining():
        until(lambda: sink.effects)
        first = Task.objects.select_related("execution").get(pk=task.pk).execution.lease_until
        until(lambda: Task.objects.select_related("execution").get(pk=task.pk).execution.lease_until > first + 0.3)
        lifecycle.cancel(task, alice)
        until(has_status(task, Status.CANCELLED))


def test_progress_and_the_call_in_flight_are_shown_between_steps(alice, obey_quickly):
    source = (
        "import sink, task\n\ndef run(params):\n    task.progress(40, 'middle', 'half way')\n    return sink.put(1)\n"
    )
    task = making.task(source, alice)
    sink.faults.extend([ToolError("busy", transient=True, retry_after=1)])
    with draining():
        until(lambda: Task.objects.select_related("execution").get(pk=task.pk).execution.percent == 40)
        until(lambda: Task.objects.select_related("execution").get(pk=task.pk).execution.call.startswith("sink.put"))
        shown = Task.objects.select_related("execution").get(pk=task.pk).execution
    assert (shown.stage, shown.message, shown.line) == ("middle", "half way", 5)


def test_the_result_and_the_steps_are_what_the_script_saw(alice):
    task = making.task(
        "import sink\n\ndef run(params):\n    return [sink.put(1), sink.get(2), sink.double(3)]\n", alice
    )
    slices.drain()
    task.refresh_from_db()
    assert task.returned == [2, [{"id": 2, "square": 4}, {"id": 3, "square": 0}], 6]
    assert [codec.decode(step.result) for step in task.steps.order_by("index")] == task.returned[:2]
