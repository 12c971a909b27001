"""Notices: what people are told outside of the pages, and who wants none. `apps.tasks.outbox` is the only writer."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.tasks.models.approvals import Approval
from apps.tasks.models.task import Task


class NoticeState(models.TextChoices):
    WAITING = "waiting"
    TAKEN = "taken"  # somebody sends it; if they die over it, it is due again
    SENT = "sent"
    DROPPED = "dropped"  # there was nothing left to tell
    FAILED = "failed"


ON_THE_WAY = (NoticeState.WAITING, NoticeState.TAKEN)


class NoticeQuerySet(models.QuerySet["Notice"]):
    def due(self, now: datetime) -> Self:
        """To be sent now, those that wait longest first; also those over which a sender has died."""
        return self.filter(due_at__isnull=False, due_at__lte=now).order_by("due_at", "id")


class Notice(models.Model):
    """One event, told to one person by one channel. Text and link are made when it is sent."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="notices", help_text="Of the approval; goes with it.")
    approval = models.ForeignKey(Approval, models.CASCADE, related_name="notices", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    channel = models.CharField(max_length=20)
    act = models.CharField(max_length=20, help_text="asked, reminded, escalated, delegated, decided or expired.")
    at = models.DateTimeField(help_text="When that happened.")
    state = models.CharField(max_length=10, choices=NoticeState.choices, default=NoticeState.WAITING)
    due_at = models.DateTimeField(
        null=True, help_text="The next try; of one that is taken, when its sender is given up."
    )
    tries = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    remark = models.CharField(max_length=300, blank=True, help_text="Why it was dropped, or what went wrong last.")

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["approval", "person", "channel", "act", "at"], name="notice_is_one_an_event"
            ),
            models.CheckConstraint(
                condition=Q(state__in=ON_THE_WAY, due_at__isnull=False, ended_at__isnull=True)
                | Q(state__in=("sent", "dropped", "failed"), due_at__isnull=True, ended_at__isnull=False),
                name="notice_is_due_or_has_ended",
            ),
        ]
        indexes = [models.Index("due_at", name="notice_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"approval {self.approval_id} {self.act}, to {self.person}"


class NoticeChoice(models.Model):
    """What a person has chosen; who has no row is told."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="notice_choice"
    )
    by_email = models.BooleanField("told by e-mail", default=True)

    class Meta:
        default_permissions = ()
        verbose_name = "choice of notices"
        verbose_name_plural = "choice of notices"

    def __str__(self) -> str:
        return f"{self.person}: {'told by e-mail' if self.by_email else 'no e-mail'}"
