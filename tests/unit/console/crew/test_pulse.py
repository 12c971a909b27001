"""A queue's last hour: how fast tasks started and how many waited, from rows that are there anyway."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from apps.console.crew import pulse
from apps.core import clock
from apps.tasks.models import Attempt, Task
from apps.workers.models import Worker
from apps.workers.registry import roster
from tests import making

pytestmark = pytest.mark.django_db

HELLO = "def run(params):\n    return 1\n"


def started(alice: User, minutes_ago: float, after: float) -> Task:
    """A task that ran after it had waited for `after` seconds."""
    task = making.task(HELLO, alice, key="hello_again")
    began = clock.now() - timedelta(minutes=minutes_ago)
    Task.objects.filter(pk=task.pk).update(status="completed", started_at=began, finished_at=clock.now(),
                                           available_at=began - timedelta(seconds=after), attempt_count=1)  # fmt: skip
    Attempt.objects.create(task=task, number=1, lease_token=1, worker="birch-1", cluster="birch", started_at=began,
                           ended_at=clock.now(), outcome="completed")  # fmt: skip
    Attempt.objects.filter(task=task).update(started_at=began)
    return task


def test_half_start_within_the_median_and_one_in_twenty_later_than_the_tail(alice):
    for number in range(20):
        started(alice, minutes_ago=10, after=number)

    found = pulse.pulses(clock.now(), {"default": 0})["default"]

    assert (found.starts, found.p50, found.p95) == (20, 10.0, 19.0)
    assert (found.median, found.tail) == ("10 s", "19 s")
    assert pulse.overall({"default": found, "gis": pulse.Pulse(p95=2.0)}) == 19.0


def test_what_started_more_than_an_hour_ago_or_in_a_second_attempt_is_left_out(alice):
    started(alice, minutes_ago=70, after=5)
    Task.objects.filter(pk=started(alice, minutes_ago=5, after=7).pk).update(attempt_count=2)

    assert pulse.pulses(clock.now(), {"default": 0})["default"].starts == 0


def test_the_line_is_counted_back_from_what_waits_now(alice):
    waiting = making.task(HELLO, alice, key="waits")
    Task.objects.filter(pk=waiting.pk).update(available_at=clock.now() - timedelta(minutes=12))
    started(alice, minutes_ago=22, after=600)

    found = pulse.pulses(clock.now(), {"default": 1})["default"]

    assert found.depths == [0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1]
    assert found.line.startswith("0.0,18.5 ") and "at most 1, now 1" in found.sentence


def test_a_queue_that_never_had_a_task_has_no_line_and_no_times():
    found = pulse.pulses(clock.now(), {"gis": 0})["gis"]

    assert (found.line, found.median, found.tail, found.starts) == ("", "", "", 0)


def test_more_than_is_looked_at_draws_no_line_rather_than_a_wrong_one(alice, monkeypatch):
    monkeypatch.setattr(pulse, "MOST", 3)
    for _ in range(4):
        started(alice, minutes_ago=10, after=1)

    assert pulse.pulses(clock.now(), {"default": 0})["default"].depths == ()


def test_slots_are_workers_that_are_heard_and_willing():
    mine = roster.register(["default", "gis"])
    Worker.objects.filter(pk=mine.pk).update(status="busy")

    assert pulse.slots(clock.now())["gis"] == pulse.Slots(busy=1)
    Worker.objects.filter(pk=mine.pk).update(heartbeat_at=clock.now() - timedelta(minutes=1))
    assert pulse.slots(clock.now()) == {}


@pytest.mark.parametrize(("seconds", "said"), [(None, ""), (0.003, "3 ms"), (1.24, "1.2 s"), (130, "2 m 10 s")])
def test_short_times_are_said_in_milliseconds(seconds, said):
    assert pulse.latency(seconds) == said
