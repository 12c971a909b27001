"""Requests that made no task of their own, because another task is their answer."""

from django.conf import settings
from django.db import models

from apps.catalog.models import TemplateRevision
from apps.tasks.models.task import Task


class Window(models.Model):
    """A task whose template debounces: what follows before it starts takes its place (`debounce`)."""

    task = models.OneToOneField(Task, models.CASCADE, primary_key=True, related_name="window")
    digest = models.BinaryField(max_length=16, help_text="Of template, requester and the value of the debounce key.")
    requests = models.PositiveIntegerField(default=1, help_text="How many it stands for.")

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["digest", "-task"], name="window_by_digest")]

    def __str__(self) -> str:
        return f"window of task {self.task_id}"


class AnsweredKey(models.Model):
    """An idempotency key of a template that caches or debounces: its task may have been made by another request."""

    requester = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=200)
    task = models.ForeignKey(Task, models.CASCADE, related_name="answered_keys")
    revision = models.ForeignKey(TemplateRevision, models.CASCADE, related_name="+", db_index=False)
    digest = models.BinaryField(max_length=16, help_text="Of what was asked for, as that revision completes it.")

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["requester", "key"], name="answered_key_is_unique")]

    def __str__(self) -> str:
        return self.key
