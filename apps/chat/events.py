"""What happened to connections, for their page: the last ones, equal ones in a row counted, never a text that people wrote."""

import threading
import time

from django.db import DatabaseError
from django.db.models import F

from apps.chat.models import Connection, ConnectionEvent
from apps.core import clock
from apps.core.masking import mask

KEPT = 200
"""Events of a connection that are kept."""
PACE = 1.0
"""Seconds between two writes of what happens often."""
OFTEN = frozenset({ConnectionEvent.Kind.SENT, ConnectionEvent.Kind.RECEIVED, ConnectionEvent.Kind.REFUSED})

_lock = threading.Lock()
_counted: dict[tuple[int, str, str], int] = {}
_written: dict[tuple[int, str, str], float] = {}


def note(connection: Connection, kind: str, text: str) -> None:
    """Write it down; what happens often is counted, and written once a second at most. Never fails."""
    key = (connection.pk, str(kind), mask(text, 300))
    with _lock:
        _counted[key] = _counted.get(key, 0) + 1
        if kind in OFTEN and time.monotonic() - _written.get(key, -PACE) < PACE:
            return
        count = _counted.pop(key)
        _written[key] = time.monotonic()
        if len(_written) > 1_000:
            _written.clear()
    add(*key, count)


def add(connection_id: int, kind: str, text: str, count: int) -> None:
    """The same, so many times, for who counts by itself."""
    try:
        _write((connection_id, str(kind), mask(text, 300)), count)
    except DatabaseError:
        return  # what it is about has happened; the log has it


def _write(key: tuple[int, str, str], count: int) -> None:
    connection_id, kind, text = key
    now = clock.now()
    mine = ConnectionEvent.objects.filter(connection_id=connection_id)
    last = mine.order_by("-id").first()
    if last is not None and (last.kind, last.text) == (kind, text):
        mine.filter(pk=last.pk).update(at=now, count=F("count") + count)
        return
    row = ConnectionEvent.objects.create(connection_id=connection_id, at=now, kind=kind, text=text, count=count)
    if row.pk % 50 == 0:
        old = mine.order_by("-id").values_list("pk", flat=True)[KEPT:]
        mine.filter(pk__in=list(old)).delete()
