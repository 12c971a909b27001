"""What arrives: updates (https://core.telegram.org/bots/api#update). In groups only what is said to the bot is heard:
commands, mentions and answers to what it wrote."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from apps.chat.platforms.contract import GROUP, PRIVATE, Arrived
from apps.chat.platforms.reading import branch, identifier, moment
from apps.chat.platforms.texts import clean

KINDS = ("message", "callback_query", "my_chat_member")
COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,40}))?(?=\s|$)")
MOST_ENTITIES = 100
HERE = ("member", "administrator", "creator", "restricted")
CHATS: Mapping[object, Literal["private", "group"]] = {"private": PRIVATE, "group": GROUP, "supergroup": GROUP}


@dataclass(frozen=True, kw_only=True)
class Bot:
    """Who we are there. `username` is without its @, '' until it was asked for."""

    id: str
    username: str


def read(update: Mapping[str, Any], bot: Bot) -> Arrived | None:
    """None for what is not for us. Raises Refused for what no update looks like."""
    event_id = identifier(update, "update_id")
    if message := branch(update, "message"):
        return _message(event_id, message, bot)
    if pressed := branch(update, "callback_query"):
        return _pressed(event_id, pressed)
    if change := branch(update, "my_chat_member"):
        return _membership(event_id, change)
    return None


def pressed_id(update: Mapping[str, Any]) -> str:
    """Of the pressed button, which Telegram shows as busy until it is answered; '' where none was pressed."""
    pressed = branch(update, "callback_query")
    return identifier(pressed, "id") if pressed else ""


def _message(event_id: str, message: Mapping[str, Any], bot: Bot) -> Arrived | None:
    place = _place(message)
    sender = branch(message, "from")
    text = clean(message.get("text") or message.get("caption"))
    if place is None or not sender or not text.strip():
        return None
    said = _said_to(bot, message, text, is_private=place["dialog_kind"] == PRIVATE)
    if said is None:
        return None
    answered = branch(message, "reply_to_message")
    return Arrived(
        event_id=event_id,
        message_id=identifier(message, "message_id"),
        text=said,
        about=identifier(answered, "message_id") if answered else "",
        at=moment(message.get("date")),
        # In the name of a channel or of the group itself nobody in particular speaks.
        is_from_bot=sender.get("is_bot") is True or bool(message.get("via_bot") or message.get("sender_chat")),
        **_person(sender),
        **place,
    )


def _pressed(event_id: str, pressed: Mapping[str, Any]) -> Arrived | None:
    message = branch(pressed, "message")
    place = _place(message)
    value = clean(pressed.get("data"), 100)
    if place is None or not value:
        return None
    return Arrived(
        event_id=event_id,
        kind="button",
        button=value,
        about=identifier(message, "message_id"),
        is_from_bot=branch(pressed, "from").get("is_bot") is True,
        **_person(branch(pressed, "from")),
        **place,
    )


def _membership(event_id: str, change: Mapping[str, Any]) -> Arrived | None:
    place = _place(change)
    was, now = (branch(change, name).get("status") in HERE for name in ("old_chat_member", "new_chat_member"))
    if place is None or was == now:
        return None
    sender = branch(change, "from")
    return Arrived(
        event_id=event_id,
        kind="joined" if now else "left",
        at=moment(change.get("date")),
        is_from_bot=sender.get("is_bot") is True,
        **_person(sender),
        **place,
    )


def _place(message: Mapping[str, Any]) -> dict[str, Any] | None:
    """The dialog: the chat, and in a forum its topic. None for channels, which nobody talks in."""
    chat = branch(message, "chat")
    kind = CHATS.get(clean(chat.get("type")))
    if kind is None:
        return None
    dialog = identifier(chat, "id")
    if message.get("is_topic_message") is True and message.get("message_thread_id") is not None:
        dialog += f":{identifier(message, 'message_thread_id')}"
    return {"dialog": dialog, "dialog_kind": kind, "dialog_title": clean(chat.get("title"), 200)}


def _person(sender: Mapping[str, Any]) -> dict[str, Any]:
    names = (clean(sender.get(name), 100).strip() for name in ("first_name", "last_name"))
    return {
        "sender": identifier(sender, "id"),
        "sender_name": " ".join(filter(None, names))[:200],
        "locale": clean(sender.get("language_code"), 10),
    }


def _said_to(bot: Bot, message: Mapping[str, Any], text: str, *, is_private: bool) -> str | None:
    """What is said to the bot, without its name; None where it is said to others."""
    if command := COMMAND.match(text):
        is_ours = command[2] is None or command[2].lower() == bot.username.lower()
        return _spelled_out(command[1], text[command.end() :].strip()) if is_ours else None
    without, was_mentioned = _without_mentions(text, message, bot)
    if is_private or was_mentioned or _answers(message, bot):
        return without
    return None


def _spelled_out(command: str, rest: str) -> str:
    """/queue_status → queue status. /start with a code stays, /start alone is what everybody's first message is."""
    if command.lower() == "start":
        return f"/start {rest}" if rest else "help"
    return f"{command.replace('_', ' ')} {rest}".strip()


def _answers(message: Mapping[str, Any], bot: Bot) -> bool:
    answered = branch(message, "reply_to_message")
    # In a topic every message answers the one that opened it.
    return str(branch(answered, "from").get("id", "")) == bot.id != "" and "forum_topic_created" not in answered


def _without_mentions(text: str, message: Mapping[str, Any], bot: Bot) -> tuple[str, bool]:
    units = text.encode("utf-16-le")
    spans = sorted(_mentions(units, message, bot), reverse=True)
    for start, end in spans:
        units = units[: 2 * start] + units[2 * end :]
    return units.decode("utf-16-le", "ignore").strip() if spans else text, bool(spans)


def _mentions(units: bytes, message: Mapping[str, Any], bot: Bot) -> Iterator[tuple[int, int]]:
    """Where the bot is mentioned: from, to, in units of UTF-16, as Telegram counts."""
    found = message.get("entities") or message.get("caption_entities")
    for entity in found[:MOST_ENTITIES] if isinstance(found, list) else []:
        if not isinstance(entity, dict):
            continue
        start, length = entity.get("offset"), entity.get("length")
        if not (isinstance(start, int) and isinstance(length, int) and 0 <= start <= start + length <= len(units) // 2):
            continue
        word = units[2 * start : 2 * (start + length)].decode("utf-16-le", "ignore")
        is_named = entity.get("type") == "mention" and word.lower() == f"@{bot.username.lower()}" != "@"
        is_meant = entity.get("type") == "text_mention" and str(branch(entity, "user").get("id", "")) == bot.id != ""
        if is_named or is_meant:
            yield start, start + length
