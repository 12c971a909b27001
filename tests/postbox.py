"""A mail server on loopback: accepts, refuses as it is told, or leaves a sender without an answer."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Event
from typing import Any

from aiosmtpd.controller import Controller


class Postbox:
    """`rcpt` and `data` are what it answers; empty: it accepts. `silent`: it keeps the message, and does not say so."""

    def __init__(self) -> None:
        self.accepted: list[tuple[list[str], EmailMessage]] = []
        self.rcpt: dict[str, str] = {}
        self.data = ""
        self.is_silent = False
        self.has_message = Event()
        self.port = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if answer := self.rcpt.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.data:
            return self.data
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.accepted.append((list(envelope.rcpt_tos), message))
        self.has_message.set()
        while self.is_silent:
            await asyncio.sleep(0.05)
        return "250 OK"


@contextmanager
def opened() -> Iterator[Postbox]:
    box = Postbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        box.port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        box.is_silent = False
        controller.stop()
