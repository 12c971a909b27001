"""Who goes first: priority with slow ageing, folded into one number that never has to be recomputed.

A task's effective priority at moment t is `priority + (t - available_at) / AGEING_SECONDS`. All waiting tasks age at
the same rate, so their order is that of `priority - available_at / AGEING_SECONDS`: a constant, and an index.
"""

from datetime import datetime

from apps.core.errors import InvalidInput
from apps.tasks.states import AGEING_SECONDS, PRIORITY_WORDS


def rank(priority: int, available_at: datetime) -> float:
    return priority - available_at.timestamp() / AGEING_SECONDS


def number(asked: int | str) -> int:
    """0 to 100 from a number or one of the words. Raises InvalidInput."""
    if isinstance(asked, str) and asked.strip().lower() in PRIORITY_WORDS:
        return PRIORITY_WORDS[asked.strip().lower()]
    if isinstance(asked, int) and not isinstance(asked, bool) and 0 <= asked <= 100:
        return asked
    words = ", ".join(PRIORITY_WORDS)
    raise InvalidInput(
        f"Priority {asked!r} is not known.", fields={"priority": f"Use a number from 0 to 100, or one of {words}."}
    )
