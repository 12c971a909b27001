"""Connections to the Bitrix24 on loopback, something of everything to say, and how calls fail."""

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from apps.chat.content import Button, Content, Link, Row
from apps.chat.platforms import contract
from apps.chat.platforms.bitrix24 import Bitrix24
from apps.chat.platforms.contract import Hook, PlatformError, Wiring
from tests.platforms import bitrix24 as loopback

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
STAMP = NOW.timestamp()
PORTAL = "some-domain.bitrix24.ru"
PATH = "a-secret-path-of-24-bytes"
platform: contract.Platform = Bitrix24()
EVERYTHING = Content(
    title="Invoice report",
    text="March is [b]done[/b].\n>> not a quote\n[2023] stays",
    rows=(Row(label="Client", value="Meyer [user=all]x[/user]", note="from [i]you[/i]"), Row(label="Paid", value="")),
    notes=("Takes about a minute.",),
    links=(Link(label="Open]", url="https://example.org/[7]"), Link(label="Odd", url="javascript:alert(1)")),
    buttons=(Button(label="Yes", value="confirm:7", style="primary"), Button(label="No", value="x", style="danger")),
    percent=40,
)


def wiring(*, url: str = f"https://{PORTAL}/rest/1/{loopback.CODE}/", secrets: Any = None, **settings: str) -> Wiring:
    """A connection that is installed, and to which events are sent."""
    kept = {"bot_token": "t" * 40, "path_secret": PATH, "application_token": loopback.APPLICATION_TOKEN}
    known = {"mode": "webhook", "bot_id": "456", "member_id": loopback.MEMBER, "installation": ""}
    return Wiring(
        id=1, key="finance", name="Finance bot", hook_url="https://chantilly.example.org/chat/hooks/finance",
        settings=known | settings, secrets={"webhook_url": url} | kept | (secrets or {}),
    )  # fmt: skip


def hook(body: bytes, *, rest: str = PATH, now: datetime = NOW, method: str = "POST") -> Hook:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Hook(method=method, headers=headers, query={}, body=body, now=now, rest=rest)


def merged(tree: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    tree = copy.deepcopy(tree)
    for name, value in changes.items():
        tree[name] = (
            merged(tree[name], value) if isinstance(value, dict) and isinstance(tree.get(name), dict) else value
        )
    return tree


def installed(portal: loopback.Bitrix24, mode: str = "fetch") -> Wiring:
    """As an administrator does it: the address of the webhook, then Install."""
    bare = Wiring(
        id=1, key="finance", name="Finance bot", hook_url="https://chantilly.example.org/chat/hooks/finance",
        settings={"mode": mode}, secrets={"webhook_url": portal.webhook_url},
    )  # fmt: skip
    found = platform.install(bare)
    kept = {name: value for name, value in found["secrets"].items() if value}
    return replace(bare, settings={"mode": mode} | found["settings"], secrets=bare.secrets | kept)


def failure(call: Callable[[], object]) -> PlatformError:
    with pytest.raises(PlatformError) as raised:
        call()
    assert loopback.CODE not in str(raised.value)
    return raised.value
