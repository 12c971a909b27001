"""Events of imbot.v2, as they are fetched or sent: https://apidocs.bitrix24.com/api-reference/chat-bots/chat-bots-v2

What is sent is a form that bears `application_token`; there is no signature, so the address it comes to is secret too.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from django.utils.dateparse import parse_datetime

from apps.chat.platforms.bitrix24 import drawing, tokens
from apps.chat.platforms.contract import GROUP, PRIVATE, Arrived, Hook, Received, Refused, Wiring
from apps.chat.platforms.texts import clean

WINDOW = timedelta(days=1)
"""Bitrix24 sends from a queue, and says when; what is older is a replay. Younger ones are known by their ids."""
Tree = Mapping[str, Any]


def check_address(wiring: Wiring, hook: Hook) -> None:
    """That the request came to the address that only Bitrix24 was told. Raises Refused."""
    secret = address_end(wiring)
    if not secret or not (wiring.settings.get("mode") == "webhook" or tokens.is_application(wiring)):
        raise Refused("This connection takes no events: install it in the mode webhook.", status=403)
    if not compare_digest(secret.encode(), clean(hook.rest, 200).strip("/").encode()):
        raise Refused("The request is not Bitrix24's.")


def address_end(wiring: Wiring) -> str:
    """What our address ends with, for Bitrix24 alone. An administrator enters that of an application there."""
    return (
        wiring.settings.get("address_end", "")
        if tokens.is_application(wiring)
        else wiring.secrets.get("path_secret", "")
    )


def check_token(wiring: Wiring, host: str, form: Tree, now: datetime) -> Received:
    """That it bears the token of this installation; what is to be remembered of the first one that comes. Raises Refused.

    A token is taken only while none is stored and the administrator's installation waits for it.
    """
    auth = _branch(form, "auth")
    token, member = clean(auth.get("application_token"), 100), clean(auth.get("member_id"), 100)
    stored, known_member = wiring.secrets.get("application_token", ""), wiring.settings.get("member_id", "")
    is_waiting = not stored and wiring.settings.get("installation") == "waiting" and not tokens.is_application(wiring)
    if not token or not (is_waiting or compare_digest(stored.encode(), token.encode())):
        raise Refused("The request is not Bitrix24's: it bears another application token.")
    if clean(auth.get("domain"), 200).lower() not in (host, host.partition(":")[0]) or (
        known_member and member != known_member
    ):
        raise Refused("The request is of another Bitrix24 than this connection's.")
    if not _is_recent(form.get("ts"), now):
        raise Refused("The request is more than a day old, or from the future.")
    if not is_waiting:
        return Received()
    return Received(settings={"installation": "", "member_id": member}, secrets={"application_token": token})


def arrived(wiring: Wiring, kind: str, data: Tree, event_id: str) -> Arrived | None:
    """What a person did; None for what concerns nobody. Raises Refused for what lacks its ids."""
    if kind == "ONIMBOTV2MESSAGEADD":
        return _said(wiring, data, event_id)
    if kind == "ONIMBOTV2COMMANDADD":
        is_pressed = _branch(data, "command").get("context") == "keyboard"
        return _pressed(wiring, data, event_id) if is_pressed else _said(wiring, data, event_id)
    if kind == "ONIMBOTV2JOINCHAT":
        return _joined(wiring, data, event_id)
    return None


def is_installation(wiring: Wiring, form: Tree) -> bool:
    """Of a local application. The callback of an installation need not name its event."""
    kind, auth = clean(form.get("event"), 100).upper(), _branch(form, "auth")
    is_named = kind == "ONAPPINSTALL" or (not kind and bool(auth.get("refresh_token")))
    return tokens.is_application(wiring) and is_named


def installation(wiring: Wiring, host: str, form: Tree, now: datetime) -> Received:
    """Raises Refused."""
    if form.get("event") and not _is_recent(form.get("ts"), now):
        raise Refused("The request is more than a day old, or from the future.")
    return tokens.installed(wiring, host, _branch(form, "auth"), now)


def is_removal(wiring: Wiring, kind: str, data: Tree) -> bool:
    """Of the application, or of our bot."""
    return kind == "ONAPPUNINSTALL" or (kind == "ONIMBOTV2DELETE" and _bot({}, data) == wiring.settings.get("bot_id"))


def sent_event_id(form: Tree) -> str:
    """Sent events have no id: the same one says the same of the same message at the same second."""
    data = _branch(form, "data")
    about = _branch(data, "message").get("id") or data.get("dialogId") or ""
    who, what = _branch(data, "user").get("id") or "", _branch(data, "command").get("params") or ""
    return ":".join(clean(each, 100) for each in (form.get("event"), about, who, form.get("ts"), what))


def _said(wiring: Wiring, data: Tree, event_id: str) -> Arrived:
    message, params = _branch(data, "message"), _branch(_branch(data, "message"), "params")
    bot = _bot(wiring.settings, data)
    return _arrived(
        wiring, data, event_id, text=drawing.plain(clean(message.get("text")), bot), message_id=number(message, "id"),
        about=_optional(params.get("replyId") or params.get("REPLY_ID")), at=_moment(message.get("date")),
        is_from_bot=_is_bot(data, bot) or _optional(message.get("authorId")) in ("0", bot) or _truth(message, "isSystem"),
    )  # fmt: skip


def _pressed(wiring: Wiring, data: Tree, event_id: str) -> Arrived | None:
    """The message is the one with the keyboard: our own."""
    command = _branch(data, "command")
    value = clean(command.get("params"), 200)
    if not value or clean(command.get("command")).lstrip("/") != drawing.COMMAND:
        return None
    about = number(_branch(data, "message"), "id")
    return _arrived(wiring, data, event_id, kind="button", button=value, about=about)


def _joined(wiring: Wiring, data: Tree, event_id: str) -> Arrived:
    return _arrived(wiring, data, event_id, kind="joined")


def _arrived(wiring: Wiring, data: Tree, event_id: str, **said: Any) -> Arrived:
    chat, user = _branch(data, "chat"), _branch(data, "user")
    dialog = _matching(r"(?:chat)?[0-9]{1,18}", chat.get("dialogId") or data.get("dialogId"), "dialogId")
    language = clean(data.get("language"), 5)
    known = {"is_from_bot": _is_bot(data, _bot(wiring.settings, data))} | said
    return Arrived(
        event_id=event_id, dialog=dialog, dialog_kind=GROUP if dialog.startswith("chat") else PRIVATE,
        sender=number(user, "id"), sender_name=clean(user.get("name"), 200),
        dialog_title=clean(chat.get("name"), 200), locale=language if language.isalpha() else "", **known,
    )  # fmt: skip


def _bot(settings: Mapping[str, str], data: Tree) -> str:
    return settings.get("bot_id") or _optional(_branch(data, "bot").get("id"))


def _is_bot(data: Tree, bot: str) -> bool:
    user = _branch(data, "user")
    return _truth(user, "bot") or user.get("type") == "bot" or _optional(user.get("id")) == bot


def _truth(place: Tree, name: str) -> bool:
    """true when it was fetched, "1" when it was sent."""
    return place.get(name) in (True, "1", "Y", "true")


def number(place: Tree, name: str) -> str:
    return _matching(r"[0-9]{1,18}", _optional(place.get(name)), name)


def _optional(value: object) -> str:
    return (
        str(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18
        else clean(value, 50)
    )


def _matching(pattern: str, value: object, name: str) -> str:
    text = _optional(value)
    if not re.fullmatch(pattern, text, re.ASCII):
        raise Refused(f"The event has no readable {name}.", status=400)
    return text


def _branch(place: Tree, name: str) -> Tree:
    found = place.get(name)
    return found if isinstance(found, dict) else {}


def _is_recent(ts: object, now: datetime) -> bool:
    stamp = _optional(ts)
    if not re.fullmatch(r"[0-9]{1,12}", stamp, re.ASCII):
        return False
    return abs(now.timestamp() - int(stamp)) <= WINDOW.total_seconds()


def _moment(value: object) -> datetime | None:
    try:
        found = parse_datetime(clean(value, 40))
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
