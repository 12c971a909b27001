"""What Slack sends us: its signature, the Events API, pressed buttons and slash commands.

https://docs.slack.dev/authentication/verifying-requests-from-slack, https://docs.slack.dev/apis/events-api,
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload and
https://docs.slack.dev/interactivity/implementing-slash-commands
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from slack_sdk.signature import Clock, SignatureVerifier

from apps.chat.platforms.contract import GROUP, PRIVATE, Arrived, Hook, Refused, Wiring
from apps.chat.platforms.texts import clean

MAX_BODY = 1_000_000
MAX_URL = 200
RESPONSES = re.compile(r"https://hooks\.slack(?:-gov)?\.com/[A-Za-z0-9/_-]+")
API = "https://slack.com/api/"
SAID = (None, "", "file_share", "me_message", "thread_broadcast", "bot_message")
"""Subtypes of messages that say something new; the others tell of edits, deletions, topics and the like."""
COMMAND = "slash_command"
"""The type that we give to the form of one; Slack gives it none."""
Payload = Mapping[str, Any]


@dataclass(frozen=True)
class _At(Clock):
    moment: datetime

    def now(self) -> float:
        return self.moment.timestamp()


def verified(wiring: Wiring, hook: Hook) -> None:
    """That Slack signed exactly these bytes, within five minutes. Raises Refused."""
    secret = wiring.secrets.get("signing_secret", "").strip()
    if not secret:
        raise Refused("This connection has no signing secret yet: enter Slack's, then let Slack try again.", status=403)
    if len(hook.body) > MAX_BODY:
        raise Refused("The request is too large.", status=413)
    stamp = hook.headers.get("x-slack-request-timestamp", "")
    signature = hook.headers.get("x-slack-signature", "")
    # The verifier raises for stamps that are no numbers, bodies that are no UTF-8 and signatures that are no ASCII.
    readable = re.fullmatch(r"[0-9]{1,12}", stamp) and re.fullmatch(r"v0=[0-9a-f]{64}", signature)
    if not readable or not _is_utf8(hook.body):
        raise Refused("The request is not signed by Slack.")
    if not SignatureVerifier(secret, _At(hook.now)).is_valid(hook.body, stamp, signature):
        raise Refused("The request is not signed by Slack, or is older than five minutes.")


def payload(hook: Hook) -> Payload:
    """The body of a verified request: JSON, or a form with JSON in its field `payload`, or the form of a slash command.
    Raises Refused."""
    text = hook.body.decode()
    try:
        if hook.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            form = {name: values[0] for name, values in parse_qs(text, max_num_fields=50).items()}
            if "payload" not in form:
                return {**form, "type": COMMAND} if "command" in form else {}
            text = form["payload"]
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused("The request cannot be read.", status=400) from error
    if not isinstance(found, dict):
        raise Refused("The request cannot be read.", status=400)
    return found


def arrived(wiring: Wiring, found: Payload) -> Iterator[Arrived]:
    """What people did; nothing for what concerns nobody. Raises Refused for what lacks its ids."""
    if found.get("type") == "event_callback":
        event = _mapping(found.get("event"))
        ours = _our_user(wiring, found)
        event_id = _id(found, "event_id")
        if event.get("type") == "app_mention":
            yield _mention(event, event_id, ours)
        elif event.get("type") == "message":
            yield from _message(event, event_id, ours)
        elif event.get("type") in ("member_joined_channel", "member_left_channel") and ours == event.get("user"):
            yield _membership(event, event_id)
    elif found.get("type") == "block_actions":
        yield from _pressed(found)
    elif found.get("type") == COMMAND:
        yield _commanded(wiring, found)


def _mention(event: Payload, event_id: str, ours: str) -> Arrived:
    """An answer goes into the thread below it."""
    thread = _thread(event)
    return Arrived(
        event_id=event_id, dialog=f"{_id(event, 'channel')}:{thread or _ts(event)}", dialog_kind=GROUP,
        sender=_sender(event), text=_text(event, ours), message_id=_ts(event), about=thread, at=_moment(event),
        is_from_bot=_is_bot(event, ours),
    )  # fmt: skip


def _message(event: Payload, event_id: str, ours: str) -> Iterator[Arrived]:
    """All of a private chat, which is one dialog: a thread there says what is answered. Of a channel only what is said in
    threads, each a dialog. Mentions come as events of their own."""
    if event.get("hidden") or event.get("subtype") not in SAID:
        return
    channel, thread, is_private = _id(event, "channel"), _thread(event), event.get("channel_type") == "im"
    if not is_private and (not thread or (ours and f"<@{ours}" in clean(event.get("text")))):
        return
    yield Arrived(
        event_id=event_id, dialog=channel if is_private else f"{channel}:{thread}",
        dialog_kind=PRIVATE if is_private else GROUP,
        sender=_sender(event), text=_text(event, ours), message_id=_ts(event), about=thread, at=_moment(event),
        is_from_bot=_is_bot(event, ours),
        is_overheard=not is_private and not (ours and event.get("parent_user_id") == ours),
    )  # fmt: skip


def _membership(event: Payload, event_id: str) -> Arrived:
    return Arrived(
        event_id=event_id, dialog=_id(event, "channel"), dialog_kind=GROUP,
        sender=_id(event, "inviter" if event.get("inviter") else "user"),
        kind="joined" if event.get("type") == "member_joined_channel" else "left",
    )  # fmt: skip


def _pressed(found: Payload) -> Iterator[Arrived]:
    """Buttons with a value; those that open links have none. `trigger_id` is a credential, and left alone."""
    user, channel, message = (_mapping(found.get(name)) for name in ("user", "channel", "message"))
    container = _mapping(found.get("container"))
    pressed = found.get("actions")
    for action in pressed if isinstance(pressed, list) else ():
        value = clean(_mapping(action).get("value"))
        if not value:
            continue
        place, about, who = _id(channel, "id"), _ts(container, "message_ts"), _id(user, "id")
        is_private = place.startswith("D")
        thread = "" if is_private else _thread(message) or _thread(container)
        yield Arrived(
            event_id=f"action:{place}:{about}:{who}:{_ts(action, 'action_ts')}",
            dialog=f"{place}:{thread}" if thread else place,
            dialog_kind=PRIVATE if is_private else GROUP,
            sender=who, kind="button", button=value, about=about, at=_moment(action, "action_ts"),
            sender_name=clean(user.get("name") or user.get("username"), 200),
            dialog_title=clean(channel.get("name"), 200),
        )  # fmt: skip


def _commanded(wiring: Wiring, form: Payload) -> Arrived:
    """Nobody else sees it, whatever the channel, and we may not even be there: what is said of it goes to the address that
    came with it, for half an hour, to the person alone. `trigger_id` is a credential; its digest names the event."""
    channel, who = _id(form, "channel_id"), _id(form, "user_id")
    mark = hashlib.sha256(_matching(r"[0-9a-zA-Z.]{1,200}", form.get("trigger_id"), "trigger_id").encode()).hexdigest()
    return Arrived(
        event_id=f"command:{mark}", dialog=f"{channel}/{who}", dialog_kind=PRIVATE, is_aside=True, sender=who,
        sender_name=clean(form.get("user_name"), 200), text=_text(form, wiring.settings.get("bot_user_id", "")) or "help",
        message_id=response_url(wiring, form.get("response_url")),
    )  # fmt: skip


def response_url(wiring: Wiring, found: object) -> str:
    """Where a command is answered: at Slack, or at the proxy that the connection reaches Slack by. Raises Refused."""
    url = clean(found)
    api = urlsplit(wiring.settings.get("api_url") or API)
    is_proxy = api.hostname != "slack.com" and url.startswith(f"{api.scheme}://{api.netloc}/")
    if len(url) > MAX_URL or not (RESPONSES.fullmatch(url) or is_proxy):
        raise Refused("The request has no readable response_url.", status=400)
    return url


def _our_user(wiring: Wiring, found: Payload) -> str:
    """Our bot's user: as `install` learned it, or as Slack says for whom it sends the event."""
    known = wiring.settings.get("bot_user_id", "")
    entries = found.get("authorizations")
    for entry in entries if isinstance(entries, list) and not known else ():
        if isinstance(entry, dict) and entry.get("is_bot") is True:
            return clean(entry.get("user_id"), 50)
    return known


def _is_bot(event: Payload, ours: str) -> bool:
    marks = event.get("bot_id") or event.get("bot_profile") or event.get("subtype") == "bot_message"
    return bool(marks) or event.get("user") in (ours or None, "USLACKBOT")


def _sender(event: Payload) -> str:
    """Classic bots have no user."""
    return _id(event, "user" if event.get("user") else "bot_id")


def _text(event: Payload, ours: str) -> str:
    """Plain text: our own mention is left out, references become what people see, entities become their characters."""
    text = clean(event.get("text"))
    if ours:
        text = re.sub(rf"<@{re.escape(ours)}(\|[^<>]*)?>[ :,]*", "", text)
    elif event.get("type") == "app_mention":
        text = re.sub(r"^\s*<@[^<>]*>[ :,]*", "", text)
    text = re.sub(r"<([^<>|]*)(?:\|([^<>]*))?>", _reference, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def _reference(match: re.Match[str]) -> str:
    """https://docs.slack.dev/messaging/formatting-message-text#advanced"""
    target, label = match.group(1), match.group(2) or ""
    mark, name = target[:1], target[1:]
    if mark in ("@", "#"):
        return mark + (label or name).removeprefix(mark)
    if mark == "!":
        return label or f"@{name.partition('^')[0]}"
    return label or target


def _thread(event: Payload) -> str:
    """The message that the thread began with; '' outside of threads and for that message itself."""
    thread = event.get("thread_ts")
    if not thread or thread in (event.get("ts"), event.get("message_ts")):
        return ""
    return _ts(event, "thread_ts")


def _ts(event: Payload, name: str = "ts") -> str:
    return _matching(r"[0-9]{1,15}\.[0-9]{1,10}", event.get(name), name)


def _id(event: Payload, name: str) -> str:
    return _matching(r"[A-Za-z0-9_-]{1,60}", event.get(name), name)


def _matching(pattern: str, value: object, name: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
        raise Refused(f"The request has no readable {name}.", status=400)
    return value


def _moment(event: Payload, name: str = "ts") -> datetime | None:
    try:
        return datetime.fromtimestamp(float(_ts(event, name)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _mapping(value: object) -> Payload:
    return value if isinstance(value, dict) else {}


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
