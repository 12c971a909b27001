"""What happened to a task: attempts, steps, events, checkpoints and artifacts. Rows are added, not changed.

Steps and events share one numbering (`seq`, given out by the execution's row), and together they are the feed.
Their foreign keys are not constraints of the database: the fence in the same transaction proves that the task's row
is there, and a lookup per step would cost more than the step.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core import codec
from apps.tasks import blobs
from apps.tasks.blobs.checked import Checked
from apps.tasks.models.runs import Run
from apps.tasks.models.task import Task
from apps.tasks.states import AttemptOutcome

WORKFLOW = "workflow"
"""The kind of tasks whose children are nodes of one piece of work."""
MOST_BELOW = 1_000
"""Workflows inside a workflow whose files are listed with it."""


class Attempt(models.Model):
    """One claim of a task by a worker, from claim to outcome."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    lease_token = models.PositiveBigIntegerField()
    worker = models.CharField(max_length=100)
    cluster = models.CharField(max_length=100)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=AttemptOutcome.choices, default=AttemptOutcome.RUNNING)
    reason = models.CharField(max_length=300, blank=True)
    resumed_line = models.PositiveIntegerField(null=True, blank=True)
    resumed_index = models.PositiveIntegerField(null=True, blank=True)
    first_step = models.PositiveIntegerField(default=0, help_text="Steps that were on record when it began.")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["task", "number"], name="attempt_number_is_unique"),
            models.UniqueConstraint(fields=["task", "lease_token"], name="attempt_token_is_unique"),
            models.UniqueConstraint(
                fields=["task"], condition=models.Q(outcome="running"), name="attempt_one_runs_at_a_time"
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="running", ended_at__isnull=True)
                | (~models.Q(outcome="running") & models.Q(ended_at__isnull=False)),
                name="attempt_has_ended_or_runs",
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of task {self.task_id}"


class StepOutcome(models.TextChoices):
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Step(models.Model):
    """One recorded host call: its arguments, its result or error, and how long it took."""

    pk = models.CompositePrimaryKey("task_id", "seq")
    task = models.ForeignKey(Task, models.DO_NOTHING, related_name="steps", db_constraint=False, db_index=False)
    seq = models.PositiveBigIntegerField()
    index = models.PositiveIntegerField()
    try_number = models.PositiveIntegerField(default=1)
    attempt = models.PositiveIntegerField()
    name = models.CharField(max_length=100)
    call_class = models.CharField(max_length=10)
    digest = models.BinaryField(max_length=16, help_text="Of the encoded arguments.")
    arguments = models.TextField(help_text="Encoded, shortened for display.")
    outcome = models.CharField(max_length=10, choices=StepOutcome.choices)
    result = models.TextField(help_text="Encoded result, or the error as {exc_type, message}.")
    codec_version = models.PositiveSmallIntegerField(default=codec.VERSION)
    line = models.PositiveIntegerField(null=True)
    started_at = models.DateTimeField()
    seconds = models.FloatField()
    retries = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["seq"]
        constraints = [
            models.UniqueConstraint(fields=["task", "index", "try_number"], name="step_is_recorded_once"),
        ]

    def __str__(self) -> str:
        return f"step {self.index} of task {self.task_id}: {self.name}"

    @property
    def value(self) -> Any:
        return codec.decode(self.result)


class Event(models.Model):
    """A fact that happened to a task, in the past tense: `task.completed`. The same transaction made it true."""

    pk = models.CompositePrimaryKey("task_id", "seq")
    task = models.ForeignKey(Task, models.DO_NOTHING, related_name="events", db_constraint=False, db_index=False)
    seq = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=50)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, db_index=False)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["seq"]

    def __str__(self) -> str:
        return f"{self.kind} ({self.task_id}:{self.seq})"


class Checkpoint(models.Model):
    """The interpreter's dump while call `index` was announced and not yet answered; loading it announces it again."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="checkpoints", db_constraint=False)
    index = models.PositiveIntegerField()
    generation = models.PositiveBigIntegerField(help_text="Lease token of the attempt that made it.")
    line = models.PositiveIntegerField(null=True)
    interpreter = models.CharField(max_length=50)
    size = models.PositiveIntegerField(help_text="Bytes before compression.")
    data = models.BinaryField()
    mac = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-generation", "-index"]

    def __str__(self) -> str:
        return f"checkpoint {self.index} of task {self.task_id}"


class ArtifactQuerySet(models.QuerySet["Artifact"]):
    def of(self, task: Task) -> "ArtifactQuerySet":
        """The files of a task; of a workflow those of its parts too, and of their parts, in the order in which they were made.

        Whoever sees a workflow sees these: parts that somebody else asked for (none are made so) are not among them.
        """
        if task.kind != WORKFLOW:
            return self.filter(task=task)
        parts = Q(parent__in=[task.pk, *_workflows_below(task.pk)], requester=task.requester_id)
        # By their numbers: an OR over a join would read every file there is.
        makers = Task.objects.filter(Q(pk=task.pk) | parts).order_by()
        return self.filter(task__in=makers.values("pk")).order_by("created_at", "pk")


def _workflows_below(task_id: int) -> list[int]:
    """Workflows that are parts of this one, at any depth; of very many only some."""
    found: list[int] = []
    level = [task_id]
    while level and len(found) < MOST_BELOW:
        below = Run.objects.filter(task__parent__in=level).order_by("pk").values_list("pk", flat=True)
        level = list(below[: MOST_BELOW - len(found)])
        found += level
    return found


class Artifact(models.Model):
    """A file that a task made. The name on disk is always ours; `name` is what people see."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="artifacts")
    index = models.PositiveIntegerField(help_text="The step that made it.")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=30)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=300, help_text="Where the store keeps it.")
    created_at = models.DateTimeField()

    objects = ArtifactQuerySet.as_manager()

    class Meta:
        ordering = ["index", "name"]
        constraints = [
            models.UniqueConstraint(fields=["task", "index", "name"], name="artifact_is_recorded_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def open(self) -> Checked:
        """The content, to be read piece by piece. Raises BlobUnreadable when it is gone, or is not what was written."""
        return blobs.open_checked(self.path, size=self.size, sha256=self.sha256)
