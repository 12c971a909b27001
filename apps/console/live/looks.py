"""Looks at the database that several sockets need at about the same time: one of them makes it, the others share it."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

Seen = TypeVar("Seen")


class Looks(Generic[Seen]):
    """Of one event loop."""

    def __init__(self) -> None:
        self._made: dict[Hashable, tuple[float, asyncio.Task[Seen]]] = {}

    async def share(self, key: Hashable, look: Callable[[], Coroutine[Any, Any, Seen]], seconds: float) -> Seen:
        """What a look for this key that began at most so many seconds ago has seen; else what a new one sees."""
        now = time.monotonic()
        self._made = {each: made for each, made in self._made.items() if now - made[0] < seconds}
        if key not in self._made:
            self._made[key] = (now, asyncio.get_running_loop().create_task(look()))
        return await asyncio.shield(self._made[key][1])  # who made it may go away meanwhile
