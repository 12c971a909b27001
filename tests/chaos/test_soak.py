"""The soak can fail: what grows, is held too much, or stays held is found in fabricated samples."""

from dataclasses import replace

import pytest

from tests.chaos.slots import Bound, Held
from tests.chaos.soak.sample import Process, Sample
from tests.chaos.soak.verdicts import judge
from tests.chaos.storm.scripts import SHOP

pytestmark = pytest.mark.django_db(databases=[])

MIB = 2**20
MINUTES = 60
LIMITS = [Bound(scope="template", most=1, template=3)]
IDLE = [Sample(at=0.0, statuses={"completed": 9, "failed": 1}, bucket=SHOP["burst"])]
RUNS = Held(task=1, status="running", template=3, seconds_left=2.0)


def samples(supervisor: float = 0.0, worker: float = 0.0, descriptors: float = 0.0) -> list[Sample]:
    """An hour, in which each grows by so much a minute; a worker lives for five."""
    return [
        Sample(
            at=60.0 * minute,
            bucket=1.0,
            processes=(
                Process(pid=1, started=0, role="supervisor", rss=int(56 * MIB + supervisor * minute * MIB), pss=0,
                        descriptors=int(24 + descriptors * minute)),
                Process(pid=10 + minute // 5, started=60.0 * (minute // 5), role="worker",
                        rss=int(30 * MIB + worker * (minute % 5) * MIB), pss=0, descriptors=30),
            ),
        )
        for minute in range(MINUTES)
    ]  # fmt: skip


def broken(loaded: list[Sample], idle: list[Sample] = IDLE) -> list[str]:
    return [verdict.what for verdict in judge(loaded, idle, LIMITS, cores=1) if verdict.broken]


def with_held(*held: Held) -> list[Sample]:
    first, *others = samples()
    return [replace(first, held=held), *others]


def test_an_hour_in_order_breaks_no_verdict():
    assert broken(samples()) == []
    assert broken(with_held(RUNS)) == []


def test_a_leak_of_a_process_that_lives_on_is_found():
    assert broken(samples(supervisor=0.5)) == ["memory of supervisor"]
    assert broken(samples(descriptors=1)) == ["descriptors of supervisor"]


def test_a_leak_that_recycling_hides_is_found():
    assert broken(samples(worker=0.5)) == []
    assert broken(samples(worker=6)) == ["growth within a worker's life"]


@pytest.mark.parametrize(
    "held, what",
    [
        ((replace(RUNS, seconds_left=None),), "slots held = live leases"),
        ((RUNS, replace(RUNS, task=2)), "limits never exceeded"),
    ],
)
def test_what_is_held_wrongly_under_load_is_found(held, what):
    assert [found.startswith(what) for found in broken(with_held(*held))] == [True]


@pytest.mark.parametrize(
    "change, what",
    [
        ({"held": (replace(RUNS, status="paused"),)}, "nothing held when idle"),
        ({"statuses": {"pending": 1}}, "all accepted tasks ended"),
        ({"bucket": 0.0}, "rate bucket full when idle"),
    ],
)
def test_what_stays_when_idle_is_found(change, what):
    assert [found.startswith(what) for found in broken(samples(), [replace(IDLE[0], **change)])] == [True]


def test_an_installation_that_never_came_to_rest_is_found():
    assert [found.split(" (")[0] for found in broken(samples(), [])] == [
        "all accepted tasks ended", "nothing held when idle", "rate bucket full when idle",
    ]  # fmt: skip
