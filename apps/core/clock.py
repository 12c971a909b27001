"""The one clock for domain times. It follows the clock of the database, which all hosts share: see tasks/dbclock.py.

A host's own clock may be wrong by an hour, or jump. Once this process has been told what the database says (`follow`),
`now()` goes on from there by the time that has passed, and believes its host's clock only while that agrees.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime

AGREED_SECONDS = 0.05
"""Clocks that differ by less agree, and the host's is the finer one: SQLite's counts milliseconds."""

_frozen: ContextVar[datetime | None] = ContextVar("frozen_clock", default=None)


@dataclass(frozen=True, slots=True)
class _Followed:
    seconds: float
    """Since 1970, as the followed clock said"""
    at: float
    """when `elapsed` said this."""


_followed: _Followed | None = None


def now() -> datetime:
    """The present moment, aware, in UTC."""
    if (moment := _frozen.get()) is not None:
        return moment
    own, followed = host(), _followed
    if followed is None:
        return own
    seconds = followed.seconds + elapsed() - followed.at
    return own if abs(own.timestamp() - seconds) < AGREED_SECONDS else datetime.fromtimestamp(seconds, UTC)


def host() -> datetime:
    """What this host's own clock says."""
    return datetime.now(UTC)


def elapsed() -> float:
    """Seconds since some moment, whatever happens to clocks; sleep of the machine counts where the system can tell."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def follow(seconds: float, at: float) -> None:
    """The clock to follow said so many seconds since 1970, when `elapsed` said `at`."""
    global _followed
    _followed = _Followed(seconds, at)


@contextmanager
def frozen(moment: datetime) -> Iterator[None]:
    """Make `now()` answer `moment` inside the block (tests, demonstrations)."""
    token = _frozen.set(moment)
    try:
        yield
    finally:
        _frozen.reset(token)
