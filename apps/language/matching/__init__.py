"""Which template a message asks for: `rank` scores all of them by part, `decide` says start, ask or none."""

from apps.language.matching.deciding import Decision, decide
from apps.language.matching.relevance import rank

__all__ = ["Decision", "decide", "rank"]
