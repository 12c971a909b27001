"""Another program on loopback: it takes what we say by the generic webhook, as docs/chat/webhook.md describes it, and
signs what its people say. It shares no code with what it checks."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.platforms.loopback import Given, Loopback, Request

SECRET = "5f0c1d2e" * 8
HEADER = "X-Chantilly-Signature"
KINDS = {
    "message": {"connection", "type", "key", "dialog", "to", "about", "text", "content"},
    "edit": {"connection", "type", "message_id", "dialog", "to", "text", "content"},
    "file": {"connection", "type", "key", "dialog", "to", "file"},
    "ping": {"connection", "type"},
}


def signed(body: bytes, *, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    """The headers of a request with this body."""
    moment = int(time.time() if at is None else at)
    mark = hmac.new(secret.encode(), str(moment).encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", HEADER: f"t={moment},v1={mark}"}


def said(text: str, **more: Any) -> bytes:
    """What somebody wrote, as the other program tells it."""
    return json.dumps({"id": f"e-{time.time_ns()}", "dialog": "d-1", "sender": "u-1", "text": text, **more}).encode()


@dataclass
class Program(Loopback):
    secret: str = SECRET
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By the Idempotency-Key: the same one again changes nothing."""

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.messages.values() if message["type"] == "message"]

    def answer(self, request: Request) -> Given:
        if not self._is_signed(request):
            return Given(status=401)
        said = json.loads(request.body)
        key = request.headers.get("idempotency-key", "")
        if not key or said.keys() != KINDS.get(said.get("type", ""), set()):
            return Given(status=400)
        if key not in self.messages:
            self.messages[key] = said
        number = list(self.messages).index(key)
        return Given(body=json.dumps({"message_id": f"m-{number}"}).encode())

    def _is_signed(self, request: Request) -> bool:
        parts: Mapping[str, str] = dict(
            part.split("=", 1) for part in request.headers.get(HEADER.lower(), "").split(",") if "=" in part
        )
        moment = parts.get("t", "")
        wanted = hmac.new(self.secret.encode(), moment.encode() + b"." + request.body, hashlib.sha256).hexdigest()
        return moment.isdigit() and abs(time.time() - int(moment)) < 300 and parts.get("v1") == wanted


@contextmanager
def serving() -> Iterator[Program]:
    program = Program()
    with program.serving():
        yield program
