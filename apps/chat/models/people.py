"""Who is who: accounts on platforms that belong to users. `apps.chat.people` writes them."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.chat.models.connections import Connection
from apps.core import clock


class Account(models.Model):
    """Somebody on a platform. Without a user, nobody: such an account gets one polite answer."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="accounts", db_index=False)
    external_id = models.CharField(max_length=200, help_text="The platform's id; names are never compared.")
    shown_name = models.CharField(max_length=200, blank=True, help_text="As the platform shows it.")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="chat_accounts"
    )
    linked_at = models.DateTimeField(null=True, blank=True, editable=False)
    linked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+",
        help_text="The administrator who linked it; empty: a code did.",
    )  # fmt: skip
    private_dialog = models.CharField(max_length=200, blank=True, editable=False, help_text="Where to tell them alone.")
    may_keep = models.BooleanField(
        "misunderstood messages may be kept", default=False,
        help_text="For the authors of templates, so that they can add examples. Its owner decides.",
    )  # fmt: skip
    answered_at = models.DateTimeField(null=True, editable=False, help_text="When an unlinked one was answered last.")
    wrong_codes = models.PositiveSmallIntegerField(default=0, editable=False)
    wrong_since = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="account_is_one_on_its_platform"),
            models.CheckConstraint(
                condition=Q(user__isnull=True) | Q(linked_at__isnull=False), name="account_linked_at_a_moment"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shown_name or self.external_id} on {self.connection_id}"


class LinkCode(models.Model):
    """A code that a signed-in user was shown, and says in the chat; only its digest is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"for {self.user_id}, until {self.expires_at:%H:%M}"
