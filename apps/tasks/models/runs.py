"""How far a workflow is: its run, its nodes that are no longer waiting for the first time, and the values of its context.

Written by `executors.workflow.running` only, under the lease of the task that runs the workflow.
"""

from django.db import models
from django.db.models import Q

from apps.tasks.models.task import Task


class Run(models.Model):
    """One for each task that runs a workflow. Counts are of nodes."""

    task = models.OneToOneField(Task, models.CASCADE, primary_key=True, related_name="run")
    version = models.PositiveIntegerField(default=0, help_text="Grows with each transaction that moves the run on.")
    generation = models.PositiveIntegerField(default=0, help_text="How often it was repaired.")
    began_at = models.DateTimeField(help_text="When it began, or was last repaired: from then on it waits.")
    ended_at = models.DateTimeField(null=True)
    rest_until = models.DateTimeField(
        null=True, help_text="While more of it runs, an end wakes it no sooner than then."
    )
    values_until = models.DateTimeField(null=True, help_text="When the values of its context go, once it has ended.")
    results_until = models.DateTimeField(null=True, help_text="When what its nodes' tasks returned goes.")
    is_forgotten = models.BooleanField(default=False, help_text="They have gone: a repair repeats everything.")
    is_retried = models.BooleanField(default=False, help_text="A person has it tried again: it is repaired first.")
    total = models.PositiveIntegerField()
    running = models.PositiveIntegerField(default=0)
    completed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0, help_text="Or cancelled by another node.")
    work_done = models.FloatField(default=0, help_text="Of its estimated work, the share that is over: 0 to 1.")

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["values_until"], condition=Q(values_until__isnull=False), name="run_values_until"),
            models.Index(fields=["results_until"], condition=Q(results_until__isnull=False), name="run_results_until"),
        ]

    def __str__(self) -> str:
        return f"run of task {self.task_id}"

    @property
    def waiting(self) -> int:
        return max(0, self.total - self.running - self.completed - self.failed - self.skipped)


class Node(models.Model):
    """What became of a node of a run. One that has not been touched yet has no row: it waits."""

    class State(models.TextChoices):
        WAITING = "waiting"  # for the next try or round, or again after a repair
        READY = "ready"  # for its turn, when only so many may run at once
        RUNNING = "running"
        CHECKING = "checking"  # somebody judges its result
        COMPLETED = "completed"
        FAILED = "failed"
        SKIPPED = "skipped"
        CANCELLED = "cancelled"  # by another node

    task = models.ForeignKey(Task, models.CASCADE, related_name="nodes", db_index=False)
    number = models.PositiveIntegerField(help_text="Place in the graph.")
    version = models.PositiveIntegerField(help_text="The run's when it was last written.")
    state = models.CharField(max_length=10, choices=State.choices)
    outcome = models.CharField(max_length=10, default="", help_text="success, warning, info or recovered.")
    because = models.CharField(
        max_length=12, default="", help_text="Why it was skipped or failed: condition, choice, failure, timeout …"
    )
    reason = models.CharField(max_length=300, default="")
    error = models.JSONField(null=True)
    generation = models.PositiveIntegerField(default=0, help_text="How often it was begun anew by a repair.")
    round = models.PositiveIntegerField(default=1)
    tries = models.PositiveIntegerField(default=0)
    began_at = models.DateTimeField(null=True, help_text="When it was started for the first time in this generation.")
    due_at = models.DateTimeField(null=True, help_text="When the next try or round begins.")
    ended_at = models.DateTimeField(null=True)
    notes = models.JSONField(default=dict, help_text="absent: keys without value; refused: keys that reject; warnings.")

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["task", "number"], name="node_of_task")]
        indexes = [models.Index(fields=["task", "version"], name="node_by_version")]

    def __str__(self) -> str:
        return f"node {self.number} of task {self.task_id}"


class Value(models.Model):
    """A value of a run's context: who wrote it, and when. The current one of its key, and those before it."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="values", db_index=False)
    key = models.CharField(max_length=64)
    node = models.PositiveIntegerField(null=True, help_text="The node that wrote it; null: an input or an event.")
    round = models.PositiveIntegerField(default=1)
    is_current = models.BooleanField(default=True)
    text = models.TextField(null=True, help_text="As the codec encodes it; null: dropped.")
    size = models.PositiveIntegerField(help_text="Characters of the text.")
    written_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["task", "key"], condition=Q(is_current=True), name="value_is_one_of_its_key"
            )
        ]
        indexes = [models.Index(fields=["task", "id"], name="value_of_task")]

    def __str__(self) -> str:
        return f"{self.key} of task {self.task_id}"
