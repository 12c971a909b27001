"""What a task waits for when it waits for others: its children, counted in one row for all that it waits for together."""

from django.db import models
from django.db.models import Q

from apps.tasks.models.task import Task

WANTS_ITS_WORKFLOW = Q(node__isnull=False) & (
    Q(due_at__isnull=False, taken_at__isnull=True)
    | Q(made__lt=models.F("total"), taken_at__isnull=True)
    | Q(outstanding__gt=0, taken_at__isnull=False)
)
"""It is due; or an attempt died before all its tasks were made; or nobody waits any more for those that are left."""


class Branch(models.Model):
    """Children that one task waits for together: those of one node of a workflow, or of one call of a script.

    The counts change in the transaction in which a child ends (`record.branches`), so that nobody counts children.
    """

    task = models.ForeignKey(Task, models.CASCADE, related_name="branches", db_index=False)
    name = models.CharField(
        max_length=100,
        help_text="Number of the call that waits for it; of a workflow's node n3.0.1.1: with generation,"
        " round and try.",
    )
    node = models.PositiveIntegerField(null=True, help_text="The node of the workflow that it carries out.")
    total = models.PositiveIntegerField(help_text="Children that it has, or will have once all are made.")
    made = models.PositiveIntegerField(default=0, help_text="Of them, those whose rows exist.")
    outstanding = models.PositiveIntegerField(help_text="Of them, those that have not ended.")
    failed = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    at_once = models.PositiveIntegerField(null=True, help_text="So many may run at once; null: all.")
    time_limit_ms = models.PositiveBigIntegerField(
        null=True, help_text="How long each may take from when a worker begins it; null: without a limit."
    )
    deadline = models.DateTimeField(
        null=True, help_text="Where there is a time limit: when each is cancelled, whether or not it could begin."
    )
    at_least = models.PositiveIntegerField(
        null=True, help_text="It succeeds with so many completed; null: with all. 0: with any."
    )
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, help_text="When all had ended, or it could not succeed any more.")
    taken_at = models.DateTimeField(null=True, help_text="When the workflow took note of that.")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        verbose_name_plural = "branches"
        constraints = [
            models.UniqueConstraint(fields=["task", "name"], name="branch_name_is_unique_in_task"),
            models.CheckConstraint(condition=Q(outstanding__lte=models.F("total")), name="branch_outstanding_of_total"),
        ]
        indexes = [models.Index(fields=["task"], condition=WANTS_ITS_WORKFLOW, name="branch_wants_its_workflow")]

    def __str__(self) -> str:
        return f"{self.name} of task {self.task_id}"

    @property
    def completed(self) -> int:
        return self.total - self.outstanding - self.failed - self.cancelled

    @property
    def needed(self) -> int:
        """How many must be completed."""
        return self.total if self.at_least is None else min(self.at_least, self.total)

    @property
    def is_lost(self) -> bool:
        """So many have failed that what is left cannot make it succeed any more."""
        return self.completed + self.outstanding < self.needed
