import pytest

from apps.crm.bucket import LeakyBucket


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_take_lets_a_burst_through_and_then_says_how_long_to_wait() -> None:
    clock = Clock()
    bucket = LeakyBucket(rate=2, burst=3, clock=clock)
    assert [bucket.take() for _ in range(3)] == [0, 0, 0]
    assert bucket.take() == pytest.approx(0.5)
    assert bucket.take() == pytest.approx(0.5)  # being refused costs nothing


def test_a_caller_who_waited_as_told_is_let_through() -> None:
    clock = Clock()
    bucket = LeakyBucket(rate=1.5, burst=1, clock=clock)
    bucket.take()
    for _ in range(1000):
        clock.now += bucket.take()
        assert bucket.take() == 0


def test_an_idle_bucket_never_saves_up_more_than_its_burst() -> None:
    clock = Clock()
    bucket = LeakyBucket(rate=1, burst=2, clock=clock)
    clock.now += 1000
    assert [bucket.take() > 0 for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_bucket_that_would_never_let_anybody_through_is_refused(rate: float, burst: int) -> None:
    with pytest.raises(ValueError, match="bucket"):
        LeakyBucket(rate=rate, burst=burst)
