"""Which queues have workers."""

from collections import Counter
from datetime import datetime, timedelta

from apps.workers.models import Worker

HEARD = timedelta(seconds=15)
"""A worker that has been silent for longer does not count as one that serves."""


def queues(now: datetime) -> dict[str, int]:
    """How many workers serve each queue and are willing to take something."""
    workers = Worker.objects.present().heard_since(now - HEARD).willing()
    return dict(Counter(queue for names in workers.values_list("queues", flat=True) for queue in names))
