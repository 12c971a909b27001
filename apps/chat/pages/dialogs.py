"""Which dialogs a user may read. One's own always; groups with the permission for dialogs; what others say alone only
with the permissions for incoming messages and posts, which hold the same."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.chat.models import Account, Dialog
from apps.chat.pages import own
from apps.chat.platforms.contract import GROUP, PRIVATE

MOST = 40
"""Dialogs in the list beside the conversation; the admin's own list has them all."""
GROUPS = ("chat.view_dialog",)
EVERYTHING = ("chat.view_dialog", "chat.view_incoming", "chat.view_post")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A line of the list."""

    dialog: Dialog
    name: str
    about: str
    is_current: bool


def readable(user: Any) -> QuerySet[Dialog]:
    """Those that this user may read, their own conversation on the page left out."""
    mine = Account.objects.filter(
        connection=OuterRef("connection"), user=user, private_dialog=OuterRef("external_id")
    ).exclude(private_dialog="")
    seen = Q(Exists(mine), kind=PRIVATE)
    if user.has_perms(GROUPS):
        seen |= Q(kind=GROUP)
    if user.has_perms(EVERYTHING):
        seen |= Q(kind=PRIVATE)
    is_own = Q(connection__key=own.KEY, external_id=own.external_id(user))
    return Dialog.objects.filter(seen).exclude(is_own).select_related("connection")


def since(user: Any, dialog: Dialog) -> datetime | None:
    """From when on this user may read it; None: from its beginning. What was said before an account was theirs was said by
    somebody else."""
    is_own = dialog.connection.key == own.KEY and dialog.external_id == own.external_id(user)
    if is_own or dialog.kind != PRIVATE or user.has_perms(EVERYTHING):
        return None
    mine = Account.objects.filter(connection=dialog.connection_id, user=user, private_dialog=dialog.external_id)
    return mine.order_by("-linked_at").values_list("linked_at", flat=True).first()


def places(user: Any, current: Dialog | None) -> list[Place]:
    """The newest. One query."""
    shown = list(readable(user).order_by("-id")[:MOST])
    if current is not None and current not in shown and current.external_id != own.external_id(user):
        shown.append(current)
    return [
        Place(
            dialog=each,
            name=name(each),
            about=each.connection.name or each.connection.key,
            is_current=current is not None and each.pk == current.pk,
        )
        for each in shown
    ]


def name(dialog: Dialog) -> str:
    return str(dialog.title or dialog.external_id)
