"""Who goes first: priority with slow ageing, folded into one number that never has to be recomputed.

A task's effective priority at moment t is `priority + (t - available_at) / AGEING_SECONDS`. All waiting tasks age at
the same rate, so their order is that of `priority - available_at / AGEING_SECONDS`: a constant, and an index.
"""

from datetime import datetime

from apps.tasks.states import AGEING_SECONDS


def rank(priority: int, available_at: datetime) -> float:
    return priority - available_at.timestamp() / AGEING_SECONDS
