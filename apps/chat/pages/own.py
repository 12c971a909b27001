"""A signed-in user's own conversation: a connection without a network, and an account that is the user."""

import hashlib
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db.models import QuerySet

from apps.catalog.models import RUN
from apps.chat import inbox, people
from apps.chat.models import Connection, Dialog, Incoming, Post
from apps.chat.platforms.contract import PRIVATE, Arrived
from apps.core.errors import Conflict, InvalidInput, NotPermitted

KEY = "page"
MAX_TEXT = 4_000
MOST_WAITING = 20
"""Messages of one person that wait for an answer; more are refused, and their text is kept in the page."""


def may_talk(user: Any) -> bool:
    return bool(user.is_staff and user.has_perm(RUN))


def external_id(user: Any) -> str:
    """Of the user's dialog; `people.own_account` names it so, too."""
    return f"user-{user.pk}"


def dialog(user: Any) -> Dialog | None:
    """None until something was said in it: looking makes no rows."""
    return dialogs().filter(external_id=external_id(user)).first()


def dialogs() -> QuerySet[Dialog]:
    return Dialog.objects.filter(connection__key=KEY).select_related("connection")


def is_on() -> bool:
    return not Connection.objects.filter(key=KEY, is_enabled=False).exists()


def new_token() -> str:
    """For one form: what is sent with it twice is one message."""
    return uuid4().hex


def say(user: Any, text: str, token: str, now: datetime) -> bool:
    """Whether it is new. Raises InvalidInput, NotPermitted and Conflict; nothing is kept then."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise InvalidInput("Write something first.", fields={"text": "Write something first."})
    if len(text) > MAX_TEXT:
        extra = len(text) - MAX_TEXT
        why = f"The message has {len(text):,} characters; {MAX_TEXT:,} can be sent. Shorten it by {extra:,}."
        raise InvalidInput(why, fields={"text": why})
    event = _event(token, text)
    return _accept(user, Arrived(message_id=event, text=text, **_common(user, event, now)), now)


def press(user: Any, post_id: int, value: str, token: str, now: datetime) -> bool:
    """A button of a post in the user's own dialog. Raises Conflict where it is not there (any more)."""
    post = Post.objects.filter(pk=post_id, dialog__in=dialogs().filter(external_id=external_id(user))).first()
    if post is None or value not in [button.get("value") for button in post.content.get("buttons", ())]:
        raise Conflict("This button is gone: the message has changed meanwhile. Look at it again.")
    event = _event(token, f"{post_id}:{post.revision}:{value}")
    about = post.external_id or post.key
    return _accept(user, Arrived(kind="button", button=value, about=about, **_common(user, event, now)), now)


def _common(user: Any, event: str, now: datetime) -> dict[str, Any]:
    return {
        "event_id": event, "dialog": external_id(user), "dialog_kind": PRIVATE, "sender": str(user.pk),
        "sender_name": user.get_username(), "at": now,
    }  # fmt: skip


def _event(token: str, said: str) -> str:
    """The same form sent with something else is something else."""
    return f"{token[:64]}:{hashlib.sha256(said.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def _accept(user: Any, arrived: Arrived, now: datetime) -> bool:
    if not may_talk(user):
        raise NotPermitted("You may not start tasks, so there is nothing to talk about. Ask an administrator.")
    connection, _ = Connection.objects.get_or_create(key=KEY, defaults={"platform": KEY, "name": "Chat page"})
    if not connection.is_enabled:
        raise Conflict("The chat page is switched off. An administrator can enable it among the chat connections.")
    waiting = Incoming.objects.filter(connection=connection, sender=str(user.pk), due_at__isnull=False)
    if waiting.count() >= MOST_WAITING:
        raise Conflict(f"{MOST_WAITING} of your messages wait for an answer. Wait for them, then send this one again.")
    account = people.own_account(connection, user, now)
    Dialog.objects.get_or_create(
        connection=connection, external_id=account.private_dialog, defaults={"kind": PRIVATE, "title": str(user)[:200]}
    )
    return bool(inbox.accept(connection.pk, [arrived], now))
