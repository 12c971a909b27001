"""What the chat's poller asks the database for. Runs in its one thread."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model

from apps.chat.models import Dialog
from apps.chat.pages import bubbles, dialogs, own, views
from apps.chat.pages.bubbles import Mark
from apps.core import clock


@dataclass(frozen=True, kw_only=True)
class Look:
    """`items` only where the mark is another than the one that was known."""

    mark: Mark | None
    items: list[dict[str, str]]


def look(user_id: int, dialog_id: int, known: Mark | None) -> Look:
    """A dialog as this user may read it now; nothing of one that they may not."""
    user: Any = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    dialog = find(user, dialog_id) if user is not None else None
    if dialog is None:
        return Look(mark=None, items=[])
    now = clock.now()
    mark = bubbles.mark(dialog, user, now)
    if mark == known:
        return Look(mark=mark, items=[])
    return Look(mark=mark, items=views.items(bubbles.window(dialog, user, now).bubbles))


def find(user: Any, dialog_id: int) -> Dialog | None:
    if dialog_id:
        return dialogs.readable(user).filter(pk=dialog_id).first()
    return own.dialog(user) if own.may_talk(user) else None


def may_follow(user: Any, dialog_id: int) -> bool:
    return find(user, dialog_id) is not None if dialog_id else own.may_talk(user)
