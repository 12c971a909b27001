"""Start, ask or none: the thresholds, chosen by `manage.py evaluate_language` (docs/language.md shows the tables).

A start is worth it where (1 - p) x the cost of a wrong start is less than the cost of a question, so a template's
threshold is cost / (cost + 1), in questions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from apps.language.contract import Candidate

QUESTIONS, QUESTIONS_IF_COSTLY = 4, 19
"""What one wrong start costs, in questions: with effects outside, or for money, it is dearer."""
SURE = 0.95
"""What a pattern of one template alone says, or a sentence that is one of its examples."""
ASK = 0.15
MARGIN = 0.15
SHOWN = 3
ALONE = 0.3
"""Where nothing can be asked, what is above this is started."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """`ask`: which of `candidates` is meant. `none`: they are what can be done at all, the nearest first."""

    kind: Literal["start", "ask", "none"]
    candidates: Sequence[Candidate]


def starts_from(*, is_costly: bool) -> float:
    cost = QUESTIONS_IF_COSTLY if is_costly else QUESTIONS
    return cost / (cost + 1)


def decide(ranked: Sequence[Candidate]) -> Decision:
    if not ranked or ranked[0].confidence < ASK:
        return Decision(kind="none", candidates=ranked[:5])
    best, *others = ranked
    second = others[0].confidence if others else 0.0
    if best.confidence >= best.starts_from and best.confidence - second >= MARGIN:
        return Decision(kind="start", candidates=ranked[:SHOWN])
    return Decision(kind="ask", candidates=ranked[:SHOWN])
