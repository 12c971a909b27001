"""The one clock for domain times. Leases use the database's clock instead (tasks/leases.py)."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_frozen: ContextVar[datetime | None] = ContextVar("frozen_clock", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _frozen.get() or datetime.now(UTC)


@contextmanager
def frozen(moment: datetime) -> Iterator[None]:
    """Make `now()` answer `moment` inside the block (tests, demonstrations)."""
    token = _frozen.set(moment)
    try:
        yield
    finally:
        _frozen.reset(token)
