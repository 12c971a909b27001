"""The chat's outbox: posts are put in with what they tell of, and leave in the order of their dialog.

1. A post has a key: the same news put in again, after a crash, is no second post.
2. `take` marks a post before it is sent. A sender that dies over it leaves it taken; after TAKEN it is due again.
3. A post that changes (a task's progress) is the same row with a higher `revision`; what it said meanwhile is never sent.
4. Only the first post of a dialog that is on its way may be taken: an answer never overtakes another. A change of what
   is there already is no answer, and waits for nobody.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, Value, When

from apps.chat.content import Content
from apps.chat.models import Account, Dialog, Post, PostKind, PostState
from apps.chat.platforms import platform
from apps.core import hints
from apps.core.masking import mask

TAKEN = timedelta(minutes=2)
"""Longer than a platform can hold a sender up."""
MAX_AGE = timedelta(hours=24)
ANSWER = "answer:"
"""How the id of a post begins that was said in a request's own answer: the platform has no id of it, and changes nothing
of it. What it says later is told with the next answer (`door.replying`)."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(minutes=10)


def put(
    dialog: Dialog,
    key: str,
    content: Content,
    now: datetime,
    *,
    account: Account | None = None,
    about: str = "",
    task_id: int | None = None,
) -> Post:
    """In the caller's transaction. The same key again gives the post that is there, unchanged."""
    post, is_new = Post.objects.get_or_create(
        key=key,
        defaults={
            "dialog": dialog, "account": account, "content": content.to_json(), "about": about[:200],
            "task_id": task_id, "created_at": now, "due_at": now,
        },
    )  # fmt: skip
    if is_new:
        wake()
    return post


def put_file(dialog: Dialog, key: str, artifact_id: int, task_id: int, account: Account | None, now: datetime) -> Post:
    post, is_new = Post.objects.get_or_create(
        key=key,
        defaults={
            "dialog": dialog, "account": account, "kind": PostKind.FILE, "artifact_id": artifact_id,
            "task_id": task_id, "created_at": now, "due_at": now,
        },
    )  # fmt: skip
    if is_new:
        wake()
    return post


def change(post_id: int, content: Content, now: datetime) -> bool:
    """Let the post say this from now on; False where it says so already, or is none any more."""
    data = content.to_json()
    post = Post.objects.select_related("dialog__connection").filter(pk=post_id).first()
    if post is not None and _is_fixed(post):
        data["buttons"] = post.content.get("buttons", [])  # people answer with the numbers that they see
    if post is None or post.content == data or post.state in (PostState.DROPPED, PostState.FAILED):
        return False
    changed = Post.objects.filter(pk=post_id, revision=post.revision)
    if post.external_id.startswith(ANSWER):
        done = changed.update(content=data, revision=F("revision") + 1, sent_at=now)  # looked at so often, and not sent
    elif post.state == PostState.SENT:
        done = changed.filter(state=PostState.SENT).update(
            content=data, revision=F("revision") + 1, state=PostState.WAITING, due_at=now, tries=0
        )
    else:
        done = changed.exclude(state=PostState.SENT).update(content=data, revision=F("revision") + 1)
    if done:
        wake()
    return bool(done)


def _is_fixed(post: Post) -> bool:
    """Whether it has been said where nothing that was said can be changed."""
    if not post.external_id:
        return False
    key = post.dialog.connection.platform
    can_edit = key not in settings.CHAT_PLATFORMS or platform(key).limits.can_edit
    return not can_edit or post.external_id.startswith(ANSWER)


def still(post_id: int, now: datetime) -> None:
    """What the platform shows is what is to be said now, too."""
    Post.objects.filter(pk=post_id, state=PostState.SENT).update(sent_at=now)


def due(now: datetime, most: int, *, connection_id: int) -> list[Post]:
    """The first new post of each of the connection's dialogs, then changes of those that are there, by their turn.

    Tasks that report all the time would else take every place, and answers would never leave.
    """
    earlier = Post.objects.filter(
        dialog=OuterRef("dialog"), external_id="", due_at__isnull=False, pk__lt=OuterRef("pk")
    )
    ready = Post.objects.due(now).filter(dialog__connection=connection_id)
    is_change = Case(When(external_id="", then=Value(0)), default=Value(1), output_field=IntegerField())
    first = ready.exclude(Q(external_id="") & Exists(earlier)).order_by(is_change, "due_at", "id")
    return list(first[:most])


def take(post: Post, now: datetime) -> Post | None:
    """The post as it is now, with its dialog and connection. None when another was first."""
    mine = Post.objects.filter(pk=post.pk, state=post.state, due_at=post.due_at)
    if not mine.update(state=PostState.TAKEN, due_at=now + TAKEN, tries=F("tries") + 1):
        return None
    return Post.objects.select_related("dialog__connection", "account").get(pk=post.pk)


def sent(post: Post, external_id: str, now: datetime) -> None:
    """What the platform has now. Where the post has changed meanwhile, it is due again."""
    with transaction.atomic():
        mine = Post.objects.filter(pk=post.pk, state=PostState.TAKEN, due_at=post.due_at)
        shown: dict[str, Any] = {"external_id": external_id[:200], "shown": post.revision, "sent_at": now, "remark": ""}
        if not mine.filter(revision=post.revision).update(**shown, state=PostState.SENT, due_at=None, tries=0):
            mine.update(**shown, state=PostState.WAITING, due_at=now, tries=0)
    wake()


def take_over(now: datetime, connection_ids: Iterable[int]) -> int:
    """To be called by who is the one sender now: what another had taken, and did not end, is due at once.

    Not of connections whose posts others take, too. A post that was on its way may be sent twice by it, and is not lost.
    """
    taken = Post.objects.filter(state=PostState.TAKEN, dialog__connection__in=list(connection_ids))
    return taken.update(due_at=now)


def put_off(post: Post, why: str, now: datetime, *, after: float | None = None) -> None:
    """Tried again after a pause; given up when that would be too late."""
    pause = (
        timedelta(seconds=after) if after is not None else min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(post.tries, 12))
    )
    if now + pause > post.created_at + MAX_AGE and not post.external_id:
        fail(post, f"Given up after {post.tries} tries: {why}", now)
        return
    _settle(post, state=PostState.WAITING, due_at=now + pause, remark=mask(why, 300))


def fail(post: Post, why: str, now: datetime) -> None:
    _settle(post, state=PostState.FAILED, due_at=None, sent_at=post.sent_at, remark=mask(why, 300))
    wake()


def drop(post: Post, why: str) -> None:
    _settle(post, state=PostState.DROPPED, due_at=None, remark=mask(why, 300))
    wake()


def send_again(post: Post, now: datetime) -> bool:
    """A person's wish for one that failed."""
    return bool(
        Post.objects.filter(pk=post.pk, state=PostState.FAILED).update(
            state=PostState.WAITING, due_at=now, created_at=now, tries=0
        )
    )


def wake() -> None:
    """Tell the service and the chat pages to look, once the transaction is committed."""
    transaction.on_commit(_wake, robust=True)


def _wake() -> None:
    hints.send(hints.CHAT)


def _settle(post: Post, **values: Any) -> None:
    """Nothing where this sender was given up meanwhile, and another has the post."""
    Post.objects.filter(pk=post.pk, state=PostState.TAKEN, due_at=post.due_at).update(**values)
