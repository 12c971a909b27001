"""When a worker process has served long enough."""

from apps.workers.running.lifespan import MIB, Lifespan

SPAN = Lifespan(seconds=300, attempts=1000, memory_bytes=512 * MIB, cpu_seconds=600)


def over(seconds: float = 0.0, attempts: int = 0, memory_mb: int = 0, cpu: float = 0.0, span: Lifespan = SPAN) -> str:
    return span.over(seconds=seconds, attempts=attempts, memory_bytes=memory_mb * MIB, cpu_seconds=cpu)


def test_a_young_and_slim_one_goes_on():
    assert over(299, 999, 512, 600) == ""


def test_each_counter_ends_it_with_its_reason():
    assert over(seconds=301) == "after 301 s"
    assert over(attempts=1000) == "after 1000 attempts"
    assert over(memory_mb=530) == "stopped at 512 MB: it needed 530 MB"
    assert over(cpu=600.9) == "stopped at 600 s of processor time: it used 601 s"


def test_a_bound_of_nothing_bounds_nothing():
    assert over(10, 10**9, 10**6, 10**6, span=Lifespan(seconds=300)) == ""


def test_slices_that_begin_together_do_not_end_together(settings):
    settings.SLICE_SECONDS = 300
    seconds = {Lifespan.from_settings().seconds for _ in range(5)}
    assert len(seconds) == 5
    assert all(240 <= each <= 300 for each in seconds)
