"""Start, ask or none: the thresholds, chosen on tests/unit/language/evaluation.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from apps.language.contract import Candidate

START = 0.7
ASK = 0.15
MARGIN = 0.15
SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Decision:
    """`ask`: which of `candidates` is meant. `none`: they are what can be done at all, the nearest first."""

    kind: Literal["start", "ask", "none"]
    candidates: Sequence[Candidate]


def decide(ranked: Sequence[Candidate]) -> Decision:
    best = ranked[0].confidence if ranked else 0.0
    second = ranked[1].confidence if len(ranked) > 1 else 0.0
    if best > START and best - second >= MARGIN:
        return Decision(kind="start", candidates=ranked[:SHOWN])
    if best >= ASK:
        near = [candidate for candidate in ranked[:SHOWN] if candidate.confidence >= ASK / 2]
        return Decision(kind="ask", candidates=near)
    return Decision(kind="none", candidates=ranked[:5])
