"""What operators do to queues, and how queues stand."""

from apps.tasks.limits.stops import Stop
from apps.tasks.operators.queues.control import clean, cleaning, drain, pause, reopen, resume
from apps.tasks.operators.queues.figures import Standing, standing

__all__ = ["Standing", "Stop", "clean", "cleaning", "drain", "pause", "reopen", "resume", "standing"]
