"""What we say: the outbox of the chat, and the tasks whose progress is told there."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from apps.chat.models.people import Account
from apps.chat.models.talks import Dialog


class PostKind(models.TextChoices):
    MESSAGE = "message"
    FILE = "file"


class PostState(models.TextChoices):
    WAITING = "waiting"
    TAKEN = "taken"
    SENT = "sent"
    DROPPED = "dropped"
    FAILED = "failed"


ON_THE_WAY = (PostState.WAITING, PostState.TAKEN)


class PostQuerySet(models.QuerySet["Post"]):
    def due(self, now: datetime) -> Self:
        return self.filter(due_at__isnull=False, due_at__lte=now).order_by("id")


class Post(models.Model):
    """A message or a file. A message that changes is the same row: `revision` counts what it says, `shown` what the
    platform has of it."""

    dialog = models.ForeignKey(Dialog, models.CASCADE, related_name="posts", db_index=False)
    account = models.ForeignKey(
        Account, models.SET_NULL, null=True, related_name="+", help_text="Whom it answers; empty: everybody there."
    )
    key = models.CharField(max_length=150, unique=True, help_text="The same news again is the same post.")
    kind = models.CharField(max_length=10, choices=PostKind.choices, default=PostKind.MESSAGE)
    content = models.JSONField(default=dict)
    about = models.CharField(max_length=200, blank=True, help_text="The platform's id of the message that it answers.")
    task_id = models.BigIntegerField(null=True, help_text="The task that it tells of; it may have been removed.")
    artifact_id = models.BigIntegerField(null=True)
    revision = models.PositiveIntegerField(default=1)
    shown = models.PositiveIntegerField(default=0)
    external_id = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=PostState.choices, default=PostState.WAITING)
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, help_text="When the platform took what it shows now.")
    remark = models.CharField(max_length=300, blank=True)

    objects = PostQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ON_THE_WAY, due_at__isnull=False)
                | Q(state__in=("sent", "dropped", "failed"), due_at__isnull=True),
                name="post_is_due_or_has_ended",
            ),
            models.CheckConstraint(condition=Q(shown__lte=models.F("revision")), name="post_shows_what_it_says"),
        ]
        indexes = [
            models.Index("due_at", name="post_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["dialog", "-id"], name="post_of_dialog"),
            models.Index("created_at", name="post_created"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} to {self.dialog_id}"


class Following(models.Model):
    """A task that is told of in a dialog: one message that changes, then what came of it."""

    task_id = models.BigIntegerField(help_text="It may have been removed.")
    dialog = models.ForeignKey(Dialog, models.CASCADE, related_name="followings", db_index=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="followings")
    post = models.ForeignKey(Post, models.SET_NULL, null=True, related_name="+", help_text="The message that changes.")
    seq = models.BigIntegerField(default=-1, help_text="How far of the task's feed it has told.")
    is_over = models.BooleanField(default=False)
    tries = models.PositiveSmallIntegerField(default=0, help_text="Looks in a row that failed.")
    due_at = models.DateTimeField(null=True, help_text="Not looked at before this: the last look failed.")
    locale = models.CharField(max_length=10, default="en")
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["task_id", "dialog", "account"], name="following_is_one")]
        indexes = [models.Index("task_id", name="following_live", condition=Q(is_over=False))]

    def __str__(self) -> str:
        return f"task {self.task_id} in {self.dialog_id}"


class Told(models.Model):
    """That a person was asked in a chat to decide something; the post is edited when it is decided."""

    approval_id = models.BigIntegerField()
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    post = models.ForeignKey(Post, models.CASCADE, related_name="+")
    mark = models.CharField(max_length=80, help_text="Which asking it was: the first, a reminder, an escalation.")
    is_over = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["account", "approval_id", "mark"], name="told_once_of_each_asking")
        ]
        indexes = [models.Index("approval_id", name="told_open", condition=Q(is_over=False))]

    def __str__(self) -> str:
        return f"approval {self.approval_id}, to {self.account_id}"
