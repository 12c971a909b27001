"""A thread that does at once what many wait for: one commit, one fsync, one query for all of them."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from django.db import connections

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Gathering(Generic[Item, Answer]):
    """`work` gets all that wait, in their order, and answers each; what it raises, each of them gets."""

    def __init__(self, name: str, work: Callable[[Sequence[Item]], Sequence[Answer]], most: int = 500) -> None:
        self._name, self._work, self._most = name, work, most
        self._waiting: list[tuple[Item, Future[Answer]]] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_stopped = False
        self._began: float | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, item: Item) -> "Future[Answer]":
        """Cancel the future to withdraw what has not begun."""
        future: Future[Answer] = Future()
        with self._changed:
            self._waiting.append((item, future))
            if self._thread is None:
                self._is_stopped = False
                self._thread = threading.Thread(target=self._live, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()
        return future

    def at_work(self) -> float:
        """For how many seconds it has been doing the same."""
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

    def stop(self) -> None:
        """Do what waits, end the thread and close its connections; `put` begins anew."""
        with self._changed:
            thread, self._thread, self._is_stopped = self._thread, None, True
            self._changed.notify()
        if thread is not None:
            thread.join()

    def _live(self) -> None:
        while taken := self._take():
            self._began = time.monotonic()
            self._do([pair for pair in taken if pair[1].set_running_or_notify_cancel()])
            self._began = None
        connections.close_all()

    def _take(self) -> list[tuple[Item, "Future[Answer]"]]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_stopped)
            taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            return taken

    def _do(self, taken: Sequence[tuple[Item, "Future[Answer]"]]) -> None:
        if not taken:
            return
        try:
            answers = self._work([item for item, _ in taken])
        except Exception as error:  # whatever it is: those who wait are told, and the thread goes on
            connections.close_all()  # a connection may be what is broken
            for _, future in taken:
                future.set_exception(error)
        else:
            for (_, future), answer in zip(taken, answers, strict=True):
                future.set_result(answer)
