"""Connections: where a chat platform is reached, and what happened there lately. `apps.chat.connecting` writes them."""

import json
from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Q

from apps.core import clock, sealing


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def in_service(self) -> "ConnectionQuerySet":
        return self.filter(is_enabled=True)


class Connection(models.Model):
    """One bot on one platform. Its secrets are sealed: they are read for calls, and shown nowhere."""

    key = models.SlugField(max_length=50, unique=True, help_text="Stands in the address that the platform calls.")
    platform = models.CharField(max_length=30)
    name = models.CharField(max_length=100, help_text="What people call it: Finance bot.")
    is_enabled = models.BooleanField("enabled", default=True, help_text="One that is off hears and says nothing.")
    settings = models.JSONField(default=dict, blank=True)
    sealed = models.TextField(default="", blank=True, editable=False)
    contexts = models.JSONField(
        default=list, blank=True, help_text='Words for what is talked of there, for templates\' contexts: ["finance"].'
    )
    cursor = models.CharField(max_length=200, blank=True, editable=False, help_text="Of the last look for news.")
    polled_by = models.CharField(max_length=100, blank=True, editable=False)
    polled_until = models.DateTimeField(null=True, editable=False, help_text="Until then another looks for news.")
    next_send_at = models.DateTimeField(null=True, editable=False, help_text="The platform asked us to wait so long.")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        ordering = ["key"]
        constraints = [models.CheckConstraint(condition=~Q(key=""), name="connection_has_key")]

    def __str__(self) -> str:
        return self.name or self.key

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.updated_at = clock.now()
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "updated_at"}
        super().save(*args, **kwargs)

    @property
    def secrets(self) -> dict[str, str]:
        """Raises sealing.CannotUnseal."""
        found: dict[str, str] = json.loads(sealing.unseal(self.sealed)) if self.sealed else {}
        return found

    def put_secrets(self, secrets: Mapping[str, str]) -> None:
        """Seals them; empty ones are left out. The row is not saved."""
        kept = {name: value for name, value in secrets.items() if value}
        self.sealed = sealing.seal(json.dumps(kept)) if kept else ""


class ConnectionEvent(models.Model):
    """What went well or wrong with a connection; the last ones are kept, without texts that people wrote."""

    class Kind(models.TextChoices):
        RECEIVED = "received"
        REFUSED = "refused"
        SENT = "sent"
        FAILED = "failed"
        CHECKED = "checked"
        INSTALLED = "installed"
        CHANGED = "changed"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="events", db_index=False)
    at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = models.CharField(max_length=300)
    count = models.PositiveIntegerField(default=1, help_text="How often the same happened in a row.")

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["connection", "-id"], name="connection_event_newest")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"
