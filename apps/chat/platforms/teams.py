"""Microsoft Teams, by an outgoing webhook: people mention it in a channel, and the answer is that request's answer
(https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-outgoing-webhook).

Later news need a workflow of the channel (Power Automate: “When a Teams webhook request is received”), which posts what it
is sent. It posts into one channel: what is said in other channels must not be told there, so that it names its channel.
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest, new
from html import unescape
from typing import Any
from urllib.parse import unquote

from apps.chat.content import Content
from apps.chat.platforms import cards, outward
from apps.chat.platforms.contract import (
    GROUP,
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
from apps.chat.platforms.reading import LONGEST_ID, branch, identifier, json_object
from apps.chat.platforms.texts import clean
from apps.core import clock

WINDOW = timedelta(minutes=15)
"""The signature knows no time, but the signed message does: an older one is somebody's recording."""
SHORTEST_KEY = 16
CHANNEL = re.compile(r"19:[A-Za-z0-9_-]{1,150}@thread\.[a-z0-9]{1,10}")
MENTION = re.compile(r"<at\b[^<>]*>([^<>]*)</at>", re.IGNORECASE)
BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr)\b[^<>]*>", re.IGNORECASE)
TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
MOST_HTML = 100_000
BOT = "28:"
"""How the ids of bots begin."""


class Teams:
    key = "teams"
    name = "Microsoft Teams"
    limits = Limits(
        text=cards.LONGEST,
        buttons=20,
        file_bytes=0,
        per_second=1.0,
        burst=4,
        dialog_seconds=1.0,
        edit_seconds=60.0,
        can_edit=False,
        thread_mark=";",
        answers_in_response=True,
    )
    fields: Sequence[Field] = (
        Field(
            name="key",
            label="Security token",
            help="Teams shows it once, when the outgoing webhook is created.",
            is_secret=True,
        ),
        Field(
            name="workflow_url",
            label="Workflow address",
            help="Of a workflow that posts to the channel. Without one, only questions are answered.",
            is_secret=True,
            is_required=False,
        ),
        Field(
            name="workflow_channel",
            label="The workflow's channel",
            help="The channel's link (⋯ › Get link to channel). News of other channels are not posted there.",
            is_required=False,
        ),
    )
    polls = False

    def receive(self, wiring: Wiring, hook: Hook) -> Received:
        _verify(_key(wiring), hook)
        activity = json_object(hook.body)
        if clean(activity.get("type")) != "message":
            return Received()
        return Received(arrived=[_arrived(activity, hook.now)])

    def reply(self, wiring: Wiring, content: Content) -> Answer:
        body = cards.written(cards.attached(content, answer_to=clean(wiring.name, 100)))
        return Answer(body=body, content_type="application/json; charset=utf-8")

    def send(self, wiring: Wiring, dialog: str, content: Content, *, key: str, about: str = "") -> str:
        """Into the workflow's channel, as a new message: workflows know no threads."""
        url = wiring.secrets.get("workflow_url", "")
        if not url:
            raise PlatformError("Teams' outgoing webhook only answers: it has no workflow address.", is_permanent=True)
        if dialog.partition(";")[0] != _channel(wiring):
            raise PlatformError("The workflow posts into another channel than this was asked in.", is_permanent=True)
        message = cards.attached(content, answer_to=clean(wiring.name, 100))
        headers = {"Content-Type": "application/json"}
        answered = outward.post(url, content=cards.written(message), headers=headers, most=10_000)
        if not answered.is_success:
            raise answered.refusal(clock.now())
        return key

    def edit(self, wiring: Wiring, dialog: str, message_id: str, content: Content) -> None:
        raise PlatformError("Messages of Teams' workflows cannot be changed.", is_permanent=True)

    def send_file(self, wiring: Wiring, dialog: str, name: str, media_type: str, data: bytes, *, key: str) -> str:
        raise PlatformError("Files cannot be sent to Teams this way: link them.", is_permanent=True)

    def poll(self, wiring: Wiring, cursor: str, *, seconds: float) -> Polled:
        raise PlatformError("Teams cannot be asked for news: it calls us.", is_permanent=True)

    def check(self, wiring: Wiring) -> str:
        """Teams has nothing to be asked: what was entered is looked at."""
        if not _key(wiring):
            raise PlatformError(
                "Enter the security token that Teams showed: 44 characters that end in =.", is_permanent=True
            )
        if not wiring.secrets.get("workflow_url"):
            return "The token has the right form. Mention the webhook in a channel to try it. Without a workflow it only answers."
        if not _channel(wiring):
            raise PlatformError("Enter the link of the channel that the workflow posts into.", is_permanent=True)
        return "The token and the channel have the right form. Mention the webhook in that channel to try it."

    def install(self, wiring: Wiring) -> Mapping[str, Any]:
        return {}

    def uninstall(self, wiring: Wiring) -> None:
        """The owner of the team removes the webhook there: nothing can be called."""

    def guide(self, wiring: Wiring) -> Sequence[str]:
        return [
            "In Teams, open the team's ⋯ › Manage team › Apps, and select “Create an outgoing webhook”.",
            f"Name it {wiring.name or 'as you like'}: that is how people mention it.",
            f"Enter {wiring.hook_url or 'this connection’s address'} as its callback URL; Teams calls https only.",
            "Copy the security token that it shows then, once, and enter it here.",
            "For progress and results, open the channel's ⋯ › Workflows and choose “Send webhook alerts to a channel”.",
            "Enter the address that it shows, and the channel's link (⋯ › Get link to channel).",
            "Who mentions it for the first time appears among the chat accounts of the admin: link them to their user there.",
        ]


def _key(wiring: Wiring) -> bytes:
    """The key of the signatures; empty where there is none."""
    try:
        key = b64decode(wiring.secrets.get("key", "").strip().encode(), validate=True)
    except (binascii.Error, ValueError):
        return b""
    return key if len(key) >= SHORTEST_KEY else b""


def _verify(key: bytes, hook: Hook) -> None:
    scheme, _, given = hook.headers.get("authorization", "").partition(" ")
    wanted = b64encode(new(key, hook.body, sha256).digest())
    if not key or scheme != "HMAC" or not compare_digest(given.strip().encode("utf-8", "replace"), wanted):
        raise Refused("The Authorization header is not the HMAC of the body by the security token.")


def _arrived(activity: Mapping[str, Any], now: datetime) -> Arrived:
    at = _moment(activity, now)
    conversation, sender = branch(activity, "conversation"), branch(activity, "from")
    dialog, message_id = identifier(conversation, "id"), identifier(activity, "id")
    event_id = f"{dialog}/{message_id}"
    data = branch(activity, "channelData")
    names = [clean(branch(data, name).get("name"), 90).strip() for name in ("team", "channel")]
    is_person = clean(conversation.get("conversationType")) == "personal"
    return Arrived(
        event_id=event_id if len(event_id) <= LONGEST_ID else sha256(event_id.encode()).hexdigest(),
        message_id=message_id,
        dialog=dialog,
        dialog_kind=PRIVATE if is_person else GROUP,
        dialog_title=" › ".join(filter(None, names)) or clean(conversation.get("name"), 200),
        sender=identifier(sender, "aadObjectId" if sender.get("aadObjectId") else "id"),
        sender_name=clean(sender.get("name"), 200),
        text=_plain(clean(activity.get("text"), MOST_HTML)),
        about=identifier(activity, "replyToId") if activity.get("replyToId") else "",
        locale=clean(activity.get("locale"), 10) or _locale(activity),
        at=at,
        is_from_bot=clean(sender.get("id")).startswith(BOT) or sender.get("role") == "bot",
    )


def _moment(activity: Mapping[str, Any], now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(clean(activity.get("timestamp"), 40))
        age = now - at
    except (ValueError, TypeError, OverflowError):  # TypeError: without a zone
        raise Refused("“timestamp” is no moment with its zone.", status=400) from None
    if abs(age) > WINDOW:
        raise Refused("The message is more than 15 minutes old, or from the future: is this machine's clock right?")
    return at


def _plain(html: str) -> str:
    """What was written, of Teams' HTML. The mention that it begins with is ours; entities are read last, so that what
    somebody wrote as text stays text."""
    text = MENTION.sub("", html.lstrip(), count=1) if _is_mentioned_first(html) else html
    text = TAG.sub("", BREAK.sub("\n", MENTION.sub(r"@\1", text)))
    lines = (" ".join(line.split()) for line in unescape(text).replace("\xa0", " ").split("\n"))
    return clean("\n".join(lines).strip())


def _is_mentioned_first(html: str) -> bool:
    found = MENTION.search(html)
    return found is not None and not TAG.sub("", html[: found.start()]).replace("&nbsp;", " ").strip()


def _locale(activity: Mapping[str, Any]) -> str:
    entities = activity.get("entities")
    for entity in entities if isinstance(entities, list) else []:
        if isinstance(entity, dict) and entity.get("type") == "clientInfo":
            return clean(entity.get("locale"), 10)
    return ""


def _channel(wiring: Wiring) -> str:
    """The id in what was entered: the id itself, or the channel's link."""
    found = CHANNEL.search(unquote(wiring.settings.get("workflow_channel", "")))
    return found[0] if found else ""
