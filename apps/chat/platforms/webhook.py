"""The generic webhook: any program can talk to us by signed JSON, and gets ours by signed JSON. docs/chat/webhook.md."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from apps.chat.content import Content
from apps.chat.platforms import outward, signing
from apps.chat.platforms.contract import (
    GROUP,
    MAX_TEXT,
    PRIVATE,
    Answer,
    Arrived,
    Field,
    Hook,
    Limits,
    PlatformError,
    Polled,
    Received,
    Refused,
    Wiring,
)
from apps.chat.platforms.fitting import LONGEST_BAR, bar, fit
from apps.chat.platforms.reading import LONGEST_ID, json_object
from apps.chat.platforms.texts import clean
from apps.core import clock
from apps.core.errors import InvalidInput
from apps.core.schema import validate

MOST_FILE = 5_000_000
MOST_ANSWER = 100_000


def _text(longest: int, shortest: int = 0) -> dict[str, Any]:
    return {"type": "string", "minLength": shortest, "maxLength": longest}


SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "dialog", "sender"],
    "properties": {
        "id": _text(LONGEST_ID, 1),
        "kind": {"type": "string", "enum": ["message", "button", "joined", "left"], "default": "message"},
        "dialog": _text(LONGEST_ID, 1),
        "dialog_kind": {"type": "string", "enum": [PRIVATE, GROUP], "default": PRIVATE},
        "dialog_title": _text(200),
        "sender": _text(LONGEST_ID, 1),
        "sender_name": _text(200),
        "is_from_bot": {"type": "boolean", "default": False},
        "text": _text(MAX_TEXT),
        "button": _text(60),
        "message_id": _text(LONGEST_ID),
        "about": _text(LONGEST_ID),
        "locale": _text(10),
        "at": {"type": "string", "format": "date-time"},
    },
}
NEEDED = {"message": "text", "button": "button"}
BETWEEN = "\xa0"
"""Between a private dialog's id and its sender's, in what names the dialog here; no id has it: it is not printable."""


class Webhook:
    key = "webhook"
    name = "Signed webhook"
    limits = Limits(
        text=MAX_TEXT, buttons=50, file_bytes=MOST_FILE, per_second=20.0, burst=50, dialog_seconds=0.0, edit_seconds=2.0
    )
    fields: Sequence[Field] = (
        Field(
            name="secret",
            label="Secret",
            help=f"Signs both ways; at least {signing.SHORTEST_SECRET} characters: openssl rand -hex 32.",
            is_secret=True,
        ),
        Field(
            name="previous_secret",
            label="Previous secret",
            help="Still accepted from the other side while it changes to the new one. Empty it afterwards.",
            is_secret=True,
            is_required=False,
        ),
        Field(name="url", label="Address for our messages", help="https://…, where we POST what we say."),
    )
    polls = False

    def receive(self, wiring: Wiring, hook: Hook) -> Received:
        secrets = [wiring.secrets.get(name, "") for name in ("secret", "previous_secret")]
        signing.verify(secrets, hook.headers.get(signing.HEADER.lower(), ""), hook.body, hook.now)
        return Received(arrived=[_arrived(json_object(hook.body))])

    def reply(self, wiring: Wiring, content: Content) -> Answer:
        return Answer()

    def send(self, wiring: Wiring, dialog: str, content: Content, *, key: str, about: str = "") -> str:
        said = {"type": "message", "key": key, **_place(dialog), "about": about, **_said(content)}
        return _message_id(_posted(wiring, said, key)) or key

    def edit(self, wiring: Wiring, dialog: str, message_id: str, content: Content) -> None:
        said = {"type": "edit", "message_id": message_id, **_place(dialog), **_said(content)}
        # With the moment: what is shown again after something else was shown is news, and the same twice does no harm.
        _posted(wiring, said, sha256(f"{clock.now().isoformat()} {json.dumps(said)}".encode()).hexdigest())

    def send_file(self, wiring: Wiring, dialog: str, name: str, media_type: str, data: bytes, *, key: str) -> str:
        if len(data) > MOST_FILE:
            raise PlatformError(f"Files of more than {MOST_FILE:,} bytes are not sent: link them.", is_permanent=True)
        file = {"name": clean(name, 200), "media_type": media_type, "size": len(data)}
        said = {"type": "file", "key": key, **_place(dialog), "file": {**file, "base64": b64encode(data).decode()}}
        return _message_id(_posted(wiring, said, key)) or key

    def poll(self, wiring: Wiring, cursor: str, *, seconds: float) -> Polled:
        raise PlatformError("A webhook cannot be asked for news: it calls us.", is_permanent=True)

    def check(self, wiring: Wiring) -> str:
        started = clock.now()
        answered = _posted(wiring, {"type": "ping"}, f"ping-{int(started.timestamp())}")
        elapsed = (clock.now() - started).total_seconds()
        return f"The address took our ping ({answered.status}, {1000 * elapsed:.0f} ms)."

    def install(self, wiring: Wiring) -> Mapping[str, Any]:
        return {}

    def uninstall(self, wiring: Wiring) -> None:
        """Nothing was registered anywhere."""

    def guide(self, wiring: Wiring) -> Sequence[str]:
        return [
            "Make a secret: openssl rand -hex 32. Enter it here and in the other program.",
            f"Let the other program POST what people say to {wiring.hook_url or 'this connection’s address'}, signed.",
            "Enter the address where it takes what we say, and press Test: it gets a signed ping.",
            "docs/chat/webhook.md describes the JSON of both directions, with programs that work.",
        ]


def _arrived(document: Mapping[str, Any]) -> Arrived:
    try:
        said = validate(document, SCHEMA)
    except InvalidInput as error:
        fields = "; ".join(f"{path}: {told}" if path else told for path, told in error.fields.items())
        raise Refused(fields[:1000], status=400) from None
    kind = said["kind"]
    for name in filter(None, [NEEDED.get(kind)]):
        if not said.get(name, "").strip():
            raise Refused(f"{name}: A {kind} needs it.", status=400)
    for name in ("id", "dialog", "sender", "message_id", "about"):
        if not said.get(name, "").isprintable():
            raise Refused(f"{name}: Leave line breaks and control characters out of ids.", status=400)
    at = datetime.fromisoformat(said["at"]) if "at" in said else None
    rest = {name: value for name, value in said.items() if name not in ("id", "at", "dialog")}
    return Arrived(event_id=said["id"], at=at, dialog=_dialog(said), **rest)


def _dialog(said: Mapping[str, Any]) -> str:
    """A private dialog is its sender's: another who names the same one has another. Raises Refused."""
    dialog: str = said["dialog"]
    if said["dialog_kind"] == GROUP:
        return dialog
    alone = f"{dialog}{BETWEEN}{said['sender']}"
    if len(alone) > LONGEST_ID:
        why = f"dialog: It and the sender have more than {LONGEST_ID - 1} characters together."
        raise Refused(why, status=400)
    return alone


def _place(dialog: str) -> dict[str, str]:
    """Where the other side shows it, and to whom; `to` is empty for a group."""
    place, _, to = dialog.partition(BETWEEN)
    return {"dialog": place, "to": to}


def _said(content: Content) -> dict[str, Any]:
    """The parts, and all of them as one text for whoever shows nothing else."""
    fitted = fit(content, MAX_TEXT - LONGEST_BAR)
    done = [bar(content.percent)] if content.percent is not None else []
    return {"text": "\n\n".join([fitted.plain(), *done]).strip(), "content": fitted.to_json()}


def _posted(wiring: Wiring, said: Mapping[str, Any], key: str) -> outward.Answered:
    secret, url = wiring.secrets.get("secret", ""), wiring.settings.get("url", "")
    if len(secret) < signing.SHORTEST_SECRET or not url:
        raise PlatformError(
            f"Enter the address and a secret of at least {signing.SHORTEST_SECRET} characters.", is_permanent=True
        )
    now = clock.now()
    body = json.dumps({"connection": wiring.key, **said}).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Chantilly",
        "Idempotency-Key": quote(key, safe=":/-_."),
        signing.HEADER: signing.sign(secret, body, now),
    }
    answered = outward.post(url, content=body, headers=headers, most=MOST_ANSWER)
    if answered.is_success:
        return answered
    raise answered.refusal(now)


def _message_id(answered: outward.Answered) -> str:
    """What the other side calls the message, '' where it does not say."""
    try:
        said = json.loads(answered.body)
    except (ValueError, RecursionError):
        return ""
    found = said.get("message_id") if isinstance(said, dict) else None
    return found if isinstance(found, str) and 0 < len(found) <= LONGEST_ID and found.isprintable() else ""
