"""Requests and connections as platforms are given them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from apps.chat.platforms.contract import Hook, Wiring


def hook(body: bytes, headers: Mapping[str, str], *, now: datetime | None = None, rest: str = "") -> Hook:
    lower = {name.lower(): value for name, value in headers.items()}
    return Hook(method="POST", headers=lower, query={}, body=body, now=now or datetime.now(UTC), rest=rest)


def wired(secrets: Mapping[str, str], **settings: Any) -> Wiring:
    url = "https://chantilly.example.org/chat/hooks/finance"
    return Wiring(id=1, key="finance", name="Finance bot", settings=settings, secrets=secrets, hook_url=url)
