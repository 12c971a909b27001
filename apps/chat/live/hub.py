"""One poller for the open chat pages of an event loop: it looks when a hint comes, and every two seconds by itself.

It runs only while a page is open. A page that has not confirmed what it was sent gets nothing until it does.
"""

import asyncio
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar
from weakref import WeakKeyDictionary

import structlog
from django.db import DatabaseError, close_old_connections, connections

from apps.chat.live import reading
from apps.chat.live.followers import ChatFollower
from apps.console.live.looks import Looks
from apps.core import hints
from apps.tasks.sight import Sight

log = structlog.get_logger(__name__)
Answer = TypeVar("Answer")

SAFETY_SECONDS = 2.0
PACE_SECONDS = 0.1
"""Between two rounds: progress is drawn at most ten times a second."""
MOST_LOOKS = 20
"""Dialogs that one round looks at, those first that have waited longest; the next round goes on with the others."""


class ChatHub:
    def __init__(self) -> None:
        self.looks: Looks[tuple[bool, Sight | None]] = Looks()
        self._followers: set[ChatFollower] = set()
        self._due: set[ChatFollower] = set()
        self._woken = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._thread: ThreadPoolExecutor | None = None

    def __len__(self) -> int:
        return len(self._followers)

    def sockets_of(self, user_id: int) -> int:
        return sum(follower.user_id == user_id for follower in self._followers)

    def add(self, follower: ChatFollower) -> None:
        self._followers.add(follower)
        self.poke(follower)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.get_running_loop().create_task(self._poll(), name="chat-poller")

    def remove(self, follower: ChatFollower) -> None:
        self._followers.discard(follower)
        self._due.discard(follower)
        if not self._followers:
            self._woken.set()

    def poke(self, follower: ChatFollower) -> None:
        """Look again soon: it is new, or has confirmed."""
        self._due.add(follower)
        self._woken.set()

    async def closed(self) -> None:
        """Wait until the poller has ended, which it does when the last follower has gone (tests, shutdown)."""
        if self._poller is not None:
            await self._poller

    async def _poll(self) -> None:
        loop = asyncio.get_running_loop()
        listener = hints.Listener(hints.CHAT)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="chat-poller")
        loop.add_reader(listener.fileno(), self._hear, listener)
        next_safety = 0.0
        try:
            while self._followers:
                if time.monotonic() >= next_safety:
                    self._due |= self._followers
                    next_safety = time.monotonic() + SAFETY_SECONDS
                await self._round()
                await asyncio.sleep(PACE_SECONDS)
                await self._rest(next_safety - time.monotonic())
        finally:
            loop.remove_reader(listener.fileno())
            listener.close()
            await self._ask(connections.close_all)
            self._thread.shutdown(wait=False)
            self._poller = None

    def _hear(self, listener: hints.Listener) -> None:
        listener.drain()
        self._due |= self._followers
        self._woken.set()

    async def _rest(self, seconds: float) -> None:
        if any(each.is_ready for each in self._due) or seconds <= 0:
            return
        self._woken.clear()
        try:
            await asyncio.wait_for(self._woken.wait(), timeout=seconds)
        except TimeoutError:
            return

    async def _round(self) -> None:
        ready = sorted((each for each in self._due if each.is_ready), key=lambda each: each.looked_at)[:MOST_LOOKS]
        self._due -= set(ready)
        try:
            for follower in ready:
                await self._tell(follower)
        except DatabaseError as error:
            log.warning("chat_pages_wait_for_the_database", error=str(error))
            await asyncio.sleep(SAFETY_SECONDS)

    async def _tell(self, follower: ChatFollower) -> None:
        follower.looked_at = time.monotonic()
        seen = await self._ask(partial(reading.look, follower.user_id, follower.dialog_id, follower.mark))
        follower.mark = seen.mark
        news = [each for each in seen.items if follower.known.get(each["id"]) != each["version"]]
        if not news or follower not in self._followers:
            return
        follower.known = {each["id"]: each["version"] for each in seen.items}
        await follower.send(json.dumps({"type": "chat", "items": news}, separators=(",", ":")))

    async def _ask(self, question: Callable[[], Answer]) -> Answer:
        """Run in the poller's own thread, with its own connection."""

        def asked() -> Answer:
            close_old_connections()
            return question()

        assert self._thread is not None
        return await asyncio.get_running_loop().run_in_executor(self._thread, asked)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, ChatHub] = WeakKeyDictionary()


def hub() -> ChatHub:
    """This event loop's hub; a web process has one loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = ChatHub()
    return _hubs[loop]
