"""Retry decisions as tables; and the storms that they prevent."""

from typing import Any

import pytest

from apps.catalog import retries
from apps.tasks import retry
from apps.tasks.retry import RetryDecision

POLICY = {"max_attempts": 4, "delays": [1.0, 10.0], "jitter": "none"}
EXACT = {"jitter": "none"}
PASSING = {"type": "OSError", "code": "tool_error", "is_transient": True}
BUSY = {**PASSING, "code": "rate_limited"}
LASTING = {"type": "LookupError", "code": "tool_error", "is_transient": False}


def after(failures: int, policy: dict[str, Any], error: dict[str, Any] = PASSING, task_id: int = 1) -> RetryDecision:
    return retry.after_failure(failures, policy, error, task_id=task_id)


def seconds(failures: int, policy: dict[str, Any], error: dict[str, Any] = PASSING, task_id: int = 1) -> float:
    return after(failures, policy, error, task_id).delay.total_seconds()


@pytest.mark.parametrize(
    ("failures", "policy", "again", "delay", "is_dead"),
    [
        (1, POLICY, True, 1.0, False),
        (2, POLICY, True, 10.0, False),
        (3, POLICY, True, 10.0, False),
        (4, POLICY, False, 0.0, True),
        (9, POLICY, False, 0.0, True),
        (1, {"max_attempts": 1, "delays": [1.0], **EXACT}, False, 0.0, True),
        (1, EXACT, True, 1.0, False),
        (2, EXACT, True, 2.0, False),
        (3, EXACT, False, 0.0, True),
        (1, {"delays": [], **EXACT}, True, 1.0, False),
        (1, {"max_attempts": 5, **EXACT}, True, 1.0, False),
        (1, {"max_attempts": 9, "first": 3, "factor": 10, **EXACT}, True, 3.0, False),
        (2, {"max_attempts": 9, "first": 3, "factor": 10, **EXACT}, True, 30.0, False),
        (3, {"max_attempts": 9, "first": 3, "factor": 10, **EXACT}, True, 60.0, False),
        (3, {"max_attempts": 9, "first": 3, "factor": 10, "cap": 200, **EXACT}, True, 200.0, False),
        (1, {"first": 90, **EXACT}, True, 90.0, False),
        (99, {"max_attempts": 100, "first": 86_400, "factor": 100, **EXACT}, True, 86_400.0, False),
        (1, {"delays": [0.0], **EXACT}, True, 0.5, False),
        (1, {"delays": [1.0], "floor": 4, **EXACT}, True, 4.0, False),
    ],
)
def test_a_transient_failure_is_tried_again_until_the_policy_ends(failures, policy, again, delay, is_dead):
    assert not list(retries.check(policy)), "a revision may say this"
    decision = after(failures, policy)
    assert (decision.again, decision.delay.total_seconds(), decision.is_dead_letter) == (again, delay, is_dead)
    assert decision.reason


@pytest.mark.parametrize("failures", [1, 2, 99])
def test_a_failure_that_repeats_itself_is_final_at_once_and_no_dead_letter(failures):
    decision = after(failures, POLICY, LASTING)
    assert (decision.again, decision.is_dead_letter) == (False, False)


ERRORS = {
    "max_attempts": 3,
    "delays": [1.0, 2.0],
    "jitter": "none",
    "errors": {
        "rate_limited": {"max_attempts": 10, "first": 30, "cap": 300},
        "TimeoutError": "never",
        "LookupError": "always",
        "script_error": "always",
        "ValueError": "never",
        "RuntimeError": {"delays": [7]},
        "diverged": "always",
    },
}


@pytest.mark.parametrize(
    ("failures", "error", "again", "delay", "is_dead"),
    [
        (1, PASSING, True, 1.0, False),
        (5, BUSY, True, 300.0, False),
        (2, BUSY, True, 60.0, False),
        (10, BUSY, False, 0.0, True),
        (1, {**BUSY, "is_transient": False}, False, 0.0, False),
        (1, {**PASSING, "type": "TimeoutError"}, False, 0.0, False),
        (1, {**BUSY, "type": "TimeoutError"}, True, 30.0, False),
        (2, LASTING, True, 2.0, False),
        (3, LASTING, False, 0.0, True),
        (1, {"type": "KeyError", "code": "script_error"}, True, 1.0, False),
        (1, {"type": "ValueError", "code": "script_error"}, False, 0.0, False),
        (1, {**PASSING, "type": "RuntimeError"}, True, 7.0, False),
        (1, {"type": "Diverged", "code": "diverged"}, False, 0.0, False),
    ],
)
def test_a_policy_may_say_something_else_of_a_kind_of_error(failures, error, again, delay, is_dead):
    assert not list(retries.check(ERRORS))
    decision = after(failures, ERRORS, error)
    assert (decision.again, decision.delay.total_seconds(), decision.is_dead_letter) == (again, delay, is_dead)


def test_what_is_never_retried_says_which_rule_says_so():
    assert after(1, ERRORS, {**PASSING, "type": "TimeoutError"}).reason == "its template never retries TimeoutError"


@pytest.mark.parametrize(("jitter", "least", "most"), [("equal", 5.0, 10.0), ("full", 0.5, 10.0)])
def test_tasks_that_fail_together_come_back_apart(jitter, least, most):
    policy = {"delays": [10.0], "jitter": jitter}
    delays = [seconds(1, policy, task_id=task_id) for task_id in range(1000)]
    assert least <= min(delays) and max(delays) <= most
    buckets = [sum(low <= delay < low + 1 for delay in delays) for low in range(int(least), int(most))]
    assert max(buckets) < 3 * 1000 / len(buckets), "no second gets much more than its share"
    assert delays == [seconds(1, policy, task_id=task_id) for task_id in range(1000)], "the same facts decide the same"


def test_jitter_is_used_where_a_policy_says_nothing_of_it_also_at_the_floor():
    assert len({seconds(1, {}, task_id=task_id) for task_id in range(50)}) == 50
    at_the_floor = {seconds(1, {"delays": [0]}, task_id=task_id) for task_id in range(50)}
    assert len(at_the_floor) == 50 and min(at_the_floor) >= 0.5


@pytest.mark.parametrize("policy", [{"delays": [0]}, {"first": 0, "floor": 0, "jitter": "none"}, {"jitter": "full"}])
def test_no_policy_makes_a_storm_of_one_task(policy):
    """C10: the most impatient policy that can be published makes a bounded number of tries in any minute."""
    policy = {"max_attempts": 100, **policy}
    assert not list(retries.check(policy))
    moment, tries = 0.0, []
    for failures in range(1, 100):
        moment += seconds(failures, policy)
        tries.append(moment)
    assert max(sum(start <= each < start + 60 for each in tries) for start in tries) <= 35


@pytest.mark.parametrize(
    ("asked", "least", "most", "said"),
    [
        (0.2, 1.0, 1.0, "attempt 2 of 4"),
        (30.0, 31.0, 31.0, "attempt 2 of 4, after the 30 s that it was asked to wait"),
        (7200.0, 3601.0, 3601.0, "after the 2 h that it was asked to wait, but 1 h at most"),
    ],
)
def test_the_wait_is_never_shorter_than_the_service_asked_for_up_to_an_hour(asked, least, most, said):
    decision = after(1, {**POLICY, "jitter": "equal", "floor": 1.0, "delays": [0]}, {**BUSY, "retry_after": asked})
    assert least <= decision.delay.total_seconds() <= most + 0.5
    assert said in decision.reason
    exact = after(1, POLICY, {**BUSY, "retry_after": asked})
    assert exact.delay.total_seconds() == max(1.0, min(asked, 3600.0))


@pytest.mark.parametrize(("crashes", "again"), [(1, True), (2, True), (3, False), (4, False)])
def test_crashes_in_a_row_end_at_the_limit(crashes, again, settings):
    settings.TASK_CRASH_LIMIT = 3
    decision = retry.after_crash(crashes, {}, task_id=1)
    assert (decision.again, decision.is_dead_letter) == (again, not again)


def test_the_first_rescue_is_immediate_and_later_ones_wait_longer_each_time():
    delays = [retry.after_crash(crashes, {}, task_id=1).delay.total_seconds() for crashes in (1, 2, 3, 4)]
    assert delays[0] == 0
    assert 0.5 <= delays[1] <= 1 <= delays[2] <= 2 <= delays[3] <= 4
    assert len({retry.after_crash(2, {}, task_id=task_id).delay for task_id in range(50)}) == 50
    assert "died 2 times in a row, attempt 3 of 5" in retry.after_crash(2, {}, task_id=1).reason


@pytest.mark.parametrize(
    ("rule", "crashes", "again", "said"),
    [
        ("never", 1, False, "killed its worker once"),
        ({"max_attempts": 2}, 1, True, "died"),
        ({"max_attempts": 2}, 2, False, "killed its worker 2 times in a row"),
        ({"max_attempts": 9, "first": 20, "jitter": "none"}, 8, True, "died 8 times in a row, attempt 9 of 9 in 1 m"),
        ("always", 1, True, "died"),
    ],
)
def test_a_policy_may_say_something_else_of_crashes(rule, crashes, again, said):
    policy = {"errors": {"worker_crash": rule}}
    assert not list(retries.check(policy))
    decision = retry.after_crash(crashes, policy, task_id=1)
    assert (decision.again, decision.is_dead_letter) == (again, not again)
    assert said in decision.reason
