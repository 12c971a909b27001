"""From the outbox to the platforms: one post at a time for each connection, at the pace that its platform allows.

1. New posts of a dialog leave in their order; edits replace what is shown and never overtake the post itself.
2. A platform that asks us to wait is not asked again before, for any dialog; what waits stays in its order.
3. What a platform refuses for good is given up, and said in the connection's events.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from apps.chat import events, outbox
from apps.chat.content import Content
from apps.chat.models import Connection, ConnectionEvent, Dialog, Post, PostKind
from apps.chat.platforms import platform
from apps.chat.platforms.contract import Limits, Platform, PlatformError, Wiring
from apps.chat.wiring import wiring
from apps.core import clock
from apps.core.errors import ChantillyError
from apps.tasks.models import Artifact

log = structlog.get_logger("chantilly.chat")
Kind = ConnectionEvent.Kind
BATCH = 50
PIECE = 1024 * 1024
MOST_BROKEN = 5
"""Tries of a post that our own code for the platform cannot send."""
UNSEALED_SECONDS = 30.0
"""Between two looks whether a secret that cannot be read can be."""
ANSWER_SECONDS = 5.0
"""Where the platform's request is answered by our post: so long the answer is left to the request."""


@dataclass
class Bucket:
    """A leaky bucket: `burst` at once, then `per_second`."""

    limits: Limits
    level: float = 0.0
    at: float = field(default_factory=time.monotonic)

    def wait(self) -> float:
        """Seconds until one more may go; 0.0 takes it."""
        now = time.monotonic()
        self.level = max(0.0, self.level - (now - self.at) * self.limits.per_second)
        self.at = now
        if self.level + 1 > self.limits.burst:
            return (self.level + 1 - self.limits.burst) / self.limits.per_second
        self.level += 1
        return 0.0


class Sender:
    """Sends the posts of one connection. One thread of one process uses it."""

    def __init__(self, connection_id: int) -> None:
        self.connection_id = connection_id
        self._bucket: Bucket | None = None
        self._last: dict[int, float] = {}
        self._quiet_until = 0.0

    def turn(self, is_ending: Callable[[], bool] = lambda: False) -> float:
        """Send what may go now. Returns seconds until something more may be due."""
        if (quiet := self._quiet_until - time.monotonic()) > 0:
            return quiet
        connection = Connection.objects.in_service().filter(pk=self.connection_id).first()
        if connection is None:
            return 5.0
        now = clock.now()
        if connection.next_send_at is not None and connection.next_send_at > now:
            return (connection.next_send_at - now).total_seconds()
        service = platform(connection.platform)
        bucket = self._bucket = self._bucket or Bucket(service.limits)
        try:
            wired = wiring(connection)
        except ChantillyError as error:
            events.note(connection, Kind.FAILED, error.message)
            self._quiet_until = time.monotonic() + UNSEALED_SECONDS
            return UNSEALED_SECONDS
        pause = 1.0
        for post in outbox.due(now, BATCH, connection_id=connection.pk):
            if is_ending():
                break
            if (wait := self._not_yet(post, service.limits, now)) > 0:
                pause = min(pause, wait)
                continue
            if (wait := bucket.wait()) > 0:
                return wait
            if (mine := outbox.take(post, clock.now())) is not None:
                self._last[mine.dialog_id] = time.monotonic()
                if (asked := self._send(mine, connection, service, wired)) is not None:
                    return asked
                pause = 0.0
        return pause

    def _not_yet(self, post: Post, limits: Limits, now: datetime) -> float:
        """Seconds that this post has to wait for itself: for its dialog's pace, for an edit's, for the request."""
        since = time.monotonic() - self._last.get(post.dialog_id, -1e9)
        wait = limits.dialog_seconds - since
        if post.external_id and post.sent_at is not None:
            wait = max(wait, limits.edit_seconds - (now - post.sent_at).total_seconds())
        elif limits.answers_in_response and post.key.startswith("in:"):
            wait = max(wait, ANSWER_SECONDS - (now - post.created_at).total_seconds())
        return wait

    def _send(self, post: Post, connection: Connection, service: Platform, wired: Wiring) -> float | None:
        """Returns for how many seconds the platform wants to be left alone; None when it does not."""
        try:
            external_id = deliver(post, service, wired)
        except PlatformError as error:
            return self._failed(post, connection, error)
        except Exception as error:
            # A platform's file broke its promise: no other post is held up by it.
            log.exception("chat_post_failed", post_id=post.pk)
            self._broke(post, f"{type(error).__name__}: {error}")
            return None
        outbox.sent(post, external_id, clock.now())
        events.note(connection, Kind.SENT, "a post")
        return None

    def _broke(self, post: Post, why: str) -> None:
        """What is no word of the platform's comes again, more often than not: what stands behind it is not kept waiting."""
        if post.tries < MOST_BROKEN:
            outbox.put_off(post, why, clock.now())
        else:
            outbox.fail(post, why, clock.now())

    def _failed(self, post: Post, connection: Connection, error: PlatformError) -> float | None:
        now = clock.now()
        events.note(connection, Kind.FAILED, error.message)
        log.warning("chat_post_not_sent", post_id=post.pk, tries=post.tries, error=error.message)
        if error.is_permanent:
            outbox.fail(post, error.message, now)
            return None
        outbox.put_off(post, error.message, now, after=error.retry_after)
        if error.retry_after is None:
            return None
        Connection.objects.filter(pk=connection.pk).update(next_send_at=now + timedelta(seconds=error.retry_after))
        return error.retry_after


def deliver(post: Post, service: Platform, wired: Wiring) -> str:
    """Returns the platform's id of the message. Raises PlatformError."""
    dialog: Dialog = post.dialog
    if dialog.is_gone:
        raise PlatformError("We were sent away from this dialog.", is_permanent=True)
    key = f"{post.key}.{post.pk}"
    if post.kind == PostKind.FILE:
        return _deliver_file(post, service, wired, key)
    content = Content.from_json(post.content)
    if post.external_id:
        if service.limits.can_edit and not post.external_id.startswith(outbox.ANSWER):
            # else what is shown stays; the end is a post of its own
            service.edit(wired, dialog.external_id, post.external_id, content)
        return post.external_id
    return service.send(wired, dialog.external_id, content, key=key, about=post.about)


def _deliver_file(post: Post, service: Platform, wired: Wiring, key: str) -> str:
    artifact = Artifact.objects.filter(pk=post.artifact_id or 0).first()
    if artifact is None:
        raise PlatformError("The file has been removed.", is_permanent=True)
    if artifact.size > service.limits.file_bytes:
        raise PlatformError("The file is larger than the platform takes.", is_permanent=True)
    with artifact.open() as file:
        data = b"".join(iter(lambda: file.read(PIECE), b""))
    return service.send_file(wired, post.dialog.external_id, artifact.name, artifact.content_type, data, key=key)
