"""Task: what was asked and where it stands. Execution: the narrow row that a running task writes at every step."""

import uuid
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property

from apps.catalog.models import TaskTemplate, TemplateRevision
from apps.core import codec
from apps.tasks.states import FINAL, TRANSITIONS, Control, Status


class TaskQuerySet(models.QuerySet["Task"]):
    def claimable(self, queues: list[str], now: datetime) -> Self:
        """What a worker of these queues may start now, best first."""
        return self.filter(status=Status.PENDING, queue__in=queues, available_at__lte=now).order_by("-rank", "id")

    def due(self, now: datetime) -> Self:
        """Suspended tasks whose timer has run out."""
        return self.filter(status=Status.WAITING, available_at__lte=now)

    def overdue(self, now: datetime) -> Self:
        """Tasks past their deadline that have not ended."""
        return self.filter(deadline__lte=now).exclude(status__in=FINAL)

    def open(self) -> Self:
        return self.exclude(status__in=FINAL)

    def visible_to(self, user: Any) -> Self:
        """Own tasks; with the permission to view tasks, all of them."""
        if not user.is_active:
            return self.none()
        if user.is_staff and user.has_perm("tasks.view_task"):
            return self
        return self.filter(requester=user)


class Task(models.Model):
    """One durable unit of work made from a revision. `lifecycle` is the only writer of `status`."""

    uid = models.UUIDField(default=uuid.uuid4, editable=False)
    template = models.ForeignKey(TaskTemplate, models.PROTECT, related_name="tasks")
    revision = models.ForeignKey(TemplateRevision, models.PROTECT, related_name="tasks")
    kind = models.CharField(max_length=30)
    title = models.CharField(max_length=200)
    instructions = models.TextField(blank=True, help_text="The words in which the task was asked for.")
    origin = models.CharField(max_length=30, help_text="The edge it came through: api, admin, command, chat.")
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="tasks")
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)
    tags = models.JSONField(default=list, blank=True)
    parameters = models.JSONField(default=dict)

    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    status_reason = models.CharField(max_length=300, blank=True)
    queue = models.CharField(max_length=50)
    priority = models.PositiveSmallIntegerField(default=50)
    rank = models.FloatField(help_text="Priority with ageing folded in; higher is claimed first.")
    available_at = models.DateTimeField(help_text="Not to be claimed, or not to be woken, before this moment.")
    paused_from = models.CharField(max_length=10, blank=True, choices=Status.choices)
    deadline = models.DateTimeField(null=True, blank=True)
    delete_after = models.DateTimeField(null=True, blank=True)

    attempt_count = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    crashes = models.PositiveIntegerField(default=0, help_text="Attempts in a row that died without a new step.")
    is_dead_letter = models.BooleanField(default=False)
    result = models.TextField(blank=True, help_text="What the script returned, in the journal's codec.")
    error = models.JSONField(null=True, blank=True)

    estimated_seconds = models.PositiveIntegerField(default=0)
    estimated_steps = models.PositiveIntegerField(default=0)
    complexity = models.CharField(max_length=10, blank=True)

    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = TaskQuerySet.as_manager()
    execution: "Execution"

    class Meta:
        ordering = ["-id"]
        permissions = [
            ("control_task", "Can pause, resume, cancel and retry the tasks of others"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="task_status_is_known"),
            models.CheckConstraint(condition=Q(priority__lte=100), name="task_priority_is_0_to_100"),
            models.CheckConstraint(
                condition=Q(status__in=FINAL, finished_at__isnull=False)
                | (~Q(status__in=FINAL) & Q(finished_at__isnull=True)),
                name="task_is_finished_when_final",
            ),
            models.CheckConstraint(
                condition=Q(is_dead_letter=False) | Q(status=Status.FAILED), name="task_dead_letter_has_failed"
            ),
            models.CheckConstraint(
                condition=Q(status=Status.PAUSED) | Q(paused_from=""), name="task_paused_from_only_when_paused"
            ),
            models.UniqueConstraint(
                fields=["requester", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="task_idempotency_key_is_unique",
            ),
        ]
        indexes = [
            models.Index("queue", F("rank").desc(), "id", name="task_claim", condition=Q(status="pending")),
            models.Index(fields=["status", "-id"], name="task_by_status"),
            models.Index("available_at", name="task_due", condition=Q(status__in=["waiting", "pending"])),
            models.Index(
                "deadline", name="task_deadline", condition=Q(deadline__isnull=False, finished_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} (task {self.pk})"

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    def may_move_to(self, status: Status) -> bool:
        return status in TRANSITIONS[Status(self.status)]

    @cached_property
    def returned(self) -> Any:
        """What the script returned, or None."""
        return codec.decode(self.result) if self.result else None


class Execution(models.Model):
    """The live side of a task: lease, sequence and progress in one narrow row without further indexes.

    Its writes are frequent and fenced by `lease_token`; keeping them off the task's row keeps PostgreSQL's updates
    in place (HOT) and the task's indexes quiet. `lease_token` grows with every claim and every end of an attempt, so
    a worker whose token is no longer the row's can write nothing.
    """

    task = models.OneToOneField(Task, models.CASCADE, primary_key=True, related_name="execution")
    lease_token = models.PositiveBigIntegerField(default=0, db_default=0)
    lease_until = models.FloatField(null=True, help_text="Seconds since 1970 by the database's clock; null = no lease.")
    worker = models.CharField(max_length=100, blank=True, db_default="")
    control = models.CharField(max_length=10, blank=True, db_default="", choices=Control.choices)
    control_reason = models.CharField(max_length=300, blank=True, db_default="")
    control_by = models.CharField(max_length=150, blank=True, db_default="")
    seq = models.PositiveBigIntegerField(default=0, db_default=0, help_text="Last number given out in the task's feed.")
    steps = models.PositiveIntegerField(default=0, db_default=0)
    checkpoint_index = models.PositiveIntegerField(null=True)
    reopened_index = models.PositiveIntegerField(null=True, help_text="The failed step that a retry executes again.")
    reopened_try = models.PositiveIntegerField(null=True)
    percent = models.FloatField(default=0, db_default=0)
    stage = models.CharField(max_length=100, blank=True, db_default="")
    message = models.CharField(max_length=300, blank=True, db_default="")
    line = models.PositiveIntegerField(null=True)
    call = models.CharField(max_length=100, blank=True, db_default="", help_text="The host call in flight.")
    call_started_at = models.DateTimeField(null=True)
    warnings = models.PositiveIntegerField(default=0, db_default=0)
    errors = models.PositiveIntegerField(default=0, db_default=0)
    api_calls = models.PositiveIntegerField(default=0, db_default=0)
    model_tokens = models.PositiveBigIntegerField(default=0, db_default=0)
    memory_bytes = models.PositiveBigIntegerField(default=0, db_default=0, help_text="Peak of the sandbox.")

    def __str__(self) -> str:
        return f"execution of task {self.pk}"
