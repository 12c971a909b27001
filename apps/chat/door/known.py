"""Which connections there are, as this process remembers them: all in one query, every few seconds while it is asked.

A database that does not answer is not waited for: what was known goes on being known, and what nobody has known yet
is `NotKnownYet`.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import structlog
from django.db import Error

from apps.chat.door.gathering import Gathering
from apps.chat.models import Connection
from apps.chat.platforms import platform
from apps.chat.platforms.contract import Platform, Wiring
from apps.chat.wiring import wiring
from apps.core.errors import ChantillyError
from apps.core.sealing import CannotUnseal

log = structlog.get_logger(__name__)

FRESH_SECONDS = 2.0
MISSED_SECONDS = 0.25
"""A key that is not known may be of a moment ago; so soon after the last look nobody looks again."""
PATIENCE = 0.3
"""Seconds that a delivery waits for a look."""


class NotKnownYet(ChantillyError):
    """The database has not answered since this process began, or the connection cannot be used as it is set up."""

    code = "not_known_yet"


@dataclass(frozen=True, kw_only=True)
class Known:
    platform: Platform
    wiring: Wiring


_Found = Mapping[str, Known | str]
"""By keys. A text says why the connection cannot be used."""


class Directory:
    def __init__(self) -> None:
        self._looker: Gathering[None, _Found] = Gathering("chat-known", _look)
        self._found: _Found | None = None
        self._looked_at = self._asked_at = float("-inf")
        self._pending: Future[_Found] | None = None
        self._forgotten = 0

    async def find(self, key: str) -> Known | None:
        """None where there is no connection of this key, or it is off. Raises NotKnownYet."""
        await self._be_younger_than(FRESH_SECONDS)
        if self._found is None or key not in self._found:
            await self._be_younger_than(MISSED_SECONDS)
        if self._found is None:
            raise NotKnownYet("The database does not answer.")
        known = self._found.get(key)
        if isinstance(known, str):
            raise NotKnownYet(known)
        return known

    def forget(self) -> None:
        """What was found may not be so any more: the next one who asks waits for a new look."""
        self._looked_at, self._pending = float("-inf"), None
        self._forgotten += 1

    def stop(self) -> None:
        self._looker.stop()
        self._found = None
        self.forget()

    async def _be_younger_than(self, seconds: float) -> None:
        if time.monotonic() - self._looked_at < seconds:
            return
        if self._pending is None or (self._pending.done() and time.monotonic() - self._asked_at >= MISSED_SECONDS):
            self._asked_at = time.monotonic()
            self._pending = self._looker.put(None)
        # All who wait for one look wait until the same moment; those who come later do not wait at all.
        patience = max(0.0, PATIENCE - (time.monotonic() - self._asked_at))
        pending, asked_at, forgotten = self._pending, self._asked_at, self._forgotten
        waiting = asyncio.wrap_future(pending)
        waiting.add_done_callback(_retrieved)
        await asyncio.wait([waiting], timeout=patience)
        if not pending.done() or asked_at < self._looked_at or forgotten != self._forgotten:
            return
        if pending.exception() is None:
            self._found, self._looked_at = pending.result(), asked_at


def _retrieved(waiting: "asyncio.Future[_Found]") -> None:
    """A look that failed while nobody waited for it any more is no error of anybody's."""
    if not waiting.cancelled():
        waiting.exception()


def _look(asked: Sequence[None]) -> Sequence[_Found]:
    try:
        found = {connection.key: _known(connection) for connection in Connection.objects.in_service()}
    except Error as error:
        log.warning("chat_connections_not_read", error=str(error).strip())
        raise
    return [found] * len(asked)


def _known(connection: Connection) -> Known | str:
    try:
        return Known(platform=platform(connection.platform), wiring=wiring(connection))
    except (KeyError, ImportError, AttributeError) as error:
        why = f"Its platform {connection.platform!r} is not installed: {error}"
    except CannotUnseal as error:
        why = error.message
    log.error("chat_connection_unusable", connection=connection.key, why=why)
    return why


directory = Directory()
