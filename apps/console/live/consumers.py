"""The websockets of the pages: who may open one, what it may send, and when it is closed.

Close codes: 4400 not understood, 4401 not signed in (any more), 4404 nothing there that this user may see, 4408 too
slow, 4429 too many; 1003 and 1009 as the protocol has them.
"""

import asyncio
import time
from importlib import import_module
from typing import Any, Protocol
from urllib.parse import parse_qs

import structlog
from channels.auth import get_user
from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError

from apps.console.live.followers import Follower, InboxFollower, ListFollower, TaskFollower
from apps.console.live.hub import hub
from apps.console.live.looks import Looks
from apps.console.live.messages import MAX_FRAME, NotUnderstood, Show, parse
from apps.tasks import sight
from apps.tasks.models import Task
from apps.tasks.sight import Sight

log = structlog.get_logger(__name__)

CHECK_SECONDS = 8.0
"""Between two looks at the session and the permission."""
SHARED = 0.25
"""The part of it for which the sockets of one session that follow the same share one look."""
SLOW_SECONDS = 20.0
"""How long a client may leave what it was sent unconfirmed."""
FRAMES_PER_SECOND = 20.0
BURST = 60.0
SOCKETS_PER_USER = 100
"""A page has up to two: its own, and that of the menu's number."""
NOT_UNDERSTOOD, SIGNED_OUT, NOT_FOUND, TOO_SLOW, TOO_MANY = 4400, 4401, 4404, 4408, 4429
NO_BINARY, TOO_LARGE = 1003, 1009


class Poller(Protocol):
    """What looks at the database for the sockets of one event loop."""

    looks: Looks[tuple[bool, Sight | None]]

    def sockets_of(self, user_id: int) -> int: ...

    def add(self, follower: Any) -> None: ...

    def remove(self, follower: Any) -> None: ...

    def poke(self, follower: Any) -> None: ...


class LiveConsumer(AsyncWebsocketConsumer):
    follower: Follower | None = None
    _watch: asyncio.Task[None] | None = None
    _allowance = BURST
    _counted_at = 0.0

    async def connect(self) -> None:
        """A refusal before accept() answers the handshake with 403."""
        user = await self._user()
        viewer = await self.sight_of(user) if user is not None else None
        if user is None or viewer is None:
            await self.close()
            return
        if self.poller.sockets_of(user.pk) >= SOCKETS_PER_USER:
            await self.close(TOO_MANY)
            return
        await self.accept()
        self._counted_at = time.monotonic()
        self.follower = self.make_follower(viewer)
        self.poller.add(self.follower)
        self._watch = asyncio.get_running_loop().create_task(self._keep_watch())

    async def disconnect(self, code: int) -> None:
        if self.follower is not None:
            self.poller.remove(self.follower)
        if self._watch is not None:
            self._watch.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if not self._is_within_rate():
            await self._end(TOO_MANY)
        elif text_data is None:
            await self._end(NO_BINARY)
        elif len(text_data) > MAX_FRAME:
            await self._end(TOO_LARGE)
        else:
            await self._understand(text_data)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Without channels' visit to the database's thread before each frame: ours ask for what they need, and most nothing."""
        await getattr(self, get_handler_name(message))(message)

    @property
    def poller(self) -> Poller:
        return hub()

    async def send_text(self, text: str) -> None:
        await self.send(text_data=text)

    async def sight_of(self, user: Any) -> Sight | None:
        """What the user may see; None where that is not what this socket follows."""
        raise NotImplementedError

    def make_follower(self, viewer: Sight) -> Follower:
        raise NotImplementedError

    def show(self, message: Show) -> None:
        """Only lists can be told what they show."""
        raise NotUnderstood

    async def _understand(self, text: str) -> None:
        if self.follower is None:
            return
        try:
            message = parse(text)
            if message["type"] == "show":
                self.show(message)
            elif not self.follower.confirm(message["number"]):
                return
        except NotUnderstood:
            await self._end(NOT_UNDERSTOOD)
            return
        self.poller.poke(self.follower)

    def _is_within_rate(self) -> bool:
        now = time.monotonic()
        self._allowance = min(BURST, self._allowance + (now - self._counted_at) * FRAMES_PER_SECOND)
        self._counted_at = now
        self._allowance -= 1
        return self._allowance >= 0

    async def _keep_watch(self) -> None:
        """A session that was revoked, a permission taken away or a client that does not keep up end the socket."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            key = (self.scope["session"].session_key, self.scope["path"])
            try:
                is_signed_in, viewer = await self.poller.looks.share(key, self._look, CHECK_SECONDS * SHARED)
            except DatabaseError as error:  # nobody gets anything from it now; asked again as soon as it may be back
                log.warning("socket_not_checked", error=str(error))
                continue
            if not is_signed_in:
                await self._end(SIGNED_OUT)
                return
            if viewer is None:
                await self._end(NOT_FOUND)
                return
            if isinstance(self.follower, TaskFollower):
                self.follower.sight = viewer
            if _is_slow(self.follower):
                await self._end(TOO_SLOW)
                return

    async def _look(self) -> tuple[bool, Sight | None]:
        """Whether somebody is signed in, and what they may see."""
        user = await self._user()
        return user is not None, await self.sight_of(user) if user is not None else None

    async def _end(self, code: int) -> None:
        if self.follower is not None:
            self.poller.remove(self.follower)
            self.follower = None
        await self.close(code)

    async def _user(self) -> Any | None:
        """Whom the session stands for at this moment, read from the database; None for nobody."""
        key = self.scope["session"].session_key
        if not key:
            return None
        user = await get_user({"session": _sessions()(key)})
        return user if user.is_authenticated and user.is_active else None


class TaskConsumer(LiveConsumer):
    """`ws/tasks/<id>/?after=<seq>`: one task, from the seq that the page has."""

    @property
    def task_id(self) -> int:
        return int(self.scope["url_route"]["kwargs"]["task_id"])

    @database_sync_to_async
    def sight_of(self, user: Any) -> Sight | None:
        seen = sight.of(user)
        return seen if Task.objects.visible_to(seen).filter(pk=self.task_id).exists() else None

    def make_follower(self, viewer: Sight) -> TaskFollower:
        given = parse_qs(self.scope.get("query_string", b"").decode("latin1")).get("after", ["0"])[0]
        seq = int(given) if given.isascii() and given.isdigit() and len(given) < 16 else 0
        return TaskFollower(socket=self, user_id=viewer.user_id or 0, sight=viewer, task_id=self.task_id, seq=seq)


class ListConsumer(LiveConsumer):
    """`ws/tasks/`: the rows of a list that the page names, and word of all others."""

    @database_sync_to_async
    def sight_of(self, user: Any) -> Sight | None:
        return sight.of(user) if user.is_staff else None

    def make_follower(self, viewer: Sight) -> ListFollower:
        return ListFollower(socket=self, user_id=viewer.user_id or 0)

    def show(self, message: Show) -> None:
        if isinstance(self.follower, ListFollower):
            self.follower.shown, self.follower.with_parts = set(message["tasks"]), message["parts"]
            self.follower.changed |= self.follower.shown


class InboxConsumer(LiveConsumer):
    """`ws/approvals/`: what is asked of its user; whoever may see the pages may follow their own."""

    @database_sync_to_async
    def sight_of(self, user: Any) -> Sight | None:
        return sight.of(user) if user.is_staff else None

    def make_follower(self, viewer: Sight) -> InboxFollower:
        return InboxFollower(socket=self, user_id=viewer.user_id or 0)


def _sessions() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore


def _is_slow(follower: Follower | None) -> bool:
    since = follower.waiting_since if follower else None
    return since is not None and time.monotonic() - since > SLOW_SECONDS
