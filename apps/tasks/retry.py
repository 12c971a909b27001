"""Whether a failed attempt is tried again by itself: a pure decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings


@dataclass(frozen=True, kw_only=True)
class RetryDecision:
    again: bool
    delay: timedelta = timedelta()
    is_dead_letter: bool = False
    reason: str


def after_failure(failures: int, policy: Mapping[str, Any], *, is_transient: bool) -> RetryDecision:
    """What follows the `failures`-th failure in a row of a task with this policy {max_attempts, delays}.

    A failure that would repeat itself (the script's own error, a refused key) is final at once; a transient one is
    tried again after the policy's delay until its attempts are used up, and then is a dead letter.
    """
    most = int(policy.get("max_attempts", settings.TASK_RETRY_ATTEMPTS))
    if not is_transient:
        return RetryDecision(again=False, reason="it would fail the same way again")
    if failures >= most:
        return RetryDecision(again=False, is_dead_letter=True, reason=f"all {most} attempts failed")
    delays = policy.get("delays") or settings.TASK_RETRY_DELAYS
    seconds = float(delays[min(failures, len(delays)) - 1])
    return RetryDecision(again=True, delay=timedelta(seconds=seconds), reason=f"attempt {failures + 1} of {most}")


def after_crash(crashes: int) -> RetryDecision:
    """What follows the `crashes`-th attempt in a row that died without a new step."""
    most = settings.TASK_CRASH_LIMIT
    if crashes >= most:
        reason = f"it killed its worker {crashes} times in a row without a new step"
        return RetryDecision(again=False, is_dead_letter=True, reason=reason)
    return RetryDecision(again=True, reason="the worker died")
