"""Bitrix24's chat bots 2.0 (imbot.v2): fetched, or sent to us; asked through an incoming webhook of the portal."""

import base64
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

from apps.chat.content import Content
from apps.chat.platforms.bitrix24 import drawing, events, form
from apps.chat.platforms.bitrix24.calls import FILE_SECONDS, GONE, Portal, Said
from apps.chat.platforms.contract import (
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
from apps.chat.platforms.texts import clean

MAX_BODY = 256 * 1024
BATCH = 100
AGAIN, IDLE = 2.0, 5.0
"""Seconds between two looks, as the documents ask: when there is more, and when there is not."""


class Bitrix24:
    key: ClassVar[str] = "bitrix24"
    name: ClassVar[str] = "Bitrix24"
    polls: ClassVar[bool] = True
    # Two a second and fifty at once for all of us on this host and portal: some are left for asking for events.
    limits: ClassVar[Limits] = Limits(
        text=drawing.MAX_TEXT, buttons=drawing.MAX_BUTTONS, file_bytes=50_000_000, per_second=1.7, burst=40,
        dialog_seconds=1.0, edit_seconds=3.0,
    )  # fmt: skip
    fields: ClassVar[Sequence[Field]] = (
        Field(
            name="webhook_url", label="Incoming webhook", is_secret=True,
            help="Developer resources → Other → Inbound webhook, with the permission imbot: https://<portal>/rest/1/…/",
        ),
        Field(
            name="mode", label="Events", default="fetch", choices=(("fetch", "are fetched"), ("webhook", "are sent to us")),
            help="Fetched ones need no address that Bitrix24 can reach, and none is lost while we are away.",
        ),
    )  # fmt: skip

    def receive(self, wiring: Wiring, hook: Hook) -> Received:
        if hook.method != "POST":
            raise Refused("Bitrix24 sends POST requests.", status=405)
        events.check_address(wiring, hook)
        if len(hook.body) > MAX_BODY:
            raise Refused("The request is too large.", status=413)
        found = form.read(hook.body)
        try:
            host = Portal(wiring).host
        except PlatformError as error:
            raise Refused(error.message, status=403) from error
        learned = events.check_token(wiring, host, found, hook.now)
        kind, data = clean(found.get("event"), 100).upper(), found.get("data")
        data = data if isinstance(data, dict) else {}
        if events.is_removal(wiring, kind, data) and not learned.secrets:
            return Received(settings={"installation": "", "member_id": ""}, secrets={"application_token": ""})
        arrived = events.arrived(wiring, kind, data, events.sent_event_id(found))
        return replace(learned, arrived=() if arrived is None else (arrived,))

    def reply(self, wiring: Wiring, content: Content) -> Answer:
        return Answer()

    def send(self, wiring: Wiring, dialog: str, content: Content, *, key: str, about: str = "") -> str:
        fields: dict[str, Any] = {"message": drawing.message(content), "urlPreview": False}
        if content.buttons:
            fields["keyboard"] = drawing.keyboard(_bot_id(wiring), list(content.buttons))
        if dialog.startswith("chat") and about.isascii() and about.isdigit():
            fields["replyId"] = int(about)
        result = _asked(wiring, "Chat.Message.send", {"dialogId": dialog, "fields": fields})
        return _id(result.get("id"))

    def edit(self, wiring: Wiring, dialog: str, message_id: str, content: Content) -> None:
        keyboard = drawing.keyboard(_bot_id(wiring), list(content.buttons))
        fields = {"message": drawing.message(content), "keyboard": keyboard, "urlPreview": "N"}
        number = int(message_id) if message_id.isascii() and message_id.isdigit() else 0
        _asked(wiring, "Chat.Message.update", {"messageId": number, "fields": fields})

    def send_file(self, wiring: Wiring, dialog: str, name: str, media_type: str, data: bytes, *, key: str) -> str:
        if not data:
            raise PlatformError("Bitrix24 takes no empty files.", is_permanent=True)
        shown = re.sub(r'[\\/:*?"<>|\s]+', " ", clean(name, 200)).strip() or "file"
        fields = {"name": shown, "content": base64.b64encode(data).decode()}
        result = _asked(wiring, "File.upload", {"dialogId": dialog, "fields": fields}, seconds=FILE_SECONDS)
        return _id(result.get("messageId"))

    def poll(self, wiring: Wiring, cursor: str, *, seconds: float) -> Polled:
        if wiring.settings.get("mode") == "webhook":
            return Polled(arrived=(), cursor=cursor, wait=60.0)
        asked = {"limit": BATCH} | ({"offset": int(cursor)} if cursor.isascii() and cursor.isdigit() else {})
        result = _asked(wiring, "Event.get", asked)
        arrived, found = [], result.get("events")
        for event in found if isinstance(found, list) else ():
            arrived += _fetched(wiring, event)
        following = result.get("nextOffset")
        return Polled(
            arrived=arrived, cursor=str(following) if isinstance(following, int) and following else cursor,
            wait=AGAIN if result.get("hasMore") is True else IDLE,
        )  # fmt: skip

    def check(self, wiring: Wiring) -> str:
        result = Portal(wiring).call("imbot.v2.Bot.get", {"code": _code(wiring), "botToken": _bot_token(wiring)})
        found, wanted = result.get("bot"), wiring.settings.get("mode") or "fetch"
        bot = found if isinstance(found, dict) else {}
        if str(bot.get("id")) != wiring.settings.get("bot_id") or bot.get("eventMode") != wanted:
            raise PlatformError("The bot is not registered as it is set here: press Install.", is_permanent=True)
        known = f"{Portal(wiring).host} knows our bot as number {bot['id']}"
        if wanted == "webhook" and not wiring.secrets.get("application_token"):
            return f"{known}. Write to it once: with the first message it tells the token that we wait for."
        return f"{known}; its events {'are sent to us' if wanted == 'webhook' else 'are fetched'}."

    def install(self, wiring: Wiring) -> Mapping[str, Any]:
        """`register` leaves a bot that is there as it is, so it is updated too; then the buttons' command."""
        mode, token = wiring.settings.get("mode") or "fetch", _bot_token(wiring)
        path = wiring.secrets.get("path_secret") or secrets.token_urlsafe(24)
        ways: dict[str, Any] = {"eventMode": mode, "properties": {"name": clean(wiring.name, 100) or "Chantilly"}}
        if mode == "webhook":
            ways["webhookUrl"] = f"{wiring.hook_url.rstrip('/')}/{path}"
        portal = Portal(wiring)
        made = portal.call(
            "imbot.v2.Bot.register", {"fields": {"code": _code(wiring), "botToken": token, "type": "bot", **ways}}
        )
        bot = made.get("bot")
        bot_id = _id(bot.get("id") if isinstance(bot, dict) else None)
        ours = {"botId": int(bot_id), "botToken": token}
        portal.call("imbot.v2.Bot.update", ours | {"fields": ways})
        portal.call("imbot.v2.Command.register", ours | {"fields": {"command": drawing.COMMAND, "hidden": True}})
        return {
            "settings": {"bot_id": bot_id, "member_id": "", "installation": "waiting" if mode == "webhook" else ""},
            "secrets": {"bot_token": token, "path_secret": path, "application_token": ""},
        }

    def uninstall(self, wiring: Wiring) -> None:
        if not wiring.settings.get("bot_id"):
            return
        try:
            _asked(wiring, "Bot.unregister", {})
        except Said as error:
            if error.error != GONE:
                raise

    def guide(self, wiring: Wiring) -> Sequence[str]:
        return (
            "In Bitrix24 open Developer resources, Other, Inbound webhook.",
            "Give it the permission imbot (Creating and managing chat bots), and save it.",
            "Copy its address (https://<portal>/rest/<user>/<code>/) into Incoming webhook here.",
            "Choose how events come: fetched needs nothing else; for sent ones Bitrix24 must reach this server by https.",
            f"Sent ones go to a secret address below {wiring.hook_url}, which Bitrix24 is told by the installation.",
            "Save this connection, and press Install here: it registers the bot under the connection's name.",
            f"Find {wiring.name} in Bitrix24's chats and write to it. In group chats add it, and mention it with @.",
        )


def _asked(wiring: Wiring, method: str, arguments: dict[str, Any], **how: float) -> dict[str, Any]:
    ours = {"botId": _bot_id(wiring), "botToken": _bot_token(wiring)}
    return Portal(wiring).call(f"imbot.v2.{method}", ours | arguments, **how)


def _fetched(wiring: Wiring, event: Any) -> list[Arrived]:
    """One that cannot be read must not hold up all that come after it."""
    if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
        return []
    with suppress(Refused):
        event_id = f"fetched:{events.number(event, 'eventId')}"
        found = events.arrived(wiring, clean(event.get("type"), 100), event["data"], event_id)
        return [] if found is None else [found]
    return []


def _bot_id(wiring: Wiring) -> int:
    found = wiring.settings.get("bot_id", "")
    if not (found.isascii() and found.isdigit()):
        raise PlatformError("The bot is not registered yet: press Install.", is_permanent=True)
    return int(found)


def _bot_token(wiring: Wiring) -> str:
    """40 characters, the most that Bitrix24 takes. Made from the webhook, so that an installation whose answer was lost
    finds its bot again; kept from then on."""
    made = hmac.new(Portal(wiring).address.encode(), f"bot of {wiring.key}".encode(), "sha256").hexdigest()[:40]
    return wiring.secrets.get("bot_token") or made


def _code(wiring: Wiring) -> str:
    return f"chantilly_{wiring.key}"


def _id(value: object) -> str:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise PlatformError("Bitrix24's answer cannot be understood.", is_unsure=True)
    return str(value)
