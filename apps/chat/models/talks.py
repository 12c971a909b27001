"""What is said to us, where, and how far each talk has come. `inbox` and `turns` write these rows."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from apps.chat.models.connections import Connection
from apps.chat.models.people import Account
from apps.core import clock


class Dialog(models.Model):
    """A place on a platform where posts go: a private chat, a channel, a thread."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="dialogs", db_index=False)
    external_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=[("private", "private"), ("group", "group")])
    title = models.CharField(max_length=200, blank=True)
    contexts = models.JSONField(default=list, blank=True, help_text="In addition to the connection's.")
    is_open = models.BooleanField(
        "everybody here may see results", default=False,
        help_text="Of a group: what tasks that are started here produce may be shown here. Otherwise it goes to the"
        " requester alone.",
    )  # fmt: skip
    is_gone = models.BooleanField(default=False, editable=False, help_text="The platform lets us post there no more.")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="dialog_is_one_on_its_platform")
        ]

    def __str__(self) -> str:
        return self.title or self.external_id


class IncomingState(models.TextChoices):
    WAITING = "waiting"
    DONE = "done"
    DROPPED = "dropped"  # from a bot, or of nobody we know
    FAILED = "failed"


class IncomingQuerySet(models.QuerySet["Incoming"]):
    def due(self, now: datetime) -> Self:
        return self.filter(due_at__isnull=False, due_at__lte=now).order_by("id")


class Incoming(models.Model):
    """A message or a pressed button, as it was accepted. One insert, before the platform is answered."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="incoming", db_index=False)
    event_id = models.CharField(max_length=200)
    message_id = models.CharField(max_length=200, blank=True)
    dialog = models.CharField(max_length=200, help_text="The platform's id.")
    dialog_kind = models.CharField(max_length=10)
    sender = models.CharField(max_length=200, help_text="The platform's id of the account.")
    kind = models.CharField(max_length=10)
    text = models.TextField(blank=True)
    data = models.JSONField(default=dict, help_text="The other fields of what arrived.")
    received_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=IncomingState.choices, default=IncomingState.WAITING)
    due_at = models.DateTimeField(null=True, help_text="When it is to be taken, or taken over from who died over it.")
    tries = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    remark = models.CharField(max_length=300, blank=True)

    objects = IncomingQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view",)
        verbose_name = "incoming message"
        constraints = [
            models.UniqueConstraint(fields=["connection", "event_id"], name="incoming_event_is_one"),
            models.UniqueConstraint(
                fields=["connection", "dialog", "message_id", "kind"],
                condition=~Q(message_id="") & Q(kind="message"),
                name="incoming_message_is_one",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", due_at__isnull=False, ended_at__isnull=True)
                | Q(state__in=("done", "dropped", "failed"), due_at__isnull=True, ended_at__isnull=False),
                name="incoming_is_due_or_has_ended",
            ),
        ]
        indexes = [
            models.Index("due_at", name="incoming_due", condition=Q(due_at__isnull=False)),
            models.Index("received_at", name="incoming_received"),
            models.Index(fields=["connection", "dialog", "-id"], name="incoming_of_dialog"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} in {self.dialog}"


class Talk(models.Model):
    """How far the talk with one account in one dialog has come; `language.conversation` reads and makes the state."""

    dialog = models.ForeignKey(Dialog, models.CASCADE, related_name="talks", db_index=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="talks")
    state = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=0, help_text="Counts the turns: who saves an older one is refused.")
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["dialog", "account"], name="talk_is_one")]

    def __str__(self) -> str:
        return f"{self.account} in {self.dialog}"
