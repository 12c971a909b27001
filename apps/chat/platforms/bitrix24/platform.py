"""Bitrix24's chat bots 2.0 (imbot.v2): fetched, or sent to us; asked through an incoming webhook of the portal, or as a
local application of it."""

import base64
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

from apps.chat.content import Content
from apps.chat.platforms.bitrix24 import drawing, events, form, tokens
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
            name="way", label="Connected by", default="webhook",
            choices=(("webhook", "an incoming webhook"), ("application", "a local application")),
            help="A webhook is made in a minute. An application has permissions of its own, and tokens that are renewed.",
        ),
        Field(
            name="webhook_url", label="Incoming webhook", is_secret=True, only=("way", "webhook"),
            help="Developer resources → Other → Inbound webhook, with the permission imbot: https://<portal>/rest/1/…/",
        ),
        Field(
            name="mode", label="Events", default="fetch", choices=(("fetch", "are fetched"), ("webhook", "are sent to us")),
            help="Fetched ones need no address that Bitrix24 can reach, and none is lost while we are away.",
        ),
        Field(
            name="portal_url", label="Address of your Bitrix24", is_required=False, only=("way", "application"),
            help="Of a local application: https://<portal>",
        ),
        Field(
            name="application_id", label="Application's code", is_required=False, only=("way", "application"),
            help="Of a local application, as Bitrix24 shows it (client_id): local.…",
        ),
        Field(
            name="application_key", label="Application's key", is_secret=True, is_required=False,
            only=("way", "application"), help="Of a local application, as Bitrix24 shows it (client_secret).",
        ),
        Field(
            name="oauth_url", label="Authorization server", is_required=False, default=tokens.SERVER,
            help="Of a local application. The key is sent there, and nowhere else.",
        ),
        Field(name="address_end", label="End of our address", is_required=False, is_made=True, only=("way", "application")),
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
        if events.is_installation(wiring, found):
            return events.installation(wiring, host, found, hook.now)
        learned = events.check_token(wiring, host, found, hook.now)
        kind, data = clean(found.get("event"), 100).upper(), found.get("data")
        data = data if isinstance(data, dict) else {}
        if tokens.is_application(wiring):
            if kind == "ONAPPUNINSTALL":
                return tokens.removed()
            if not tokens.is_confirmed(wiring):
                raise Refused("The installation is not confirmed yet.")
        elif events.is_removal(wiring, kind, data) and not learned.secrets:
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
        if tokens.is_application(wiring) and not tokens.is_confirmed(wiring):
            return Polled(arrived=(), cursor=cursor, wait=IDLE)  # until the installation comes
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
        result = Portal(wiring).call("imbot.v2.Bot.get", {"code": _code(wiring), **_ours(wiring)})
        found, wanted = result.get("bot"), wiring.settings.get("mode") or "fetch"
        bot = found if isinstance(found, dict) else {}
        if str(bot.get("id")) != wiring.settings.get("bot_id") or bot.get("eventMode") != wanted:
            raise PlatformError("The bot is not registered as it is set here: press Install.", is_permanent=True)
        known = f"{Portal(wiring).host} knows our bot as number {bot['id']}"
        if wanted == "webhook" and not wiring.secrets.get("application_token"):
            return f"{known}. Write to it once: with the first message it tells the token that we wait for."
        return f"{known}; its events {'are sent to us' if wanted == 'webhook' else 'are fetched'}."

    def install(self, wiring: Wiring) -> Mapping[str, Any]:
        if tokens.is_application(wiring):
            return _installed(wiring)
        mode, token = wiring.settings.get("mode") or "fetch", _bot_token(wiring)
        path = wiring.secrets.get("path_secret") or secrets.token_urlsafe(24)
        bot_id = _registered(wiring, path)
        return {
            "settings": {"bot_id": bot_id, "member_id": "", "installation": "waiting" if mode == "webhook" else ""},
            "secrets": {"bot_token": token, "path_secret": path, "application_token": ""},
        }

    def uninstall(self, wiring: Wiring) -> None:
        if not wiring.settings.get("bot_id"):
            return
        if tokens.is_application(wiring) and wiring.settings.get("installation") == tokens.ENDED:
            return
        try:
            _asked(wiring, "Bot.unregister", {})
        except Said as error:
            if error.error != GONE:
                raise

    def guide(self, wiring: Wiring) -> Sequence[str]:
        if tokens.is_application(wiring):
            return _guide(wiring)
        return (
            "In Bitrix24 open Developer resources, Other, Inbound webhook.",
            "Give it the permission imbot (Creating and managing chat bots), and save it.",
            "Copy its address (https://<portal>/rest/<user>/<code>/) into Incoming webhook here.",
            "Choose how events come: fetched needs nothing else; for sent ones Bitrix24 must reach this server by https.",
            f"Sent ones go to a secret address below {wiring.hook_url}, which Bitrix24 is told by the installation.",
            "Save this connection, and press Install here: it registers the bot under the connection's name.",
            f"Find {wiring.name} in Bitrix24's chats and write to it. In group chats add it, and mention it with @.",
        )


def _guide(wiring: Wiring) -> Sequence[str]:
    """https://apidocs.bitrix24.com/local-integrations/local-apps.html"""
    return (
        "Enter the address of your Bitrix24 here, and save this connection: then Bitrix24 can call it.",
        "In Bitrix24 open Applications, Developer resources, Other, Local application.",
        "Choose Server, and tick Script only (no user interface).",
        f"As handler path and as initial installation path enter {_address(wiring)}, which nobody else is to know.",
        "Give it the permission imbot (Creating and managing chat bots), and save it: that installs it.",
        "Copy the application's code and key, which Bitrix24 shows then, into this connection, and save it.",
        f"The bot is registered as {wiring.name} within some seconds; see What happened. Install here does the same at once.",
        f"Find {wiring.name} in Bitrix24's chats and write to it. In group chats add it, and mention it with @.",
    )


def _installed(wiring: Wiring) -> Mapping[str, Any]:
    """The tokens that came are confirmed by the authorization server, before anything is done with them."""
    if wiring.settings.get("installation") == tokens.ENDED:
        said = "It waits for Bitrix24: add the local application there anew."
        return {"settings": {"installation": "waiting"}, "secrets": {}, "said": said}
    confirmed = replace(wiring, secrets=tokens.renewed(wiring))
    address = _address(confirmed)
    bot_id = _registered(confirmed, events.address_end(confirmed))
    portal = Portal(confirmed)
    portal.call("event.unbind", {"event": "ONAPPUNINSTALL", "handler": address})  # binding it twice is an error
    portal.call("event.bind", {"event": "ONAPPUNINSTALL", "handler": address})
    return {"settings": {"bot_id": bot_id, "installation": "", "confirmed": "yes"}, "secrets": {}}


def _registered(wiring: Wiring, path: str) -> str:
    """The bot's number. `register` leaves a bot that is there as it is, so it is updated too; then the buttons' command."""
    mode = wiring.settings.get("mode") or "fetch"
    ways: dict[str, Any] = {"eventMode": mode, "properties": {"name": clean(wiring.name, 100) or "Chantilly"}}
    if mode == "webhook":
        ways["webhookUrl"] = f"{wiring.hook_url.rstrip('/')}/{path}"
    portal, token = Portal(wiring), _ours(wiring)
    made = portal.call("imbot.v2.Bot.register", {"fields": {"code": _code(wiring), "type": "bot", **token, **ways}})
    bot = made.get("bot")
    bot_id = _id(bot.get("id") if isinstance(bot, dict) else None)
    ours = {"botId": int(bot_id), **token}
    portal.call("imbot.v2.Bot.update", ours | {"fields": ways})
    portal.call("imbot.v2.Command.register", ours | {"fields": {"command": drawing.COMMAND, "hidden": True}})
    return bot_id


def _address(wiring: Wiring) -> str:
    return f"{wiring.hook_url.rstrip('/')}/{events.address_end(wiring)}"


def _ours(wiring: Wiring) -> dict[str, Any]:
    """What says that a bot is ours: an application's own token does without."""
    return {} if tokens.is_application(wiring) else {"botToken": _bot_token(wiring)}


def _asked(wiring: Wiring, method: str, arguments: dict[str, Any], **how: float) -> dict[str, Any]:
    ours = {"botId": _bot_id(wiring), **_ours(wiring)}
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
