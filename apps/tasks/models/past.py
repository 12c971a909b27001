"""What stays of tasks that were removed: a line for each, and totals for statistics."""

from django.db import models

from apps.catalog.models import TaskTemplate


class Tombstone(models.Model):
    """A task that was removed: its old address answers when and why it went. Holds no parameters and no results."""

    task_id = models.BigIntegerField(primary_key=True)
    uid = models.UUIDField()
    template_key = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    requester_id = models.BigIntegerField(null=True)
    status = models.CharField(max_length=10)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    removed_at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    is_cleared = models.BooleanField(default=False, help_text="Its feed and its files are gone too.")

    class Meta:
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["removed_at"], name="tombstone_by_removal"),
            models.Index("task_id", name="tombstone_to_clear", condition=models.Q(is_cleared=False)),
        ]

    def __str__(self) -> str:
        return f"task {self.task_id}, removed {self.removed_at:%Y-%m-%d}"


class TaskTotal(models.Model):
    """What the removed tasks of a template add up to, by the day on which they ended and by how they ended."""

    day = models.DateField()
    template = models.ForeignKey(TaskTemplate, models.CASCADE, related_name="+")
    status = models.CharField(max_length=10)
    count = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    steps = models.PositiveBigIntegerField(default=0)
    seconds_waited = models.FloatField(default=0)
    seconds_worked = models.FloatField(default=0)
    longest_seconds = models.FloatField(default=0)
    model_tokens = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["-day", "template", "status"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["day", "template", "status"], name="total_is_kept_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.count} {self.status}"
