"""Waiting inside a call: for a service's rate limit, or for another try. Pause, cancel and drain are heard meanwhile."""

import math
import time
from collections.abc import Callable, Mapping

from django.conf import settings

from apps.executors.contract import Session
from apps.tasks.limits import rates
from apps.tasks.limits.rates import Reserved

NAP = 0.1
"""Seconds between looks at the control."""


class Interrupted(Exception):
    """The call has not succeeded yet, and something was asked of the task: it must not be recorded as failed."""


def admit(session: Session, service: str, amounts: Mapping[str, float]) -> list[Reserved]:
    """Take so much of the service's buckets, by unit, and wait until it may go.

    Raises, with everything given back, RateLimited when that would take longer than RATE_WAIT_SECONDS, and Interrupted
    when something is asked of the task meanwhile.
    """
    reserved: list[Reserved] = []
    try:
        for unit, amount in amounts.items():
            if amount > 0:
                reserved.append(rates.take(service, unit, amount, within=settings.RATE_WAIT_SECONDS))
        slowest = max(reserved, key=lambda each: each.seconds, default=None)
        if slowest is not None and slowest.seconds > 0:
            _rest(session, slowest)
    except Exception:
        for each in reserved:
            rates.give_back(each)
        raise
    return reserved


def sleep(seconds: float, interrupted: Callable[[], str]) -> None:
    """Until then, or until something is asked of the task."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not interrupted():
        time.sleep(min(NAP, left))


def _rest(session: Session, reserved: Reserved) -> None:
    pulse, call = session.pulse, session.pulse.call
    pulse.call, pulse.is_resting = _words(call, reserved), True
    try:
        sleep(reserved.seconds, session.control)
    finally:
        pulse.call, pulse.is_resting = call, False
    if session.control():
        raise Interrupted


def _words(call: str, reserved: Reserved) -> str:
    rate = rates.limits().get((reserved.service, reserved.unit))
    limit = f"the rate limit of {rate or reserved.service}"
    return f"{call} (waits for {limit}; goes on in {math.ceil(reserved.seconds)} s)"[:100]
