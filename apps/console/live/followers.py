"""Who follows what: an open socket, what it was sent and has confirmed, and what it has seen of its task or list."""

import time
from dataclasses import dataclass, field
from typing import Protocol

from apps.console.approvals.inbox import Standing
from apps.console.live import messages
from apps.console.state import TaskState
from apps.tasks.sight import Sight
from apps.tasks.states import Status

WINDOW = 4
"""Messages that a socket may have open before it is asked to confirm."""
PROSPECT_SECONDS = 5.0
"""Between two looks at a pending task to which nothing happens: its place and its expected start move all the same."""
INBOX_SECONDS = 30.0
"""Between two looks at the inbox of one person while nothing is asked or decided: groups change, too."""


class Socket(Protocol):
    """What the hub needs of a connection. `send` must not wait for the network."""

    async def send_text(self, text: str) -> None: ...


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

    async def send(self, body: str) -> None:
        self.number += 1
        if self.waiting_since is None:
            self.waiting_since = time.monotonic()
        await self.socket.send_text(messages.numbered(self.number, body))

    def confirm(self, number: int) -> bool:
        """Whether that makes it ready: what it could not be sent before may go to it now."""
        was_ready = self.is_ready
        self.confirmed = max(self.confirmed, min(number, self.number))
        self.waiting_since = None if self.confirmed == self.number else time.monotonic()
        return self.is_ready and not was_ready


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
    """Follows the rows of a list, and hears of all other tasks that it may see by their ids: of parts if it asked for them."""

    shown: set[int] = field(default_factory=set)
    with_parts: bool = False
    changed: set[int] = field(default_factory=set)

    def take_changed(self) -> set[int]:
        """What to look at now; what changes during the look is for the next."""
        taken, self.changed = self.changed, set()
        return taken


@dataclass(eq=False, kw_only=True)
class InboxFollower(Follower):
    """Follows what is asked of its user. `looked_at`: when, and `mark`: at which mark of all questions, that was read last."""

    shown: Standing | None = None
    mark: str = ""
    looked_at: float = 0.0

    def is_behind(self, mark: str, now: float) -> bool:
        return self.shown is None or self.mark != mark or now - self.looked_at >= INBOX_SECONDS
