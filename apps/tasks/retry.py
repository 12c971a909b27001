"""Whether a failed attempt is tried again by itself, and when: a pure decision.

A revision's `retry` says how often and how soon (its shape: catalog/retries.py). What it leaves out is in the settings
and here. The wait grows, is spread by jitter so that many tasks that failed together do not come back together, and
never falls below a floor. Chance follows from the task and the number of the failure: the same facts decide the same.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings

from apps.core import durations

FACTOR, CAP, FLOOR, JITTER = 2.0, 60.0, 0.5, "equal"
FREQUENT = 5
"""Failures in a row after which the floor is at least STEADY_FLOOR: no policy makes more than 35 tries a minute."""
STEADY_FLOOR = 2.0
LONGEST_ASKED = 3600.0
"""Seconds that a service may have us wait; beyond it our own next try is the better guess."""
WORKER_CRASH = "worker_crash"
"""Stands for crashes among a policy's `errors`."""
UNSPECIFIC = frozenset({"tool_error", "script_error"})
"""Codes that say less than the error's class."""
HOPELESS = frozenset({"diverged"})
"""Codes that no policy has tried again: the record and the script do not fit, and will not."""
EXPONENTIAL = frozenset({"first", "factor", "cap"})


@dataclass(frozen=True, kw_only=True)
class RetryDecision:
    again: bool
    delay: timedelta = timedelta()
    is_dead_letter: bool = False
    reason: str


def after_failure(failures: int, policy: Mapping[str, Any], error: Mapping[str, Any], *, task_id: int) -> RetryDecision:
    """What follows the `failures`-th failure in a row of a task with this policy.

    `error` is the failure as executors tell it: type, code, is_transient, and retry_after in seconds where a service
    named a time. A failure that would repeat itself (the script's own error, a refused key) is final at once, unless
    the policy says `always` of its kind; a transient one is tried again until the attempts are used up, and then is a
    dead letter, unless the policy says `never`.
    """
    name, rule = _rule(policy, error)
    if rule == "never":
        return RetryDecision(again=False, reason=f"its template never retries {name}")
    if error.get("code") in HOPELESS or not (error.get("is_transient") or rule == "always"):
        return RetryDecision(again=False, reason="it would fail the same way again")
    policy = _merged(policy, rule)
    most = _most(policy)
    if failures >= most:
        return RetryDecision(again=False, is_dead_letter=True, reason=f"all {most} attempts failed")
    delay, why = _asked(_delay(failures, policy, task_id), float(error.get("retry_after") or 0.0), policy)
    return RetryDecision(again=True, delay=timedelta(seconds=delay), reason=f"attempt {failures + 1} of {most}{why}")


def most_attempts(policy: Mapping[str, Any], error: Mapping[str, Any] | None = None) -> int:
    """How many attempts a task with this policy is given; with `error`, those that this kind of failure is given."""
    _, rule = _rule(policy, error or {})
    return 1 if rule == "never" else _most(_merged(policy, rule))


def _most(policy: Mapping[str, Any]) -> int:
    return int(policy.get("max_attempts", settings.TASK_RETRY_ATTEMPTS))


def after_crash(crashes: int, policy: Mapping[str, Any], *, task_id: int) -> RetryDecision:
    """What follows the `crashes`-th attempt in a row that died without a new step.

    The first rescue is immediate: most often the worker was at fault. From the second crash on the wait grows.
    """
    rule = policy.get("errors", {}).get(WORKER_CRASH, {})
    own = rule if isinstance(rule, Mapping) else {}
    most = 1 if rule == "never" else int(own.get("max_attempts", settings.TASK_CRASH_LIMIT))
    if crashes >= most:
        times = "once" if crashes == 1 else f"{crashes} times in a row"
        return RetryDecision(
            again=False, is_dead_letter=True, reason=f"it killed its worker {times} without a new step"
        )
    if crashes <= 1:
        return RetryDecision(again=True, reason="the worker died")
    delay = _delay(crashes - 1, {"first": settings.TASK_RETRY_DELAYS[0], **own}, task_id)
    reason = f"the worker died {crashes} times in a row, attempt {crashes + 1} of {most} in {durations.describe(delay)}"
    return RetryDecision(again=True, delay=timedelta(seconds=delay), reason=reason)


def _rule(policy: Mapping[str, Any], error: Mapping[str, Any]) -> tuple[str, Any]:
    """The policy's rule for this kind of error, by what says most: a special code, the class, a general code."""
    rules = policy.get("errors", {})
    code, kind = str(error.get("code", "")), str(error.get("type", ""))
    names = (kind, code) if code in UNSPECIFIC else (code, kind)
    return next(((name, rules[name]) for name in names if name in rules), ("", None))


def _merged(policy: Mapping[str, Any], rule: Any) -> Mapping[str, Any]:
    """The policy with what its rule says on top; a list of delays and a growing delay take each other's place."""
    if not isinstance(rule, Mapping):
        return policy
    dropped = {"delays"} if EXPONENTIAL & set(rule) else EXPONENTIAL if "delays" in rule else set()
    return {**{name: value for name, value in policy.items() if name not in dropped}, **rule}


def _delay(number: int, policy: Mapping[str, Any], task_id: int) -> float:
    """Seconds to wait before the try after the `number`-th."""
    whole = _whole(number, policy)
    jitter = policy.get("jitter", JITTER)
    least = {"none": whole, "equal": whole / 2, "full": 0.0}[jitter]
    least = max(least, float(policy.get("floor", FLOOR)), STEADY_FLOOR if number > FREQUENT else FLOOR)
    most = max(whole, least if jitter == "none" else 1.5 * least)
    return least + _chance(task_id, number) * (most - least)


def _whole(number: int, policy: Mapping[str, Any]) -> float:
    """The wait without jitter and floor: first × factor each time up to the cap, or the listed one."""
    if EXPONENTIAL & set(policy):
        first = float(policy.get("first", settings.TASK_RETRY_DELAYS[0]))
        grown = first * float(policy.get("factor", FACTOR)) ** (number - 1)
        return min(grown, float(policy.get("cap", max(CAP, first))))
    delays = policy.get("delays") or settings.TASK_RETRY_DELAYS
    return float(delays[min(number, len(delays)) - 1])


def _asked(delay: float, asked: float, policy: Mapping[str, Any]) -> tuple[float, str]:
    """The delay, and why, where a service asked to wait: never shorter, and spread, as it asked everybody alike."""
    waits = min(asked, LONGEST_ASKED)
    if delay >= waits:
        return delay, ""
    spread = 0.0 if policy.get("jitter", JITTER) == "none" else delay
    limit = f", but {durations.describe(waits)} at most" if waits < asked else ""
    return waits + spread, f", after the {durations.describe(asked)} that it was asked to wait{limit}"


def _chance(task_id: int, number: int) -> float:
    """From 0 to 1, the same for the same task and failure."""
    digest = hashlib.blake2b(f"{task_id}:{number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
