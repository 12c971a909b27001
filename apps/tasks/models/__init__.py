from apps.tasks.models.history import Artifact, Attempt, Checkpoint, Event, Step
from apps.tasks.models.task import Execution, Task

__all__ = ["Artifact", "Attempt", "Checkpoint", "Event", "Execution", "Step", "Task"]
