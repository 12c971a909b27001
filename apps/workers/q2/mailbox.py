"""What Django-Q2's processes share, without locks: one that is killed while it holds a lock holds it for ever.

`multiprocessing.Queue` lets one reader at a time wait at its pipe. When that one is killed, all later workers wait for
ever; a writer that is killed stops the others' answers, and with these their end. The same goes for `multiprocessing.Value`.
"""

import pickle
import select
import socket
from contextlib import AbstractContextManager, nullcontext, suppress
from multiprocessing.sharedctypes import RawValue
from typing import Any

LARGEST = 65_536


class Mailbox:
    """A queue of small messages between a process and its forks; any of them may put and get.

    The kernel hands each message to one reader, whole or not at all. A full mailbox takes no more and says nothing: a
    worker that misses its launch asks again, and one that finds a launch instead of the word to stop has heard SIGTERM.
    """

    def __init__(self) -> None:
        self._out, self._in = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def put(self, message: Any) -> None:
        with suppress(BlockingIOError):
            self._in.send(pickle.dumps(message), socket.MSG_DONTWAIT)

    def get(self) -> Any:
        return pickle.loads(self._out.recv(LARGEST))  # what this process or its forks have put

    def empty(self) -> bool:
        return not select.select([self._out], [], [], 0)[0]

    def qsize(self) -> int:
        """For Django-Q2's statistics, which nobody keeps: whether there is anything."""
        return int(not self.empty())

    def close(self) -> None:
        """Nothing: others may still read. It ends with the processes that have it."""

    def join_thread(self) -> None:
        """Nothing: what is put is there at once."""


class Timer:
    """The number by which Django-Q2's guard knows what a worker does. Each change is one write of four bytes."""

    def __init__(self) -> None:
        self._cell = RawValue("f", -1)

    @property
    def value(self) -> float:
        return float(self._cell.value)

    @value.setter
    def value(self, value: float) -> None:
        self._cell.value = value

    def get_lock(self) -> AbstractContextManager[None]:
        return nullcontext()
