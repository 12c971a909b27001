"""What tasks are told from outside while they run or wait."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.tasks.models.task import Task


class Message(models.Model):
    """An event that a task waits for, or one that has come: `asked_at`, `told_at`, or both."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="messages", db_index=False)
    name = models.CharField(max_length=100)
    index = models.PositiveIntegerField(null=True, help_text="The call of the script whose answer it is.")
    asked_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    told_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    data = models.JSONField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["task", "index"], condition=Q(index__isnull=False),
                                    name="message_answers_one_call"),
        ]  # fmt: skip
        indexes = [models.Index(fields=["task", "name", "id"], name="message_by_name")]

    def __str__(self) -> str:
        return f"{self.name} for task {self.task_id}"
