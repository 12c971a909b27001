"""One poller per web process and event loop: it looks when a hint comes, and once a second by itself.

It runs only while a socket is open, asks only about tasks that somebody follows, and gives every follower what lies
after the seq that this follower has. A follower that has not confirmed what it was sent gets nothing until it does;
what happened meanwhile then comes as one message, so a stalled browser costs no memory.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol, TypeVar
from weakref import WeakKeyDictionary

import structlog
from django.db import DatabaseError, close_old_connections, connections

from apps.console import state
from apps.console.live import reading
from apps.console.live.messages import ServerMessage, TaskMessage, TasksMessage
from apps.console.state import TaskState
from apps.core import hints
from apps.tasks.sight import Sight
from apps.tasks.states import Status

log = structlog.get_logger(__name__)
Answer = TypeVar("Answer")

SAFETY_SECONDS = 1.0
"""Between looks when no hint comes."""
PACE_SECONDS = 0.04
"""Between two looks: a task that records hundreds of steps a second is drawn 25 times a second."""
LIST_SECONDS = 0.5
"""Between two looks at lists, which show less and touch more."""
WINDOW = 4
"""Messages that a socket may have open before it is asked to confirm."""
UNKNOWN = 0
"""The id of a hint that names no task."""
PROSPECT_SECONDS = 5.0
"""Between two looks at a pending task to which nothing happens: its place and its expected start move all the same."""
MAX_CHANGED = 500
"""Changed tasks that a list follower is told of at once."""


class Socket(Protocol):
    """What the hub needs of a connection. `send` must not wait for the network."""

    async def send_message(self, message: ServerMessage) -> None: ...


@dataclass(eq=False, kw_only=True)
class Follower:
    socket: Socket
    user_id: int
    number: int = 0
    confirmed: int = 0
    waiting_since: float | None = None
    """When the oldest message that is not confirmed was sent."""

    @property
    def is_ready(self) -> bool:
        return self.number - self.confirmed < WINDOW

    async def send(self, message: ServerMessage) -> None:
        if self.waiting_since is None:
            self.waiting_since = time.monotonic()
        await self.socket.send_message(message)

    def confirm(self, number: int) -> None:
        self.confirmed = max(self.confirmed, min(number, self.number))
        self.waiting_since = None if self.confirmed == self.number else time.monotonic()


@dataclass(eq=False, kw_only=True)
class TaskFollower(Follower):
    """Follows one task from `seq` on. `shown` is the state it was last sent; `sight` what its user may see of others."""

    task_id: int
    seq: int
    sight: Sight
    shown: TaskState | None = None
    told_at: float = 0.0

    def is_behind(self, seq: int, now: float) -> bool:
        if self.shown is None or self.shown["seq"] != seq:
            return True
        return self.shown["status"] == Status.PENDING and now - self.told_at >= PROSPECT_SECONDS


@dataclass(eq=False, kw_only=True)
class ListFollower(Follower):
    """Follows the rows of a list, and hears of all other tasks that it may see by their ids."""

    shown: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)

    def take_changed(self) -> set[int]:
        """What to look at now; what changes during the look is for the next."""
        taken, self.changed = self.changed, set()
        return taken


class Hub:
    def __init__(self) -> None:
        self._tasks: dict[int, set[TaskFollower]] = {}
        self._lists: set[ListFollower] = set()
        self._hinted: set[int] = set()
        self._woken = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._newest = 0
        self._list_seqs: dict[int, int] = {}

    def __len__(self) -> int:
        return sum(map(len, self._tasks.values())) + len(self._lists)

    def sockets_of(self, user_id: int) -> int:
        followers: list[Follower] = [*self._lists, *(each for group in self._tasks.values() for each in group)]
        return sum(follower.user_id == user_id for follower in followers)

    def add(self, follower: TaskFollower | ListFollower) -> None:
        if isinstance(follower, TaskFollower):
            self._tasks.setdefault(follower.task_id, set()).add(follower)
        else:
            self._lists.add(follower)
        self.poke(follower)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.get_running_loop().create_task(self._poll(), name="console-poller")

    def remove(self, follower: TaskFollower | ListFollower) -> None:
        if isinstance(follower, TaskFollower):
            group = self._tasks.get(follower.task_id, set())
            group.discard(follower)
            if not group:
                self._tasks.pop(follower.task_id, None)
        else:
            self._lists.discard(follower)
        if not len(self):
            self._woken.set()

    def poke(self, follower: TaskFollower | ListFollower) -> None:
        """Look again soon: it is new, or has confirmed."""
        if isinstance(follower, TaskFollower):
            self._hinted.add(follower.task_id)
        self._woken.set()

    async def closed(self) -> None:
        """Wait until the poller has ended, which it does when the last follower has gone (tests, shutdown)."""
        if self._poller is not None:
            await self._poller

    async def _poll(self) -> None:
        loop = asyncio.get_running_loop()
        listener = hints.Listener(hints.FEED)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="console-poller")
        loop.add_reader(listener.fileno(), self._hear, listener)
        self._newest = await self._ask(reading.newest_task)
        next_safety = next_lists = time.monotonic()
        try:
            while len(self):
                now = time.monotonic()
                if now >= next_safety:
                    self._hinted |= self._tasks.keys()
                    next_safety = now + SAFETY_SECONDS
                await self._round(lists=now >= next_lists)
                if now >= next_lists:
                    next_lists = now + LIST_SECONDS
                await asyncio.sleep(PACE_SECONDS)
                await self._rest(next_safety - time.monotonic())
        finally:
            loop.remove_reader(listener.fileno())
            listener.close()
            await self._ask(connections.close_all)
            self._thread.shutdown(wait=False)
            self._poller = None

    def _hear(self, listener: hints.Listener) -> None:
        ids = listener.drain()
        if UNKNOWN in ids:
            ids = ids | self._tasks.keys()
        self._hinted |= ids & self._tasks.keys()
        for follower in self._lists:
            follower.changed |= ids - {UNKNOWN}
        self._woken.set()

    async def _rest(self, seconds: float) -> None:
        if not self._hinted and seconds > 0:
            self._woken.clear()
            try:
                await asyncio.wait_for(
                    self._woken.wait(), timeout=min(seconds, LIST_SECONDS if self._lists else seconds)
                )
            except TimeoutError:
                return

    async def _round(self, *, lists: bool) -> None:
        """One look. A database that does not answer is asked again with the next."""
        hinted, self._hinted = self._hinted & self._tasks.keys(), set()
        try:
            if hinted:
                await self._look_at_tasks(hinted)
            if lists and self._lists:
                await self._look_at_lists()
        except DatabaseError as error:
            log.warning("live_pages_wait_for_the_database", error=str(error))
            await asyncio.sleep(SAFETY_SECONDS)

    async def _look_at_tasks(self, task_ids: set[int]) -> None:
        newest, now = await self._ask(lambda: reading.seqs(task_ids)), time.monotonic()
        for task_id, seq in newest.items():
            followers = self._tasks.get(task_id, ())
            behind = [follower for follower in followers if follower.is_ready and follower.is_behind(seq, now)]
            for viewer in {follower.sight for follower in behind}:
                await self._tell(task_id, viewer, [follower for follower in behind if follower.sight == viewer])

    async def _tell(self, task_id: int, viewer: Sight, followers: list[TaskFollower]) -> None:
        after = {follower.seq for follower in followers}
        found = await self._ask(lambda: reading.task(task_id, after, viewer))
        if found is None:
            return
        shown, tails = found
        for follower in followers:
            tail = tails[follower.seq]
            changed = state.changes(follower.shown, shown)
            has_news = follower.shown is None or follower.shown["seq"] != shown["seq"] or state.has_news(changed)
            follower.seq, follower.shown = max(follower.seq, shown["seq"]), shown
            follower.told_at = time.monotonic()
            if not has_news:
                continue
            follower.number += 1
            await follower.send(
                TaskMessage(type="task", number=follower.number, is_reset=tail.is_reset, state=changed, feed=tail.feed,
                            log=tail.log)
            )  # fmt: skip

    async def _look_at_lists(self) -> None:
        await self._note_changes()
        groups: dict[int, list[ListFollower]] = {}
        for follower in list(self._lists):
            if follower.changed and follower.is_ready:
                groups.setdefault(follower.user_id, []).append(follower)
        for user_id, followers in groups.items():
            await self._tell_lists(user_id, followers)

    async def _note_changes(self) -> None:
        """What hints did not say: new tasks, and shown ones that moved."""
        newest = await self._ask(reading.newest_task)
        fresh = set(range(max(self._newest, newest - MAX_CHANGED) + 1, newest + 1))
        self._newest = max(self._newest, newest)
        shown = {task_id for follower in self._lists for task_id in follower.shown}
        seqs = await self._ask(lambda: reading.seqs(shown)) if shown else {}
        moved = {task_id for task_id, seq in seqs.items() if self._list_seqs.get(task_id, seq) != seq}
        self._list_seqs = seqs
        for follower in self._lists:
            follower.changed |= fresh | (moved & follower.shown)

    async def _tell_lists(self, user_id: int, followers: list[ListFollower]) -> None:
        asked = [(follower, follower.take_changed()) for follower in followers]
        changed = sorted(set().union(*(ids for _, ids in asked)))[-MAX_CHANGED:]
        shown = set().union(*(follower.shown for follower in followers))
        rows, others = await self._ask(lambda: reading.visible(user_id, changed, shown))
        for follower, ids in asked:
            mine = [row for row in rows if row["id"] in ids and row["id"] in follower.shown]
            news = [each for each in (*others, *(row["id"] for row in rows)) if each in ids - follower.shown]
            if mine or news:
                follower.number += 1
                await follower.send(TasksMessage(type="tasks", number=follower.number, rows=mine, others=news))

    async def _ask(self, question: Callable[[], Answer]) -> Answer:
        """Run in the poller's own thread, with its own connection."""

        def asked() -> Answer:
            close_old_connections()
            return question()

        assert self._thread is not None
        return await asyncio.get_running_loop().run_in_executor(self._thread, asked)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """This event loop's hub; a web process has one loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
