"""Several short tasks at once: nothing lost, nothing held up, nobody blamed for another's death."""

import os
import signal
from datetime import timedelta

import pytest
from django.db import DatabaseError, connections

from apps.core import hints
from apps.executors.contract import Completed, Failed, Failure
from apps.tasks import lifecycle
from apps.tasks.lifecycle import handfuls
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Attempt, Event, Execution, Task
from apps.tasks.record import feed
from apps.tasks.states import Status
from apps.workers import sweep
from apps.workers.registry import roster
from apps.workers.running import hand as hands
from apps.workers.running import slice as slices
from apps.workers.running.hand import Hand
from tests import making
from tests.unit.workers.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

NOTHING = "def run(params):\n    return None\n"
DONE = Completed(result="null")


@pytest.fixture
def hand(alice):
    """The hand of a worker that has had quick tasks so far, and has eight in hand."""
    making.template(NOTHING, alice, key="nothing")
    for _ in range(8):
        submitted(alice)
    worker = roster.register(["default"])
    with Hand(worker) as hand:
        hand._size = 8
        yield hand


@pytest.fixture
def _patient(monkeypatch):
    """Nobody puts the hand down meanwhile."""
    monkeypatch.setattr(hands, "HELD_SECONDS", 60.0)
    monkeypatch.setattr(hands, "STALE_SECONDS", 60.0)


def submitted(by, **fields):
    return submit(Request(template="nothing", origin="test", **fields), by).task


def statuses():
    return list(Task.objects.order_by("pk").values_list("status", flat=True))


def kinds(task_id):
    return [entry.kind for entry in feed.read(task_id)]


@pytest.mark.usefixtures("_patient")
def test_every_task_of_a_handful_has_its_own_attempt_and_its_own_feed(alice):
    making.template(NOTHING, alice, key="nothing")
    tasks = [submitted(alice) for _ in range(100)]
    assert slices.drain() == 100
    assert Event.objects.filter(kind="task.claimed", data__has_key="together").exists(), "some were claimed together"
    for task in tasks:
        attempt = Attempt.objects.get(task=task)
        assert (attempt.number, attempt.outcome, attempt.ended_at is not None) == (1, "completed", True)
        assert [(entry.seq, entry.kind) for entry in feed.read(task.pk)] == [
            (1, "task.submitted"), (2, "task.claimed"), (3, "task.completed"),
        ]  # fmt: skip
        task.refresh_from_db()
        assert (task.status, task.returned, task.execution.percent) == (Status.COMPLETED, None, 100)
        assert task.delete_after == task.finished_at + timedelta(days=7)
        assert (task.execution.worker, task.execution.host, task.execution.lease_until) == ("", "", None)


@pytest.mark.usefixtures("_patient")
def test_a_handful_is_the_best_that_waits_in_its_order(hand, alice):
    urgent, high = submitted(alice, priority=99), submitted(alice, priority=80)
    first = [hand.next(["default"]).lease.task_id for _ in range(8)]
    assert first[:2] == [urgent.pk, high.pk]
    assert first[2:] == sorted(first[2:])
    assert statuses().count("running") == 8


@pytest.mark.usefixtures("_patient")
def test_ends_are_written_with_the_next_claim(hand, alice):
    more = submitted(alice)
    for _ in range(8):
        hand.settle(hand.next(["default"]), DONE)
    assert statuses().count("completed") == 0
    assert hand.next(["default"]).lease.task_id == more.pk
    assert statuses() == ["completed"] * 8 + ["running"]


@pytest.mark.usefixtures("_patient")
def test_when_nothing_is_left_nothing_stays_in_hand(hand):
    while (claim := hand.next(["default"])) is not None:
        hand.settle(claim, DONE)
    assert statuses() == ["completed"] * 8


def test_what_waits_behind_a_long_task_is_given_back_at_once_and_ends_are_written(hand):
    ended = hand.next(["default"])
    hand.settle(ended, DONE)
    current = hand.next(["default"])
    until(lambda: statuses().count("pending") == 6)
    assert Task.objects.get(pk=ended.lease.task_id).status == Status.COMPLETED
    assert Task.objects.get(pk=current.lease.task_id).status == Status.RUNNING
    for task in Task.objects.filter(status="pending"):
        assert kinds(task.pk) == ["task.submitted", "task.claimed", "task.released"]
        assert (task.failures, task.crashes, task.started_at) == (0, 0, None)
        assert [attempt.outcome for attempt in task.attempts.all()] == ["drained"]
    assert hand.next(["default"]).together == 1, "what was given back goes alone"


def test_an_urgent_task_is_claimed_by_another_while_the_handful_waits(hand, alice):
    hand.next(["default"])
    urgent = submitted(alice, priority=99)
    with Hand(roster.register(["default"])) as other:
        assert other.next(["default"]).lease.task_id == urgent.pk


@pytest.mark.usefixtures("_patient")
def test_an_end_whose_lease_was_lost_writes_nothing_and_the_others_are_written(hand):
    claims = [hand.next(["default"]) for _ in range(8)]
    lost = claims[3].lease.task_id
    assert lifecycle.rescue(lost, claims[3].lease.token, "it was slow", is_proved=True)
    for claim in claims:
        hand.settle(claim, DONE)
    hand.next(["default"])
    assert Task.objects.get(pk=lost).status == Status.RUNNING, "claimed anew, not completed by the old lease"
    assert Attempt.objects.filter(task_id=lost).count() == 2
    assert statuses().count("completed") == 7


@pytest.mark.usefixtures("_patient")
def test_a_failure_is_written_at_once(hand):
    claim = hand.next(["default"])
    hand.settle(claim, Failed(failure=Failure(type="ValueError", message="broken")))
    assert Task.objects.get(pk=claim.lease.task_id).status == Status.FAILED


@pytest.mark.parametrize(("verb", "status"), [("cancel", "cancelled"), ("pause", "paused")])
def test_what_is_asked_of_a_task_in_hand_is_done_when_it_is_given_back(hand, alice, verb, status, monkeypatch):
    monkeypatch.setattr(hands, "HELD_SECONDS", 1.0)
    hand.next(["default"])
    task = Task.objects.get(pk=hand._waiting[-1].lease.task_id)
    getattr(lifecycle, verb)(task, alice, "not needed")
    until(lambda: Task.objects.get(pk=task.pk).status == status)
    assert Task.objects.get(pk=task.pk).status_reason == "not needed"
    until(lambda: statuses().count("pending") == 6)


@pytest.mark.parametrize(("verb", "status"), [("cancel", "cancelled"), ("pause", "paused")])
def test_a_process_that_stood_still_looks_at_its_leases_before_it_goes_on(hand, alice, verb, status, monkeypatch):
    monkeypatch.setattr(hands, "HELD_SECONDS", 60.0)
    monkeypatch.setattr(hands, "STALE_SECONDS", 0.0)
    first, asked, lost, good = [hand.next(["default"]), *list(hand._waiting)[:3]]
    getattr(lifecycle, verb)(Task.objects.get(pk=asked.lease.task_id), alice)
    lifecycle.rescue(lost.lease.task_id, lost.lease.token, "it stood still", is_proved=True)
    assert first is not None
    assert hand.next(["default"]) == good
    assert Task.objects.get(pk=asked.lease.task_id).status == status
    assert Task.objects.get(pk=lost.lease.task_id).status == "pending"


def test_at_the_end_of_a_slice_nothing_stays_in_hand(alice):
    making.template(NOTHING, alice, key="nothing")
    for _ in range(4):
        submitted(alice)
    with Hand(roster.register(["default"])) as hand:
        hand._size = 4
        hand.settle(hand.next(["default"]), DONE)
        hand.next(["default"])
    assert statuses() == ["completed", "running", "pending", "pending"]


@pytest.mark.usefixtures("_patient")
def test_ends_that_could_not_be_written_are_written_later(hand, monkeypatch):
    for _ in range(8):
        hand.settle(hand.next(["default"]), DONE)
    real = handfuls.swap

    def broken(*args):
        monkeypatch.setattr(handfuls, "swap", real)
        raise DatabaseError("the database is away")

    monkeypatch.setattr(handfuls, "swap", broken)
    with pytest.raises(DatabaseError):
        hand.next(["default"])
    assert hand.next(["default"]) is None
    assert statuses() == ["completed"] * 8


def test_a_worker_killed_with_a_handful_loses_nothing_and_nobody_is_blamed(alice, settings):
    """Five deaths would be a dead letter, and with a limit of one, the first."""
    settings.TASK_CRASH_LIMIT = 1
    making.template(NOTHING, alice, key="nothing")
    for _ in range(8):
        submitted(alice)
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        hand = Hand(roster.register(["default"]))
        hand._size = 8
        hand.settle(hand.next(["default"]), DONE)
        hand.next(["default"])
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    assert statuses() == ["running"] * 8
    assert sweep.rescue() == 8
    assert statuses() == ["pending"] * 8
    assert set(Task.objects.values_list("crashes", "is_dead_letter")) == {(0, False)}
    assert slices.drain() == 8
    assert statuses() == ["completed"] * 8
    assert set(Attempt.objects.values_list("number", "outcome")) == {(1, "crashed"), (2, "completed")}
    assert not Event.objects.filter(kind="task.claimed", data__attempt=2, data__has_key="together").exists()


def test_the_one_that_showed_that_it_had_begun_is_blamed(hand):
    claim = hand.next(["default"])
    Execution.objects.filter(pk=claim.lease.task_id).update(line=2)
    lifecycle.rescue(claim.lease.task_id, claim.lease.token, "its worker died", is_proved=True)
    assert Task.objects.get(pk=claim.lease.task_id).crashes == 1


@pytest.mark.parametrize(
    ("pace", "before", "after"),
    [
        (0.0003, 1, 2), (0.0003, 2, 4), (0.0003, 32, 32), (0.001, 32, 8), (0.004, 32, 2), (0.02, 32, 1), (9.0, 1, 1),
    ],
)  # fmt: skip
def test_a_worker_takes_as_many_as_it_can_do_in_ten_milliseconds(pace, before, after):
    assert hands.size(pace, before) == after


def test_the_hand_is_put_down_again_after_it_has_long_been_empty(hand, monkeypatch):
    monkeypatch.setattr(hands, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(hands, "IDLE_LOOKS", 2)
    until(lambda: not hand._is_used.is_set())
    hand.settle(hand.next(["default"]), DONE)
    until(lambda: statuses().count("completed") == 1)


@pytest.mark.usefixtures("_patient")
def test_a_long_task_is_followed_by_one_alone(hand, alice):
    hand._size = 1
    claim = hand.next(["default"])
    hand._claimed_at -= 40  # it took so long
    hand.settle(claim, DONE)
    assert hand.next(["default"]) is not None
    assert statuses().count("running") == 1


def test_what_was_put_back_after_an_outage_is_looked_at_before_it_begins(hand, monkeypatch):
    monkeypatch.setattr(hands, "HELD_SECONDS", 60.0)
    hand.next(["default"])
    kept, hand._waiting = list(hand._waiting), type(hand._waiting)()
    hand._claimed_at -= 40
    Execution.objects.update(lease_until=0.0)
    hand.settle(kept[0], DONE)  # something else comes into an empty hand
    hand._keep([], kept)
    following = hand.next(["default"])
    assert following is not None and following.lease.attempt == 2, "claimed anew: the old lease had run out"


@pytest.mark.parametrize(
    ("pace", "heard", "size"),
    [(0.0005, 1, 2), (0.0005, 12, 4), (0.0005, 1000, 16), (0.004, 12, 2), (0.5, 12, 1)],
)
def test_what_came_together_is_claimed_together_if_the_last_tasks_were_quick(hand, pace, heard, size):
    hand._pace = pace

    hand.expect(heard)

    assert hand._size == size


def test_a_worker_that_has_carried_out_nothing_yet_expects_no_quick_tasks(alice):
    with Hand(roster.register(["default"])) as hand:
        hand.expect(100)

        assert hand._size == 1


def test_an_idle_worker_waits_a_moment_only_where_many_tasks_come(alice, monkeypatch):
    naps = []
    monkeypatch.setattr(slices, "FLOOD_SECONDS", 60.0)
    monkeypatch.setattr(slices.time, "sleep", naps.append)
    with slices._Waiting(roster.register(["default"])) as waiting:
        hints.send(hints.WORK, 1)
        assert waiting.wait(1) == 1
        assert naps == []

        for number in range(slices.FLOOD):  # the kernel keeps some ten at a time
            hints.send(hints.WORK, number + 2)
            waiting.wait(1)
        assert naps == [slices.GATHER_SECONDS] * 2
