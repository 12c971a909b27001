"""A call waits for its service's rate limit, says so, and hears pause, cancel and drain meanwhile."""

import pytest

from apps.core import codec
from apps.executors.contract import Cancelled, Completed, Failed
from apps.executors.script import pacing, run
from apps.tasks import dbclock
from apps.tasks.limits import rates
from apps.tasks.models import RateLimit
from tests.unit.executors import sink
from tests.unit.executors.memory import MemorySession, MemoryStore

pytestmark = pytest.mark.django_db
ASKS = "import sink\n\ndef run(params):\n    return [sink.ask(n) for n in range(3)]\n"
SLOW = 0.001


def bucket(per_second: float, burst: float, service: str = "sink") -> None:
    RateLimit.objects.create(service=service, unit="requests", per_second=per_second, burst=burst)
    rates.forget()


def left() -> float:
    return rates.level_at(RateLimit.objects.get(service="sink"), dbclock.now())


def test_calls_of_a_limited_service_wait_their_turn_and_go_on():
    bucket(20, 1)
    began = dbclock.now()
    outcome = run.attempt(MemorySession(ASKS, MemoryStore()))
    assert isinstance(outcome, Completed)
    assert codec.decode(outcome.result) == [0, 1, 2]
    assert dbclock.now() - began >= 2 / 20


def test_a_call_that_waits_says_for_what_and_does_not_count_as_stalled(monkeypatch):
    bucket(0.25, 1)
    session = MemorySession(ASKS, MemoryStore())
    session.pulse.call = "sink.ask"
    seen = []
    monkeypatch.setattr(pacing, "sleep", lambda *_: seen.append((session.pulse.call, session.pulse.is_resting)))
    for _ in range(2):
        pacing.admit(session, "sink", {"requests": 1})
    assert seen == [("sink.ask (waits for the rate limit of sink: 15 requests a minute; goes on in 4 s)", True)]
    assert (session.pulse.call, session.pulse.is_resting) == ("sink.ask", False)


def test_a_cancel_is_heard_while_it_waits_and_its_place_is_given_back():
    bucket(0.1, 1)
    rates.take("sink")
    session = MemorySession(ASKS, MemoryStore())
    heard = iter([""] * 3)
    session.control = lambda: next(heard, "cancel")
    outcome = run.attempt(session)
    assert isinstance(outcome, Cancelled), outcome
    assert sink.effects == []
    assert left() == pytest.approx(0, abs=0.3)


def test_one_that_would_wait_too_long_fails_for_now_and_says_when_to_come_back(settings, monkeypatch):
    settings.RATE_WAIT_SECONDS = 5.0
    monkeypatch.setattr(pacing, "sleep", lambda *_: None)
    bucket(SLOW, 1)
    outcome = run.attempt(MemorySession(ASKS, MemoryStore()))
    assert isinstance(outcome, Failed)
    assert (outcome.failure.is_transient, outcome.failure.code) == (True, "rate_limited")
    assert outcome.failure.retry_after == pytest.approx(1000, abs=10)
    assert "rate limit of sink: 3.6 requests an hour" in outcome.failure.message


def test_when_one_bucket_refuses_what_was_taken_of_the_other_is_given_back():
    bucket(SLOW, 10)
    RateLimit.objects.create(service="sink", unit="tokens", per_second=SLOW, burst=100, level=0, level_at=dbclock.now())
    rates.forget()
    with pytest.raises(rates.RateLimited):
        pacing.admit(MemorySession(ASKS, MemoryStore()), "sink", {"requests": 1, "tokens": 50})
    requests = RateLimit.objects.get(service="sink", unit="requests")
    assert rates.level_at(requests, dbclock.now()) == pytest.approx(10, abs=0.1)
