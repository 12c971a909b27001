"""Retry decisions as tables."""

import pytest

from apps.tasks import retry

POLICY = {"max_attempts": 4, "delays": [1.0, 10.0]}


@pytest.mark.parametrize(
    ("failures", "policy", "again", "seconds", "is_dead"),
    [
        (1, POLICY, True, 1.0, False),
        (2, POLICY, True, 10.0, False),
        (3, POLICY, True, 10.0, False),
        (4, POLICY, False, 0.0, True),
        (9, POLICY, False, 0.0, True),
        (1, {"max_attempts": 1, "delays": [1.0]}, False, 0.0, True),
        (1, {}, True, 1.0, False),
        (2, {}, True, 2.0, False),
        (3, {}, False, 0.0, True),
        (1, {"delays": []}, True, 1.0, False),
        (1, {"max_attempts": 5}, True, 1.0, False),
    ],
)
def test_a_transient_failure_is_tried_again_until_the_policy_ends(failures, policy, again, seconds, is_dead):
    decision = retry.after_failure(failures, policy, is_transient=True)
    assert (decision.again, decision.delay.total_seconds(), decision.is_dead_letter) == (again, seconds, is_dead)
    assert decision.reason


@pytest.mark.parametrize("failures", [1, 2, 99])
def test_a_failure_that_repeats_itself_is_final_at_once_and_no_dead_letter(failures):
    decision = retry.after_failure(failures, POLICY, is_transient=False)
    assert (decision.again, decision.is_dead_letter) == (False, False)


@pytest.mark.parametrize(("crashes", "again"), [(1, True), (2, True), (3, False), (4, False)])
def test_crashes_in_a_row_end_at_the_limit(crashes, again, settings):
    settings.TASK_CRASH_LIMIT = 3
    decision = retry.after_crash(crashes)
    assert (decision.again, decision.is_dead_letter) == (again, not again)
