"""Rate limits in front of outside services, shared by all processes: one row a service and unit, one statement a take.

The row's level refills by the database's clock at the moment it is asked. It may go below zero: that much is promised
to callers who wait, each until the moment that is theirs, so nobody overtakes. A process that dies while it waits
holds nothing: what it was promised comes back with time, as if it had gone.
"""

import time
from dataclasses import dataclass
from functools import cache
from typing import Any

from apps.core.errors import ToolError
from apps.tasks import sql
from apps.tasks.dbclock import now_sql
from apps.tasks.models import RateLimit

REMEMBERED_SECONDS = 0.5
SET_BACK_SECONDS = 60
"""A level from further in the future means that the clock was set back; it must not stop the refilling until then."""
REQUESTS, TOKENS = RateLimit.Unit.REQUESTS, RateLimit.Unit.TOKENS

# Of two statements that wait for the row, the later one may carry the earlier moment.
ELAPSED = "{greatest}(clock.at - r.level_at, 0)"
REFILLED = f"{{least}}(r.burst, r.level + {ELAPSED} * r.per_second)"
CLOCK = "(SELECT CAST({now} AS double precision) AS at) AS clock"
LEVEL_AT = (
    f"CASE WHEN r.level_at > clock.at + {SET_BACK_SECONDS} THEN clock.at ELSE {{greatest}}(clock.at, r.level_at) END"
)
AMOUNT = "{least}(%s, r.burst)"
TAKE = (
    f"UPDATE tasks_ratelimit AS r SET level = {REFILLED} - {AMOUNT}, level_at = {LEVEL_AT} FROM {CLOCK}"
    " WHERE r.service = %s AND r.unit = %s AND r.is_enabled"
    f" AND {REFILLED} - {AMOUNT} >= -%s * r.per_second"
    # SQLite knows no alias here.
    " RETURNING level, per_second, {least}(%s, burst)"
)
LOOK = (
    f"SELECT {REFILLED} - {AMOUNT}, r.per_second FROM tasks_ratelimit r, {CLOCK}"
    " WHERE r.service = %s AND r.unit = %s AND r.is_enabled"
)
GIVE = (
    f"UPDATE tasks_ratelimit AS r SET level = {{least}}(r.burst, {REFILLED} + %s), level_at = {LEVEL_AT} FROM {CLOCK}"
    " WHERE r.service = %s AND r.unit = %s AND r.is_enabled"
)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """An enabled RateLimit as a plain value."""

    service: str
    unit: str
    per_second: float
    burst: float

    def __str__(self) -> str:
        """'gemini: 15 requests a minute'"""
        return f"{self.service}: {_pace(self.per_second, self.unit)}"


@dataclass(frozen=True, kw_only=True)
class Reserved:
    """What was taken of one bucket, and how many seconds from then its owner may go. Nothing where no limit is set."""

    service: str
    unit: str
    amount: float = 0.0
    seconds: float = 0.0


class RateLimited(ToolError):
    """The bucket has promised so much that the caller would wait for too long; nothing was taken."""

    def __init__(self, rate: Rate, seconds: float) -> None:
        super().__init__(
            f"The rate limit of {rate} is used up; ask again in {seconds:.1f} s.",
            kind="OSError",
            transient=True,
            retry_after=seconds,
            code="rate_limited",
        )


_known: tuple[float, dict[tuple[str, str], Rate]] = (0.0, {})


def take(service: str, unit: str = REQUESTS, amount: float = 1.0, *, within: float = 30.0) -> Reserved:
    """Take `amount` from the service's bucket. The answer says how many seconds to wait before going: at most `within`.

    More than the whole burst is taken as the burst; `settle` takes the rest. Raises RateLimited with the seconds to
    wait before asking again. Looks at the database only where a limit was set half a second ago.
    """
    rate = limits().get((service, unit))
    free = Reserved(service=service, unit=unit)
    if rate is None:
        return free
    amount = float(amount)
    row = _write(_statement(TAKE), [amount, service, unit, amount, within, amount])
    if row is not None:
        level, per_second, taken = map(float, row)
        return Reserved(service=service, unit=unit, amount=taken, seconds=max(0.0, -level / per_second))
    row = sql.run(_statement(LOOK), [amount, service, unit])
    if row is None:
        return free  # switched off just now
    raise RateLimited(rate, max(0.1, -float(row[0]) / float(row[1])))


def settle(reserved: Reserved, used: float) -> None:
    """Give back what was reserved and not used, or take what was used beyond it."""
    if reserved.amount and used != reserved.amount:
        _write(_statement(GIVE), [reserved.amount - used, reserved.service, reserved.unit])


def give_back(reserved: Reserved) -> None:
    """Nothing of it was used. Those who wait behind keep their moment; who comes next is earlier."""
    settle(reserved, 0.0)


def limits() -> dict[tuple[str, str], Rate]:
    """The enabled limits by service and unit, at most half a second old."""
    global _known
    until, found = _known
    if time.monotonic() >= until:
        names = ("service", "unit", "per_second", "burst")
        rows = RateLimit.objects.filter(is_enabled=True).values(*names)
        found = {(row["service"], row["unit"]): Rate(**row) for row in rows}
        _known = (time.monotonic() + REMEMBERED_SECONDS, found)
    return found


def forget() -> None:
    """Look again at the next take."""
    global _known
    _known = (0.0, {})


def level_at(row: RateLimit, now: float) -> float:
    """Pure: what is left in the bucket at this moment of the database's clock; negative: promised."""
    return min(row.burst, row.level + max(now - row.level_at, 0.0) * row.per_second)


def _write(statement: str, values: list[object]) -> Any:
    if not sql.is_sqlite():
        return sql.run(statement, values)
    with sql.transaction():  # for its own, fair wait for the write lock
        return sql.run(statement, values)


@cache
def _statement(text: str) -> str:
    least, greatest = ("min", "max") if sql.is_sqlite() else ("least", "greatest")
    return text.format(least=least, greatest=greatest, now=now_sql())


def _pace(per_second: float, unit: str) -> str:
    often, period = per_second, "a second"
    if unit == TOKENS or per_second < 1:
        often, period = per_second * 60, "a minute"
    if often < 1:
        often, period = often * 60, "an hour"
    number = f"{round(often) if often >= 100 else round(often, 2):,}".removesuffix(".0")
    return f"{number} {unit} {period}"
