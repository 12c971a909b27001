"""What the door received or refused, for the connection's page. Nobody waits for that, and a second of it is one write."""

import threading
from collections import Counter
from collections.abc import Sequence

from django.db import close_old_connections

from apps.chat import events
from apps.chat.door.gathering import Gathering
from apps.chat.models import ConnectionEvent

PACE_SECONDS = 1.0
MOST = 2_000
"""What waits for a database that hangs; more of it is not noted."""

_Noted = tuple[int, ConnectionEvent.Kind, str]
_stopped = threading.Event()


def note(connection_id: int, kind: ConnectionEvent.Kind, text: str) -> None:
    """Returns at once."""
    if len(_noter) < MOST:
        _stopped.clear()
        _noter.put((connection_id, kind, text))


def stop() -> None:
    """When all is written that waits."""
    _stopped.set()
    _noter.stop()


def _note(noted: Sequence[_Noted]) -> Sequence[None]:
    close_old_connections()
    for (connection_id, kind, text), count in Counter(noted).items():
        events.add(connection_id, kind, text, count)
    _stopped.wait(PACE_SECONDS)
    return [None] * len(noted)


_noter: Gathering[_Noted, None] = Gathering("chat-noter", _note, most=MOST)
