"""When a running attempt has stalled: never while a call may be alive, never while somebody computes."""

from apps.workers.running.stalls import Look, Stalled, Watch


def watch(call_seconds: float = 300.0) -> Watch:
    return Watch(stall_seconds=30.0, most=2, call_seconds=call_seconds)


def sandbox(signs: int = 1, cpu: float = 0.0) -> Look:
    return Look(signs=signs, where="sandbox", cpu_seconds=cpu)


CALL = Look(signs="same", where="call", call="ai.ask")


def stalls(judge: Watch, look: Look, *moments: float) -> list[Stalled | None]:
    return [judge.look(look, at) for at in moments]


def test_a_sandbox_that_does_nothing_stalls_after_30_seconds_and_is_stuck_after_60():
    judge = watch()
    first, early, stall, between, stuck = stalls(judge, sandbox(), 100.0, 129.0, 130.5, 159.0, 160.5)
    assert (first, early, between) == (None, None, None)
    assert stall is not None and (stall.count, stall.is_stuck) == (1, False)
    assert stuck is not None and (stuck.count, stuck.is_stuck) == (2, True)
    assert "its sandbox did nothing for 60 s" in stuck.reason


def test_a_sandbox_that_computes_never_stalls():
    judge = watch()
    assert all(judge.look(sandbox(cpu=0.1 * n), 100.0 + 10 * n) is None for n in range(100))


def test_a_starved_sandbox_that_computes_a_little_never_stalls():
    judge = watch()
    assert all(judge.look(sandbox(cpu=0.003 * n), 100.0 + n) is None for n in range(100))


def test_a_tick_of_the_clock_is_no_computing():
    judge = watch()
    found = [judge.look(sandbox(cpu=0.01), 100.0 + n) for n in range(40)]
    assert [stall.count for stall in found if stall] == [1]


def test_a_step_between_two_stalls_begins_anew():
    judge = watch()
    stalls(judge, sandbox(), 100.0, 131.0)
    assert stalls(judge, sandbox(signs=2), 140.0, 169.0) == [None, None]
    stall = judge.look(sandbox(signs=2), 171.0)
    assert stall is not None and stall.count == 1


def test_a_long_call_is_believed_until_its_limit_and_then_stuck_at_once():
    judge = watch()
    assert stalls(judge, CALL, 100.0, 200.0, 399.0) == [None, None, None]
    stall = judge.look(CALL, 400.0)
    assert stall is not None and stall.is_stuck
    assert "ai.ask was in flight for 300 s" in stall.reason


def test_calls_may_be_believed_for_ever():
    judge = watch(call_seconds=0)
    assert stalls(judge, CALL, 100.0, 1e6) == [None, None]


def test_a_rest_before_another_try_lasts_as_long_as_it_said():
    judge = watch()
    assert stalls(judge, Look(signs="same", where="rest", call="crm.invoices"), 100.0, 1e5) == [None, None]


def test_a_worker_that_is_stuck_outside_of_a_call_stalls():
    judge = watch()
    assert judge.look(Look(signs=1, where="host"), 100.0) is None
    stall = judge.look(Look(signs=1, where="host"), 131.0)
    assert stall is not None and "its worker did nothing" in stall.reason
