from apps.tasks.models.approvals import Approval, Decider
from apps.tasks.models.blobs import BlobPiece
from apps.tasks.models.chores import Chore
from apps.tasks.models.family import Branch
from apps.tasks.models.history import Artifact, Attempt, Checkpoint, Event, Step
from apps.tasks.models.merging import AnsweredKey, Window
from apps.tasks.models.messages import Message
from apps.tasks.models.notices import Notice, NoticeChoice
from apps.tasks.models.past import TaskTotal, Tombstone
from apps.tasks.models.runs import Node, Run, Value
from apps.tasks.models.steering import AuditEntry, BulkAction, Limit, Queue, RateLimit
from apps.tasks.models.task import Execution, Task

__all__ = [
    "AnsweredKey",
    "Approval",
    "Artifact",
    "Attempt",
    "AuditEntry",
    "BlobPiece",
    "Branch",
    "BulkAction",
    "Checkpoint",
    "Chore",
    "Decider",
    "Event",
    "Execution",
    "Limit",
    "Message",
    "Node",
    "Notice",
    "NoticeChoice",
    "Queue",
    "RateLimit",
    "Run",
    "Step",
    "Task",
    "TaskTotal",
    "Tombstone",
    "Value",
    "Window",
]
