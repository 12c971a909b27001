"""Hints between processes: "look at the database now", by unix datagrams without data.

A hint may be lost, doubled or come for nothing; whoever waits also looks by itself now and then. Each listener owns
one socket in a private directory; a sender writes to all of a topic without blocking and removes dead ones.
One of the listeners may be the host's bridge (workers/supervisor/bridge.py), which carries hints to the other hosts.
"""

import os
import socket
import time
from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path

import structlog
from django.conf import settings

from apps.core import carriers

log = structlog.get_logger(__name__)

WORK = "work"
"""There may be something to claim, or a running task's control changed."""
FEED = "feed"
"""A task's feed has new entries; the payload is the task's id."""
CHAT = "chat"
"""Something came in from a chat, or is to be said there."""
LISTING_SECONDS = 0.05
BRIDGE = "br"
"""How the names of a bridge's sockets begin. Short: the kernel takes paths of 107 bytes."""
MOST_NAMED = 200
"""Ids in one message between hosts; more of them are told as "somewhere"."""


class Listener:
    """Receives the hints of one topic. `fileno()` makes it usable with selectors and event loops."""

    def __init__(self, topic: str, kind: str = "") -> None:
        directory = _directory(topic)
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = directory / f"{kind}{os.getpid()}-{id(self):x}"
        self.path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def drain(self) -> set[int]:
        """Take all hints that have arrived: the ids they named (0 where none was named)."""
        ids: set[int] = set()
        while True:
            try:
                ids.add(int(self._socket.recv(32) or b"0"))
            except BlockingIOError:
                return ids

    def close(self) -> None:
        self._socket.close()
        self.path.unlink(missing_ok=True)


def send(topic: str, task_id: int = 0) -> None:
    """Tell every listener of the topic, here and on other hosts. Never blocks and never fails: hints may be lost."""
    directory = f"{settings.WAKE_DIR}/{topic}"
    listeners = _listeners(directory, int(time.monotonic() / LISTING_SECONDS))
    if listeners:
        _tell(topic, listeners, (task_id,))
    if topic == WORK and not any(name.startswith(BRIDGE) for name in listeners):
        carriers.directly.tell(message("", topic, (task_id,)))


def relay(topic: str, ids: Iterable[int]) -> None:
    """Tell this host's listeners what was heard from another; not the bridges, which would send it back."""
    _tell(topic, local_listeners(topic), ids)


def local_listeners(topic: str) -> list[str]:
    """Who listens on this host, looked up now; without the bridges."""
    return [name for name in _entries(f"{settings.WAKE_DIR}/{topic}") if not name.startswith(BRIDGE)]


def message(origin: str, topic: str, ids: Collection[int]) -> str:
    """A hint as it travels between hosts: who says it, about what, and the ids in question."""
    named = ids if len(ids) <= MOST_NAMED else (0,)
    return f"{origin or '-'} {topic} {','.join(map(str, sorted(named)))}"


def _tell(topic: str, listeners: list[str], ids: Iterable[int]) -> None:
    directory = f"{settings.WAKE_DIR}/{topic}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            for task_id in ids:
                for listener in listeners:
                    _send(sender, f"{directory}/{listener}", b"%d" % task_id)
    except OSError as error:
        # No descriptor, no buffer: what the hint was about has happened, and must not fail for want of the hint.
        log.warning("hint_lost", topic=topic, error=str(error))


@lru_cache(maxsize=8)
def _listeners(directory: str, period: int) -> list[str]:
    """Who listens, looked up once a period: senders on the hot path send thousands of hints a second.

    A bridge comes first: its hint has the longest way, and must not wait until the workers here have looked.
    """
    return sorted(_entries(directory), key=lambda name: not name.startswith(BRIDGE))


def _entries(directory: str) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(directory)]
    except FileNotFoundError:
        return []


def _send(sender: socket.socket, path: str, payload: bytes) -> None:
    try:
        sender.sendto(payload, path)
    except BlockingIOError:
        pass  # its queue is full of hints it has not read yet: it will look anyway
    except (ConnectionRefusedError, FileNotFoundError):
        Path(path).unlink(missing_ok=True)  # the listener died without closing


def _directory(topic: str) -> Path:
    return Path(settings.WAKE_DIR) / topic
