"""One poller per web process and event loop: it looks when a hint comes, and once a second by itself.

It runs only while a socket is open, asks only about tasks that somebody follows, and gives every follower what lies
after the seq that this follower has. A follower that has not confirmed what it was sent gets nothing until it does;
what happened meanwhile then comes as one message, so a stalled browser costs no memory.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar
from weakref import WeakKeyDictionary

import structlog
from django.db import DatabaseError, close_old_connections, connections

from apps.console import state
from apps.console.approvals import inbox
from apps.console.live import messages, reading
from apps.console.live.followers import Follower, InboxFollower, ListFollower, TaskFollower
from apps.console.live.looks import Looks
from apps.console.live.messages import ApprovalsMessage, TaskMessage, TasksMessage
from apps.console.live.reading import Tail
from apps.console.state import TaskState
from apps.core import hints
from apps.tasks.sight import Sight

log = structlog.get_logger(__name__)
Answer = TypeVar("Answer")

SAFETY_SECONDS = 1.0
"""Between looks when no hint comes."""
PACE_SECONDS = 0.04
"""Between two looks: a task that records hundreds of steps a second is drawn 25 times a second."""
LIST_SECONDS = 0.5
"""Between two looks at lists, which show less and touch more."""
UNKNOWN = 0
"""The id of a hint that names no task."""
MAX_CHANGED = 500
"""Changed tasks that a list follower is told of at once."""
MAX_PEOPLE = 10
"""People whose inboxes one round looks at: pages of tasks wait so long. The next round goes on with the others."""


class Hub:
    def __init__(self) -> None:
        self.looks: Looks[tuple[bool, Sight | None]] = Looks()
        self._tasks: dict[int, set[TaskFollower]] = {}
        self._lists: set[ListFollower] = set()
        self._inboxes: set[InboxFollower] = set()
        self._inboxes_wait = False
        self._hinted: set[int] = set()
        self._woken = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._newest = 0
        self._list_seqs: dict[int, int] = {}

    def __len__(self) -> int:
        return sum(map(len, self._tasks.values())) + len(self._lists) + len(self._inboxes)

    def sockets_of(self, user_id: int) -> int:
        followers: list[Follower] = [
            *self._lists,
            *self._inboxes,
            *(each for group in self._tasks.values() for each in group),
        ]
        return sum(follower.user_id == user_id for follower in followers)

    def add(self, follower: Follower) -> None:
        if isinstance(follower, TaskFollower):
            self._tasks.setdefault(follower.task_id, set()).add(follower)
        elif isinstance(follower, ListFollower):
            self._lists.add(follower)
        elif isinstance(follower, InboxFollower):
            self._inboxes.add(follower)
        self.poke(follower)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.get_running_loop().create_task(self._poll(), name="console-poller")

    def remove(self, follower: Follower) -> None:
        if isinstance(follower, TaskFollower):
            group = self._tasks.get(follower.task_id, set())
            group.discard(follower)
            if not group:
                self._tasks.pop(follower.task_id, None)
        elif isinstance(follower, ListFollower):
            self._lists.discard(follower)
        elif isinstance(follower, InboxFollower):
            self._inboxes.discard(follower)
        if not len(self):
            self._woken.set()

    def poke(self, follower: Follower) -> None:
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
        if not self._hinted and not self._inboxes_wait and seconds > 0:
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
        inboxes, self._inboxes_wait = lists or self._inboxes_wait, False
        try:
            if hinted:
                await self._look_at_tasks(hinted)
            if lists and self._lists:
                await self._look_at_lists()
            if inboxes and self._inboxes:
                await self._look_at_inboxes()
        except DatabaseError as error:
            log.warning("live_pages_wait_for_the_database", error=str(error))
            await asyncio.sleep(SAFETY_SECONDS)

    async def _look_at_tasks(self, task_ids: set[int]) -> None:
        newest, now = await self._ask(lambda: reading.seqs(task_ids)), time.monotonic()
        for task_id, seq in newest.items():
            followers = self._tasks.get(task_id, ())
            behind = [follower for follower in followers if follower.is_ready and follower.is_behind(seq, now)]
            if behind:
                await self._tell(task_id, behind)

    async def _tell(self, task_id: int, followers: list[TaskFollower]) -> None:
        """One read for all of them; those who may see the same and lack the same are sent the same text."""
        by_sight: dict[Sight, list[TaskFollower]] = {}
        for follower in followers:
            by_sight.setdefault(follower.sight.reach, []).append(follower)
        look = await self._ask(lambda: reading.task(task_id, {each.seq for each in followers}, by_sight))
        if look is None:
            return
        for viewer, alike in by_sight.items():
            for group in _by_what_they_have(alike):
                await _send(group, look.states[viewer], look.tails[group[0].seq])

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
        found = await self._ask(lambda: reading.visible(user_id, changed, shown))
        for follower, ids in asked:
            mine = [row for row in found.rows if row["id"] in ids and row["id"] in follower.shown]
            wanted = ids - follower.shown if follower.with_parts else ids - follower.shown - found.parts
            news = [each for each in (*found.others, *(row["id"] for row in found.rows)) if each in wanted]
            if mine or news:
                await follower.send(messages.body(TasksMessage(type="tasks", rows=mine, others=news)))

    async def _look_at_inboxes(self) -> None:
        """One look at all open questions; then at those of the people who lack something, longest waiting first."""
        mark, now = await self._ask(inbox.mark), time.monotonic()
        behind: dict[int, list[InboxFollower]] = {}
        for follower in list(self._inboxes):
            if follower.is_ready and follower.is_behind(mark, now):
                behind.setdefault(follower.user_id, []).append(follower)
        waiting = sorted(behind.items(), key=lambda each: min(follower.looked_at for follower in each[1]))
        self._inboxes_wait = len(waiting) > MAX_PEOPLE
        for user_id, followers in waiting[:MAX_PEOPLE]:
            standing = await self._ask(partial(reading.standing, user_id))
            for follower in followers:
                follower.mark, follower.looked_at = mark, now
                if follower.shown != standing:
                    follower.shown = standing
                    await follower.send(messages.body(ApprovalsMessage(type="approvals", **standing)))

    async def _ask(self, question: Callable[[], Answer]) -> Answer:
        """Run in the poller's own thread, with its own connection."""

        def asked() -> Answer:
            close_old_connections()
            return question()

        assert self._thread is not None
        return await asyncio.get_running_loop().run_in_executor(self._thread, asked)


def _by_what_they_have(followers: Iterable[TaskFollower]) -> list[list[TaskFollower]]:
    """Those that were last shown the very same state, and have the same feed."""
    groups: dict[tuple[int, int], list[TaskFollower]] = {}
    for follower in followers:
        groups.setdefault((id(follower.shown), follower.seq), []).append(follower)
    return list(groups.values())


async def _send(group: list[TaskFollower], shown: TaskState, tail: Tail) -> None:
    before = group[0].shown
    changed = state.changes(before, shown)
    has_news = before is None or before["seq"] != shown["seq"] or state.has_news(changed)
    body = messages.body(
        TaskMessage(type="task", is_reset=tail.is_reset, state=changed, feed=tail.feed, log=tail.log, nodes=tail.nodes)
    )
    for follower in group:
        follower.seq, follower.shown = max(follower.seq, shown["seq"]), shown
        follower.told_at = time.monotonic()
        if has_news:
            await follower.send(body)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """This event loop's hub; a web process has one loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
