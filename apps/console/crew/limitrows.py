"""Limits and who holds them, and the buckets in front of outside services."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.core import durations
from apps.tasks.limits import places
from apps.tasks.limits.gates import Bound
from apps.tasks.limits.places import Runner
from apps.tasks.models import Limit, RateLimit, Task

MOST = 100
NAMED = 3
"""Holders that are named; the others are counted."""


@dataclass(frozen=True, kw_only=True)
class LimitRow:
    """`held`: of its fullest group, where the limit holds for each user or key apart."""

    limit: Limit
    of: str
    held: int
    groups: int
    holders: Sequence[Runner]
    more: int
    next_free: str

    @property
    def is_full(self) -> bool:
        return self.limit.is_enabled and self.held >= self.limit.most

    @property
    def percent(self) -> float:
        return min(100.0, 100.0 * self.held / self.limit.most) if self.limit.most else 100.0


@dataclass(frozen=True, kw_only=True)
class RateRow:
    rate: RateLimit
    level: float
    full_in: str

    @property
    def left(self) -> str:
        return f"{_number(self.level)} of {self.burst}"

    @property
    def burst(self) -> str:
        return _number(self.rate.burst)

    @property
    def pace(self) -> str:
        """By the second where people can picture that, else by the minute."""
        each = self.rate.per_second
        if 1 <= each <= 100:
            return f"{_number(each)} {self.rate.unit} a second"
        return f"{_number(60 * each)} {self.rate.unit} a minute"

    @property
    def percent(self) -> float:
        return max(0.0, 100.0 * self.level / self.rate.burst)


def _number(value: float) -> str:
    """'0.4', '15', '100,000'."""
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}".removesuffix(".0")


def limits(viewer: Any, now: datetime) -> list[LimitRow]:
    rows = list(Limit.objects.select_related("template", "user")[:MOST])
    if not rows:
        return []
    running = places.runners(now, places.pace())
    ids = [each.task_id for each in running]
    seen = set(Task.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", flat=True))
    return [_limit(row, running, seen) for row in rows]


def _limit(row: Limit, running: Sequence[Runner], seen: set[int]) -> LimitRow:
    groups: dict[Hashable, list[Runner]] = defaultdict(list)
    for each in running:
        if places.touches(_bound(row), each):
            groups[_group(row, each)].append(each)
    fullest = max(groups.values(), key=len, default=[])
    named = [each for each in fullest if each.task_id in seen][:NAMED]
    return LimitRow(
        limit=row, of=of(row), held=len(fullest), groups=len(groups), holders=named, more=len(fullest) - len(named),
        next_free=_next_free(row, fullest),
    )  # fmt: skip


def _bound(row: Limit) -> Bound:
    return Bound(
        id=row.pk, scope=row.scope, queue=row.queue, template_id=row.template_id, user_id=row.user_id, most=row.most
    )


def _group(row: Limit, each: Runner) -> Hashable:
    return {Limit.Scope.USER: each.requester_id, Limit.Scope.KEY: each.limit_key}.get(Limit.Scope(row.scope))


def of(row: Limit) -> str:
    """What the limit holds for."""
    of_template = f" of {row.template.name}" if row.template else ""
    match row.scope:
        case Limit.Scope.QUEUE:
            return f"Queue {row.queue}"
        case Limit.Scope.TEMPLATE:
            return f"Template {row.template.name if row.template else ''}"
        case Limit.Scope.KEY:
            return f"Each key{of_template}"
    return f"{row.user.get_username() if row.user else 'Each person'}{of_template and f', tasks{of_template}'}"


def _next_free(row: Limit, held: Sequence[Runner]) -> str:
    if not row.is_enabled:
        return "off"
    if len(held) < row.most:
        return "now"
    left = sorted(each.seconds_left for each in held if each.seconds_left is not None)
    if not row.most or len(left) < len(held):
        return ""
    return f"about {durations.describe(float(max(1, round(left[len(held) - row.most]))))}"


def rates(now: datetime) -> list[RateRow]:
    return [_rate(row, now.timestamp()) for row in RateLimit.objects.all()[:MOST]]


def _rate(row: RateLimit, now: float) -> RateRow:
    """A bucket that was never asked is full."""
    refilled = row.level + max(0.0, now - row.level_at) * row.per_second if row.level_at else row.burst
    level = min(row.burst, refilled)
    missing = (row.burst - level) / row.per_second
    return RateRow(rate=row, level=level, full_in=durations.describe(float(round(missing, 1))) if missing else "")
