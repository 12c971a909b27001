"""Where what arrived is kept: the database in the time that there is for it, else the spool."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from enum import Enum

import structlog
from django.db import Error

from apps.chat import inbox
from apps.chat.door import spool
from apps.chat.door.gathering import Gathering
from apps.chat.inbox import Parcel
from apps.core import clock

log = structlog.get_logger(__name__)

PATIENCE = 0.4
"""Seconds that a delivery waits for the database. Counted from when the writer began what it is at: all that wait
behind a database that hangs go to the spool at that moment, in their order."""
DISK_PATIENCE = 2.0
"""Seconds that the disk has: platforms wait for three or more, and deliver again what was not acknowledged."""
AGAIN_SECONDS = 1.0
"""Until the spool is tried again."""


class Kept(Enum):
    IN_ROWS = "in rows"
    IN_SPOOL = "in the spool"
    GONE = "its connection is gone"
    NOWHERE = "neither the database nor the disk could keep it"


def _write(parcels: Sequence[Parcel]) -> list[Kept]:
    """What came before first, lest an answer overtakes its question."""
    spool.drain()
    return [Kept.GONE if made is None else Kept.IN_ROWS for made in inbox.accept_each(parcels)]


_writer: Gathering[Parcel, Kept] = Gathering("chat-writer", _write)
_spooler: Gathering[Parcel, bool] = Gathering("chat-spooler", spool.write)
_again: threading.Timer | None = None


async def keep(parcel: Parcel) -> Kept:
    """Only IN_ROWS and IN_SPOOL may be acknowledged."""
    future = _writer.put(parcel)
    try:
        return await asyncio.wait_for(asyncio.wrap_future(future), max(0.0, PATIENCE - _writer.at_work()))
    except TimeoutError:
        why = f"no answer for {_writer.at_work():.1f} s"
    except Error as error:
        why = str(error).strip()
    return await _keep_on_disk(parcel, why)


def resume() -> None:
    """What a server that was killed has left in the spool becomes rows."""
    if spool.waiting():
        _try_again_later("The server before this one left something in the spool.")


def stop() -> None:
    """End the threads; what comes later starts them anew."""
    global _again
    if _again is not None:
        _again.cancel()
        _again = None
    _writer.stop()
    _spooler.stop()


async def _keep_on_disk(parcel: Parcel, why: str) -> Kept:
    try:
        is_kept = await asyncio.wait_for(asyncio.wrap_future(_spooler.put(parcel)), DISK_PATIENCE)
    except (OSError, TimeoutError) as error:
        log.error("chat_spool_lost", error=str(error), database=why)
        return Kept.NOWHERE
    _try_again_later(why)
    return Kept.IN_SPOOL if is_kept else Kept.NOWHERE


def _try_again_later(why: str) -> None:
    """Without a further delivery, too, what lies in the spool becomes rows as soon as that can be."""
    global _again
    if _again is None:
        log.warning("chat_spool_in_use", why=why)
        _again = threading.Timer(AGAIN_SECONDS, _try_again)
        _again.daemon = True
        _again.start()


def _try_again() -> None:
    global _again
    _again = None
    _writer.put(Parcel(connection_id=0, arrived=(), received_at=clock.now())).add_done_callback(_look)


def _look(future: "Future[Kept]") -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        _try_again_later(str(error).strip())
