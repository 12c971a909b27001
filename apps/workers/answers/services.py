"""Which outside services the tools of a worker ask, and the rate limits that stand before these."""

from collections.abc import Iterable
from dataclasses import dataclass

from apps.ai.gemini import GeminiProvider
from apps.tasks import dbclock
from apps.tasks.limits import rates
from apps.tasks.limits.rates import Rate
from apps.tasks.models import RateLimit
from apps.tools import registry


@dataclass(frozen=True, kw_only=True)
class RateFacts:
    """A rate limit that a worker's calls wait for; it shares it with all others."""

    service: str
    unit: str
    per_second: float
    burst: float
    is_enabled: bool
    level: float
    """What is left now; negative: promised to callers who wait."""

    def __str__(self) -> str:
        """'crm: 1.5 requests a second, 10 at once'"""
        rate = Rate(service=self.service, unit=self.unit, per_second=self.per_second, burst=self.burst)
        return f"{rate}, {self.burst:,.0f} at once{'' if self.is_enabled else ', off'}"


def asked_by(tools: Iterable[str], model: str) -> set[str]:
    """The services that these tool modules declare, and that of the language model. Modules unknown here declare none."""
    known = set(tools).intersection(registry.names())
    declared = {tool.service for name in known for tool in registry.module(name).tools.values()} - {""}
    return declared | ({GeminiProvider.name} if model else set())


def limits(tools: Iterable[str], model: str) -> list[RateFacts]:
    now = dbclock.now()
    rows = RateLimit.objects.filter(service__in=asked_by(tools, model))
    return [
        RateFacts(
            service=row.service, unit=row.unit, per_second=row.per_second, burst=row.burst, is_enabled=row.is_enabled,
            level=round(rates.level_at(row, now), 3),
        )
        for row in rows
    ]  # fmt: skip
