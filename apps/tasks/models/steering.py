"""What operators set: queues, limits, rates; and what they did: the audit and actions on many tasks."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

from apps.catalog.models import QUEUE_LENGTH, TaskTemplate
from apps.core import clock


class Queue(models.Model):
    """What people decided about a queue. A queue without a row is open and unlimited."""

    name = models.CharField(max_length=QUEUE_LENGTH, unique=True)
    description = models.CharField(max_length=200, blank=True)
    is_paused = models.BooleanField(default=False, help_text="Nothing of it is started; what runs goes on.")
    is_draining = models.BooleanField(default=False, help_text="Takes nothing new; what is there is worked off.")
    reason = models.CharField(max_length=300, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    changed_at = models.DateTimeField(default=clock.now, editable=False)
    resumed_at = models.DateTimeField(
        null=True, editable=False, help_text="Ages in it count from then on, at the earliest."
    )
    max_length = models.PositiveIntegerField(null=True, blank=True, help_text="Pending tasks; more are refused.")
    max_age_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="A task that has been pending for longer is cancelled with that reason."
    )

    class Meta:
        ordering = ["name"]
        permissions = [("control_queue", "Can pause, resume, drain and clean queues")]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="queue_has_a_name"),
            models.CheckConstraint(
                condition=Q(max_length__isnull=True) | Q(max_length__gte=1), name="queue_max_length_is_positive"
            ),
            models.CheckConstraint(
                condition=Q(max_age_seconds__isnull=True) | Q(max_age_seconds__gte=1), name="queue_max_age_is_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.name


def _or_none(name: str) -> Coalesce:
    """Rows that name none are alike in that."""
    return Coalesce(F(name), Value(0), output_field=models.BigIntegerField())


class Limit(models.Model):
    """How many tasks of a group may run at once. What counts is derived from live leases, so nothing can leak.

    The group by scope: all tasks of `queue`; of `template`; of `user` (none named: of each user, with `template` only
    of that template's tasks); of each value of the template's limit key.
    """

    class Scope(models.TextChoices):
        QUEUE = "queue"
        TEMPLATE = "template"
        USER = "user"
        KEY = "key"

    scope = models.CharField(max_length=10, choices=Scope.choices)
    queue = models.CharField(max_length=QUEUE_LENGTH, blank=True)
    template = models.ForeignKey(TaskTemplate, models.CASCADE, null=True, blank=True, related_name="limits")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    most = models.PositiveIntegerField(help_text="Tasks of the group that may run at once; 0 stops the group.")
    is_enabled = models.BooleanField("enabled", default=True)
    note = models.CharField(max_length=200, blank=True, help_text="Why it is there.")

    class Meta:
        ordering = ["scope", "queue", "template", "user"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scope="queue", template__isnull=True, user__isnull=True) & ~Q(queue="")
                | Q(scope="template", queue="", template__isnull=False, user__isnull=True)
                | Q(scope="user", queue="")
                | Q(scope="key", queue="", template__isnull=False, user__isnull=True),
                name="limit_names_its_group",
            ),
            # Not `nulls_distinct=False`, which SQLite does not know.
            models.UniqueConstraint(
                "scope", "queue", _or_none("template"), _or_none("user"), name="limit_is_for_another_group"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} limit {self.most}"


class RateLimit(models.Model):
    """A token bucket in front of an outside service, shared by all processes.

    It refills by the database's clock at the moment it is asked, so a process that dies holds nothing.
    """

    class Unit(models.TextChoices):
        REQUESTS = "requests"
        TOKENS = "tokens"

    service = models.CharField(max_length=50, help_text="What it stands in front of: crm, gemini.")
    unit = models.CharField(max_length=10, choices=Unit.choices, default=Unit.REQUESTS)
    per_second = models.FloatField(help_text="How many come back each second: 1.5; 15 a minute are 0.25.")
    burst = models.FloatField(help_text="How many may go at once after a quiet time.")
    is_enabled = models.BooleanField("enabled", default=True)
    note = models.CharField(max_length=200, blank=True)
    level = models.FloatField(default=0, editable=False, help_text="What was left at `level_at`; negative: promised.")
    level_at = models.FloatField(default=0, editable=False, help_text="Seconds since 1970 by the database's clock.")

    class Meta:
        ordering = ["service", "unit"]
        constraints = [
            models.UniqueConstraint(fields=["service", "unit"], name="rate_is_set_once"),
            models.CheckConstraint(condition=Q(per_second__gt=0) & Q(burst__gte=1), name="rate_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.service}: {self.per_second:g} {self.unit} a second"


class AuditEntry(models.Model):
    """Who did what to queues, limits, workers or many tasks, when and why. Rows are added, never changed.

    What happened to one task is in its feed; this is about everything else.
    """

    at = models.DateTimeField(default=clock.now)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    actor_name = models.CharField(max_length=150, blank=True, help_text="As it was then.")
    verb = models.CharField(max_length=50, help_text="Past tense: queue.paused, limit.changed, worker.drained.")
    subject = models.CharField(max_length=100, help_text="queue:reports, limit:3, worker:oak-17, bulk:5.")
    reason = models.CharField(max_length=300, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        default_permissions = ("view",)
        indexes = [models.Index(fields=["subject", "-id"], name="audit_by_subject")]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("An audit entry never changes.")
        super().save(*args, **kwargs)


class BulkAction(models.Model):
    """One verb for all tasks that matched a filter, worked off in small batches by whoever finds it undone.

    `cursor` is the id of the task that was looked at last, so it goes on where a killed process stopped; `operators.walks`
    says in which order.
    """

    class Status(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        STOPPED = "stopped"

    verb = models.CharField(max_length=20)
    arguments = models.JSONField(default=dict, help_text="reason, priority, queue: what the verb needs.")
    filters = models.JSONField(default=dict, help_text="What the person asked for, as the task list's filters.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RUNNING)
    newest_id = models.PositiveBigIntegerField(help_text="Tasks made after the action was asked for are left alone.")
    is_oldest_first = models.BooleanField(default=False, db_default=False)
    cursor = models.PositiveBigIntegerField(help_text="The task that was looked at last.")
    matched = models.PositiveIntegerField(help_text="How many matched when it was asked for.")
    done = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0, help_text="The verb did not apply to their state.")
    refused = models.PositiveIntegerField(default=0, help_text="The person may not do it to them.")
    skips = models.JSONField(default=dict, help_text="Why, and how many: {'it has ended': 12}.")
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(status="running", finished_at__isnull=True)
                | (~Q(status="running") & Q(finished_at__isnull=False)),
                name="bulk_is_finished_when_it_does_not_run",
            ),
        ]
        indexes = [models.Index("id", name="bulk_undone", condition=Q(status="running"))]

    def __str__(self) -> str:
        return f"{self.verb} {self.matched} tasks"
