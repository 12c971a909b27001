"""Which fault comes when: decided before the storm begins, from the seed alone."""

import random
from dataclasses import dataclass

WEIGHTS = {
    "kill worker": 20,
    "kill all workers": 3,
    "kill sandbox": 4,
    "kill guard": 5,
    "kill helper": 2,
    "kill supervisor": 2,
    "freeze worker": 6,
    "freeze guard": 2,
    "terminate worker": 5,
    "disk full": 2,
    "rotate keys": 1,
    "deploy": 2,
    "move clock": 4,
    "restart postgresql": 3,
    "terminate connections": 3,
    "flush redis": 2,
    "restart redis": 2,
    "pause redis": 2,
}
"""How often each kind comes, relative to the others."""
NEEDS_POSTGRESQL = {"restart postgresql", "terminate connections"}
NEEDS_REDIS = {"flush redis", "restart redis", "pause redis"}


@dataclass(frozen=True, kw_only=True)
class Planned:
    at: float
    """Seconds after the storm's begin."""
    kind: str
    draw: float
    """0 to 1: which of the candidates."""
    measure: float
    """0 to 1: how long, how far."""


def plan(seed: int, seconds: float, kinds: list[str], pause: float) -> list[Planned]:
    """A fault every `pause` seconds on average; each kind at least once where there is time for all of them."""
    chance = random.Random(seed)
    planned: list[Planned] = []
    first = chance.sample(kinds, len(kinds)) if seconds / pause >= 1.5 * len(kinds) else []
    at = chance.uniform(0.5, 1.5) * pause
    while at < seconds:
        weights = [WEIGHTS[kind] for kind in kinds]
        kind = first.pop() if first and chance.random() < 0.5 else chance.choices(kinds, weights)[0]
        planned.append(Planned(at=round(at, 2), kind=kind, draw=chance.random(), measure=chance.random()))
        at += chance.uniform(0.3, 1.7) * pause
    return planned
