"""A platform that delivers hundreds of messages a second by the generic webhook, and remembers what was acknowledged."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.platforms import webhook

PATIENCE = 20.0
"""Seconds that an answer is waited for."""


@dataclass(kw_only=True)
class Deliveries:
    """`seconds`: how long each answer took."""

    port: int
    path: str
    marked: str = "e"
    connections: int = 64
    acknowledged: set[str] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    _count: int = 0

    async def steadily(self, rate: float, seconds: float) -> None:
        """So many a second, however long the answers take."""
        began, lines = time.monotonic(), _Lines(self)
        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
                group.create_task(lines.deliver(self._next()))

    async def flood(self, seconds: float) -> None:
        """As many as are answered, each line one after the other."""
        ends, lines = time.monotonic() + seconds, _Lines(self)

        async def one() -> None:
            while time.monotonic() < ends:
                await lines.deliver(self._next())

        await asyncio.gather(*(one() for _ in range(self.connections)))

    def _next(self) -> str:
        self._count += 1
        return f"{self.marked}{self._count}"

    def request(self, event_id: str) -> bytes:
        body = json.dumps({
            "id": event_id, "message_id": f"m-{event_id}", "dialog": "d1", "sender": "u1", "text": f"status {event_id}",
        }).encode()  # fmt: skip
        headers = {**webhook.signed(body), "Host": "127.0.0.1", "Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST {self.path} HTTP/1.1\r\n{lines}\r\n".encode() + body


class _Lines:
    """TCP connections that are kept and used again, as platforms do."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def deliver(self, event_id: str) -> None:
        began = time.monotonic()
        try:
            status = await asyncio.wait_for(self._deliver(event_id), PATIENCE)
        except (OSError, EOFError, TimeoutError) as error:
            self._deliveries.answers[type(error).__name__] += 1
            return
        self._deliveries.seconds.append(time.monotonic() - began)
        self._deliveries.answers[str(status)] += 1
        if status == 200:
            self._deliveries.acknowledged.add(event_id)

    async def _deliver(self, event_id: str) -> int:
        line = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._deliveries.port)
        reader, writer = line
        try:
            writer.write(self._deliveries.request(event_id))
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = next((line for line in head.split("\r\n") if line.startswith("content-length:")), "0:0")
            await reader.readexactly(int(length.partition(":")[2]))
        except BaseException:
            writer.close()
            raise
        self._idle.append(line)
        return int(head.split(" ")[1])
