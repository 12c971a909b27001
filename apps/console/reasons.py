"""Why a task does not run: the console says what every edge says."""

from apps.workers.answers.reasons import HEARD, Around, Stop, around, doing, expected_start, place, served_queues, why

__all__ = ["HEARD", "Around", "Stop", "around", "doing", "expected_start", "place", "served_queues", "why"]
