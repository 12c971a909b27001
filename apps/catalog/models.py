"""What can be run: task templates, and their immutable numbered revisions.

Rows are written by `publishing.py` (and a template's metadata by its admin page); these classes only read and refuse.
"""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q

from apps.catalog.fields import OrderedJSONField
from apps.core import clock
from apps.core.errors import Conflict

RUN = "catalog.run_tasktemplate"
PUBLISH = "catalog.publish_templaterevision"
QUEUE_LENGTH = 50
"""Characters of a queue's name, wherever one is kept."""


def default_triggers() -> dict[str, Any]:
    return {"patterns": [], "keywords": [], "contexts": [], "examples": []}


def default_outputs() -> dict[str, Any]:
    return {"attachments": [], "notifications": {"channels": [], "message": ""}}


def default_schema() -> dict[str, Any]:
    return {"type": "object", "properties": {}, "additionalProperties": False}


def default_retry() -> dict[str, Any]:
    return {"max_attempts": settings.TASK_RETRY_ATTEMPTS, "delays": list(settings.TASK_RETRY_DELAYS)}


class TaskTemplateQuerySet(models.QuerySet["TaskTemplate"]):
    def in_service(self) -> "TaskTemplateQuerySet":
        """Enabled, with a published revision; the revision comes with the row."""
        return self.filter(is_enabled=True, published__isnull=False).select_related("published")

    def runnable_by(self, user: User | AnonymousUser) -> "TaskTemplateQuerySet":
        """Those in service that `user` may start: the permission, and one of the template's groups if it names any."""
        return self.open_to(user) if user.has_perm(RUN) else self.none()

    def open_to(self, user: User | AnonymousUser) -> "TaskTemplateQuerySet":
        """Those in service that `user` could start with the permission to run any."""
        if user.is_superuser:
            return self.in_service()
        groups = TaskTemplate.run_groups.through.objects.filter(tasktemplate=OuterRef("pk"))
        is_mine = Exists(groups.filter(group__in=user.groups.all()))
        return self.in_service().filter(~Exists(groups) | is_mine)


class TaskTemplate(models.Model):
    """A named thing that people can ask for; what it does is in its published revision."""

    key = models.SlugField(
        max_length=64, unique=True, help_text="Stable name for API, commands and files: invoice_report_v2."
    )
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    category = models.CharField(max_length=64, default="general", db_index=True)
    tags = models.JSONField(default=list, blank=True, help_text='A list of words: ["finance", "monthly"].')
    is_enabled = models.BooleanField("enabled", default=True, help_text="Nobody can start a template that is off.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)
    published = models.ForeignKey(
        "TemplateRevision", null=True, blank=True, editable=False, on_delete=models.RESTRICT, related_name="+"
    )
    run_groups = models.ManyToManyField(
        Group,
        blank=True,
        related_name="task_templates",
        help_text="Only members of these groups can start it. None: everybody with the permission to run templates.",
    )

    objects = TaskTemplateQuerySet.as_manager()

    class Meta:
        ordering = ("key",)
        permissions = (("run_tasktemplate", "Can start tasks from templates"),)
        constraints = (models.CheckConstraint(condition=~Q(key=""), name="template_has_key"),)

    def __str__(self) -> str:
        return self.key

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.updated_at = clock.now()
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "updated_at"}
        super().save(*args, **kwargs)

    def is_runnable_by(self, user: User | AnonymousUser) -> bool:
        return TaskTemplate.objects.runnable_by(user).filter(pk=self.pk).exists()


class ImmutableRevision(Conflict):
    """A definition was about to change in place. Make a new revision instead."""

    code = "immutable_revision"

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(f"A revision never changes ({', '.join(sorted(names))}); save a new one instead.")


class TemplateRevisionQuerySet(models.QuerySet["TemplateRevision"]):
    def update(self, **changes: Any) -> int:
        if frozen := changes.keys() - TemplateRevision.MOVABLE:
            raise ImmutableRevision(frozen)
        return super().update(**changes)

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], *args: Any, **kwargs: Any) -> int:
        if frozen := set(fields) - TemplateRevision.MOVABLE:
            raise ImmutableRevision(frozen)
        return super().bulk_update(objs, fields, *args, **kwargs)


class TemplateRevision(models.Model):
    """One immutable, numbered definition of a template. A task pins the revision it was made from.

    After the insert only `status`, `published_at` and `is_tested` move, and only through `publishing.py`.
    A published revision stays published when another takes its place: `template.published` says which one serves.
    """

    class Status(models.TextChoices):
        DRAFT = "draft"
        PUBLISHED = "published"

    MOVABLE = frozenset({"status", "published_at", "is_tested"})

    template = models.ForeignKey(TaskTemplate, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    version = models.CharField(max_length=32, default="1.0.0", help_text="A label for people: 2.1.0.")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    note = models.TextField(blank=True, help_text="What changed, and why.")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT)
    is_tested = models.BooleanField("tested", default=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    published_at = models.DateTimeField(null=True, blank=True)

    kind = models.CharField(max_length=64, default="script")
    script = models.TextField(blank=True)
    graph = OrderedJSONField(default=dict, blank=True, help_text="Of a workflow: its tasks, and what each waits for.")
    parameter_schema = OrderedJSONField(default=default_schema)
    triggers = OrderedJSONField(default=default_triggers)
    outputs = OrderedJSONField(default=default_outputs)
    stages = OrderedJSONField(default=list, blank=True)
    estimated_steps = models.PositiveIntegerField(default=5)
    estimated_seconds = models.PositiveIntegerField(default=300)
    required_tools = models.JSONField(default=list, blank=True)
    memory_mb = models.PositiveIntegerField(default=512)
    is_cpu_intensive = models.BooleanField("CPU-intensive", default=False)
    queue = models.CharField(max_length=QUEUE_LENGTH, default="default")
    priority = models.PositiveSmallIntegerField(default=50, validators=[MinValueValidator(0), MaxValueValidator(100)])
    priority_rules = OrderedJSONField(
        default=list, blank=True, help_text="What priority a task has by its parameters; the first that matches."
    )
    retry = OrderedJSONField(default=default_retry)
    max_calls = models.PositiveIntegerField(default=100_000)
    cpu_seconds = models.PositiveIntegerField(default=300)
    deadline_seconds = models.PositiveIntegerField(null=True, blank=True)
    retention_days = models.PositiveIntegerField(null=True, blank=True)
    limit_key = models.CharField(
        max_length=200, blank=True, help_text="Parameters that make a group for limits: {client_id}, {region}/{year}."
    )
    debounce_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="A request that follows another so soon takes its place. Empty: never."
    )
    debounce_key = models.CharField(
        max_length=200, blank=True, help_text="Which requests follow one another: {client_id}. Empty: the requester's."
    )
    cache_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="An equal request within this time is answered by the earlier task."
    )

    objects = TemplateRevisionQuerySet.as_manager()

    class Meta:
        ordering = ("template", "-number")
        default_permissions = ("add", "view", "delete")
        permissions = (("publish_templaterevision", "Can publish and withdraw revisions"),)
        constraints = (
            models.UniqueConstraint(fields=("template", "number"), name="revision_number_is_unique"),
            models.CheckConstraint(condition=Q(number__gte=1), name="revision_number_from_one"),
            models.CheckConstraint(condition=Q(priority__range=(0, 100)), name="revision_priority_0_to_100"),
            models.CheckConstraint(
                condition=Q(status="draft", published_at__isnull=True)
                | Q(status="published", published_at__isnull=False),
                name="revision_published_has_moment",
            ),
            models.CheckConstraint(
                condition=~Q(kind="") & ~Q(queue="") & ~Q(version=""), name="revision_kind_queue_version_are_named"
            ),
            models.CheckConstraint(
                condition=Q(memory_mb__gte=1) & Q(max_calls__gte=1) & Q(cpu_seconds__gte=1),
                name="revision_limits_are_positive",
            ),
            models.CheckConstraint(
                condition=(Q(debounce_seconds__isnull=True) | Q(debounce_seconds__gte=1))
                & (Q(cache_seconds__isnull=True) | Q(cache_seconds__gte=1)),
                name="revision_windows_are_positive",
            ),
            models.CheckConstraint(
                condition=Q(deadline_seconds__isnull=True) | Q(deadline_seconds__gte=1),
                name="revision_deadline_is_positive",
            ),
        )

    def __str__(self) -> str:
        return f"{self.template.key} revision {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            # A plain save() would write every column, so only saves that name movable ones are let through.
            names = kwargs.get("update_fields")
            frozen = {"all fields"} if names is None else set(names) - self.MOVABLE
            if frozen:
                raise ImmutableRevision(frozen)
        super().save(*args, **kwargs)

    @property
    def is_published(self) -> bool:
        return self.status == self.Status.PUBLISHED

    @property
    def is_in_service(self) -> bool:
        return self.template.published_id == self.pk


class Publication(models.Model):
    """Who put which revision into service, and when; no revision: who took the template out of service."""

    template = models.ForeignKey(TaskTemplate, on_delete=models.CASCADE, related_name="publications")
    revision = models.ForeignKey(TemplateRevision, null=True, on_delete=models.CASCADE, related_name="publications")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-id",)
        default_permissions = ()

    def __str__(self) -> str:
        what = f"revision {self.revision.number}" if self.revision else "nothing"
        return f"{self.template.key}: {what} in service since {self.at:%Y-%m-%d %H:%M}"
