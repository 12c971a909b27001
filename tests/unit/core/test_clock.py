"""The clock of domain times: it follows the one it was told of, whatever the host's own says meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.core import clock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def world(monkeypatch):
    """A host whose clock and whose counter of seconds are ours to move."""

    class World:
        host, elapsed = NOON, 1000.0

        def passes(self, seconds: float) -> None:
            self.host, self.elapsed = self.host + timedelta(seconds=seconds), self.elapsed + seconds

    made = World()
    monkeypatch.setattr(clock, "host", lambda: made.host)
    monkeypatch.setattr(clock, "elapsed", lambda: made.elapsed)
    monkeypatch.setattr(clock, "_followed", None)
    return made


def test_until_it_is_told_otherwise_the_host_is_believed(world):
    assert clock.now() == NOON


@pytest.mark.parametrize("wrong", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(seconds=5)])
def test_a_wrong_host_is_not_believed(world, wrong):
    world.host = NOON + wrong
    clock.follow(NOON.timestamp(), world.elapsed)
    assert clock.now() == NOON
    world.passes(90)
    assert clock.now() == NOON + timedelta(seconds=90)


def test_a_host_whose_clock_jumps_is_not_believed_any_more(world):
    clock.follow(NOON.timestamp(), world.elapsed)
    world.passes(1)
    world.host -= timedelta(hours=1)
    assert clock.now() == NOON + timedelta(seconds=1)


def test_a_host_that_agrees_gives_the_finer_moment(world):
    clock.follow(NOON.timestamp() - 0.0004, world.elapsed)
    assert clock.now() == NOON


def test_it_goes_where_the_followed_clock_was_set(world):
    clock.follow(NOON.timestamp(), world.elapsed)
    clock.follow(NOON.timestamp() + 3600, world.elapsed)
    assert clock.now() == NOON + timedelta(hours=1)


def test_a_frozen_moment_stands_still(world):
    clock.follow(NOON.timestamp() + 3600, world.elapsed)
    with clock.frozen(NOON):
        world.passes(5)
        assert clock.now() == NOON
