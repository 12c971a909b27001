"""What goes to an outside service never passes its rate, however many ask and whoever of them dies."""

import threading
import time

import pytest
from django.db import connections

from apps.tasks import dbclock
from apps.tasks.limits import rates
from apps.tasks.limits.rates import RateLimited, Reserved
from apps.tasks.models import RateLimit

pytestmark = pytest.mark.django_db
SLOW = 0.001
"""A second: what comes back during a test does not count."""


def bucket(per_second: float, burst: float, unit: str = "requests", **fields: object) -> RateLimit:
    made = RateLimit.objects.create(service="shop", unit=unit, per_second=per_second, burst=burst, **fields)
    rates.forget()
    return made


def left() -> float:
    return rates.level_at(RateLimit.objects.get(service="shop"), dbclock.now())


def test_a_service_without_a_limit_or_with_a_disabled_one_is_free():
    bucket(SLOW, 1, is_enabled=False)
    assert rates.take("shop") == Reserved(service="shop", unit="requests")
    assert [rates.take("other").seconds for _ in range(3)] == [0, 0, 0]


def test_a_call_without_a_limit_looks_at_the_database_once_in_a_while(django_assert_num_queries):
    rates.forget()
    with django_assert_num_queries(1):
        for _ in range(100):
            rates.take("other")


def test_the_burst_goes_at_once_and_each_further_one_waits_its_turn():
    bucket(0.5, 3)
    assert [rates.take("shop").seconds for _ in range(3)] == [0, 0, 0]
    assert [rates.take("shop").seconds for _ in range(2)] == [pytest.approx(2, abs=0.5), pytest.approx(4, abs=0.5)]


def test_who_would_wait_too_long_is_told_when_to_ask_again_and_takes_nothing():
    bucket(0.1, 1)
    rates.take("shop")
    with pytest.raises(RateLimited, match=r"shop: 6 requests a minute is used up; ask again in \d") as caught:
        rates.take("shop", within=5)
    assert (caught.value.transient, caught.value.code) == (True, "rate_limited")
    assert caught.value.retry_after == pytest.approx(10, abs=1)
    assert left() == pytest.approx(0, abs=0.1)


def test_what_comes_back_with_time_is_never_more_than_the_burst():
    row = bucket(1, 5)
    for seconds, expected in ((2, 2), (1000, 5)):
        RateLimit.objects.filter(pk=row.pk).update(level=0, level_at=dbclock.now() - seconds)
        rates.take("shop", amount=0.0)
        assert left() == pytest.approx(expected, abs=0.5)


def test_tokens_that_were_not_used_come_back_and_those_used_beyond_are_taken():
    bucket(SLOW, 1000, "tokens")
    reserved = rates.take("shop", "tokens", 400)
    rates.settle(reserved, 150)
    assert left() == pytest.approx(850, abs=1)
    rates.settle(rates.take("shop", "tokens", 100), 300)
    assert left() == pytest.approx(550, abs=1)
    rates.give_back(rates.take("shop", "tokens", 500))
    assert left() == pytest.approx(550, abs=1)


def test_more_than_the_burst_goes_from_a_full_bucket_and_is_paid_afterwards():
    bucket(SLOW, 100, "tokens")
    reserved = rates.take("shop", "tokens", 250)
    assert (reserved.amount, reserved.seconds) == (100, 0)
    rates.settle(reserved, 250)
    assert left() == pytest.approx(-150, abs=1)


def test_a_clock_that_was_set_back_does_not_stop_the_refilling():
    row = bucket(10, 2)
    RateLimit.objects.filter(pk=row.pk).update(level=0, level_at=dbclock.now() + 3600)
    with pytest.raises(RateLimited):
        rates.take("shop", within=0)  # by the old clock nothing has come back yet, and by the new one neither
    rates.take("shop", within=1)
    assert RateLimit.objects.get(pk=row.pk).level_at <= dbclock.now()


def test_a_change_of_the_row_counts_at_the_next_take():
    row = bucket(SLOW, 1)
    rates.take("shop")
    RateLimit.objects.filter(pk=row.pk).update(per_second=1.0)
    assert 0 < rates.take("shop").seconds <= 1
    RateLimit.objects.filter(pk=row.pk).update(is_enabled=False)
    assert rates.take("shop").seconds == 0


@pytest.mark.parametrize(
    ("per_second", "unit", "words"),
    [
        (1.5, "requests", "shop: 1.5 requests a second"),
        (0.25, "requests", "shop: 15 requests a minute"),
        (0.001, "requests", "shop: 3.6 requests an hour"),
        (1666.67, "tokens", "shop: 100,000 tokens a minute"),
    ],
)
def test_a_rate_is_said_as_people_say_it(per_second, unit, words):
    assert str(rates.Rate(service="shop", unit=unit, per_second=per_second, burst=1)) == words


@pytest.mark.django_db(transaction=True)
def test_many_at_once_never_pass_more_than_the_burst_and_what_came_back():
    """Each of the threads has a connection of its own, as each process would."""
    burst, per_second, threads, each = 5, 20.0, 6, 10
    bucket(per_second, burst)
    began = time.monotonic()
    went: list[float] = []
    refused: list[float] = []

    def ask() -> None:
        for _ in range(each):
            try:
                seconds = rates.take("shop", within=1).seconds
                went.append(time.monotonic() + seconds)
            except RateLimited as error:
                refused.append(error.retry_after)
        connections.close_all()

    workers = [threading.Thread(target=ask) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(went) + len(refused) == threads * each
    assert len(went) >= burst + 1 * per_second, "as many as a second promises were let through"
    for count, moment in enumerate(sorted(went), start=1):
        assert count <= burst + per_second * (moment - began) + 0.1
