"""Microsoft Teams' side: the signed requests of its outgoing webhooks, what it shows of their answers, and on loopback a
workflow that posts to a channel. By the documents that payloads/teams/SOURCES.md names. It shares no code with ours."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.platforms.loopback import Given, Loopback, Request

KEY = "vqF0En+Z0ucuRTM/01o2GuhMH3hKKk/N2bOmlM31zaA="
CHANNEL = "19:0cb92682ac98403384a7d2e1d2fbac14@thread.tacv2"
LINK = f"https://teams.microsoft.com/l/channel/{CHANNEL.replace(':', '%3A').replace('@', '%40')}/Accounts?groupId=1"
CARD = "application/vnd.microsoft.card.adaptive"
MOST_BYTES = 28_000
MARKDOWN = re.compile(r"\*\*|__|\[[^\]]*\]\([^)]*\)")
PAYLOADS = Path(__file__).parent / "payloads" / "teams"


def payload(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return found


def mentioned(text: str, *, at: datetime | None = None, **changes: Any) -> bytes:
    """Somebody mentions the webhook in a channel and writes this HTML behind it."""
    moment = (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    activity = {**payload("channel"), "timestamp": moment, "text": f"<at>Finance bot</at>&nbsp;{text}\n"}
    return json.dumps({**activity, **changes}).encode()


def signed(body: bytes, key: str = KEY) -> dict[str, str]:
    digest = hmac.new(base64.b64decode(key), body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Authorization": f"HMAC {base64.b64encode(digest).decode()}",
    }


class Refused(Exception):
    """Teams would show nothing of it."""


def shown(body: bytes) -> list[str]:
    """The lines that people see of a message. Raises Refused."""
    if len(body) > MOST_BYTES:
        raise Refused("too large")
    message = json.loads(body)
    if message.get("type") != "message" or not (message.get("text") or message.get("attachments")):
        raise Refused("no message")
    lines = [_marked_up(message["text"])] if message.get("text") else []
    for attachment in message.get("attachments", []):
        if attachment["contentType"] != CARD or attachment["content"]["type"] != "AdaptiveCard":
            raise Refused("no card")
        lines += [_drawn(element) for element in attachment["content"]["body"]]
    return lines


def _drawn(element: dict[str, Any]) -> str:
    if element["type"] == "TextBlock":
        return _marked_up(element["text"])
    if element["type"] == "RichTextBlock":
        return "".join(_literal(run) for run in element["inlines"])
    if element["type"] == "Image":
        return f"[{element['url']}]"
    raise Refused(f"unknown element {element['type']}")


def _literal(run: dict[str, Any]) -> str:
    """TextRuns know no markdown; the functions of dates are rendered in them, too."""
    if run["type"] != "TextRun" or not isinstance(run["text"], str) or not run["text"]:
        raise Refused("no run")
    action = run.get("selectAction", {"type": "Action.OpenUrl", "url": "https://"})
    if action["type"] != "Action.OpenUrl" or not action["url"].startswith(("http://", "https://")):
        raise Refused("outgoing webhooks may open addresses and nothing else")
    return re.sub(r"\{\{(?:DATE|TIME)\([^)]*\)\}\}", "<a moment>", run["text"])


def _marked_up(text: str) -> str:
    return MARKDOWN.sub("<marked up>", text)


@dataclass
class Workflow(Loopback):
    """“Send webhook alerts to a channel”: whoever knows its address may post a card."""

    posts: list[list[str]] = field(default_factory=list)
    signature: str = "sig=Zy-of-the-loopback"

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def address(self) -> str:
        return f"{self.url}/workflows/1/triggers/manual/paths/invoke?api-version=1&{self.signature}"

    def answer(self, request: Request) -> Given:
        if not request.path.endswith(self.signature):
            return Given(status=401, body=b'{"error": {"code": "DirectApiAuthorizationRequired"}}')
        if request.headers.get("content-type") != "application/json":
            return Given(status=400)
        try:
            self.posts.append(shown(request.body))
        except (Refused, KeyError, ValueError):
            return Given(status=400)
        return Given(status=202)


@contextmanager
def serving() -> Iterator[Workflow]:
    workflow = Workflow()
    with workflow.serving():
        yield workflow
