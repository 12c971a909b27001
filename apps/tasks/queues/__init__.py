"""What operators do to queues, and how queues stand."""

from apps.tasks.queues.control import clean, cleaning, drain, pause, reopen, resume
from apps.tasks.queues.figures import Standing, standing
from apps.tasks.queues.stops import Stop

__all__ = ["Standing", "Stop", "clean", "cleaning", "drain", "pause", "reopen", "resume", "standing"]
