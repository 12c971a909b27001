"""A task's statuses and their legal moves. One dict; `lifecycle` is the only module that makes a move."""

from django.db import models

from apps.core.priorities import PRIORITY_WORDS as PRIORITY_WORDS


class Status(models.TextChoices):
    BLOCKED = "blocked"  # dependencies not met
    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"  # suspended: a timer, children, an approval, an answer from outside
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})
OPEN = tuple(status for status in Status if status not in FINAL)
"""Asked for by name: “not one of the final ones” would read every finished task."""

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.BLOCKED: frozenset({Status.PENDING, Status.PAUSED, Status.CANCELLED}),
    Status.PENDING: frozenset({Status.RUNNING, Status.PAUSED, Status.CANCELLED, Status.FAILED}),
    Status.RUNNING: frozenset(
        {Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.WAITING, Status.PAUSED, Status.PENDING}
    ),
    Status.WAITING: frozenset({Status.PENDING, Status.PAUSED, Status.CANCELLED}),
    Status.PAUSED: frozenset({Status.PENDING, Status.WAITING, Status.BLOCKED, Status.CANCELLED}),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset({Status.PENDING, Status.BLOCKED}),  # a person's retry, nothing else
    Status.CANCELLED: frozenset(),
}


class Control(models.TextChoices):
    """What a person or the platform asks of a running task; it acts at its next host call."""

    NONE = ""
    PAUSE = "pause"
    CANCEL = "cancel"
    EXPIRE = "expire"  # the deadline passed
    DRAIN = "drain"  # its worker is stopping; the task goes on elsewhere


class AttemptOutcome(models.TextChoices):
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    SUSPENDED = "suspended"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DRAINED = "drained"
    CRASHED = "crashed"  # ended without an outcome


class Ancestry(models.TextChoices):
    """How a task was made from another."""

    NONE = ""
    AGAIN = "again"  # the same, with new or edited parameters, from the start
    FORK = "fork"  # with the calls before a step taken over from the ancestor's record


AGEING_SECONDS = 60.0
"""A waiting task gains one point of priority a minute, so nothing starves."""
