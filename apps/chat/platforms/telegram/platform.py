"""The platform's duties, by the Bot API."""

import json
import re
import secrets as random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hmac import compare_digest
from typing import Any

from apps.chat.content import Content
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
from apps.chat.platforms.reading import json_object
from apps.chat.platforms.telegram import drawing, updates
from apps.chat.platforms.telegram.calls import PUBLIC, Moved, bot_id, call
from apps.chat.platforms.texts import clean
from apps.core.masking import mask

SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")
MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,100}", re.IGNORECASE)
MOST_UPDATES = 50
HOOKED_SECONDS = 60.0
"""Between two looks at a connection that Telegram calls itself."""
COMMANDS = {
    "help": "What I can do for you",
    "status": "How my tasks are doing",
    "list": "My tasks",
    "queue": "What is running and waiting",
    "cancel": "Stop what we are talking about",
}


class Telegram:
    key = "telegram"
    name = "Telegram"
    # Published: 30 messages a second, 1 a second into a chat, 20 a minute into a group (edits count).
    limits = Limits(
        text=drawing.LONGEST,
        buttons=drawing.MOST_BUTTONS,
        file_bytes=50_000_000,
        per_second=25.0,
        burst=30,
        dialog_seconds=1.0,
        edit_seconds=4.0,
        thread_mark=":",
    )
    fields: Sequence[Field] = (
        Field(name="token", label="Bot token", help="@BotFather shows it: 123456:ABC…", is_secret=True),
        Field(
            name="mode",
            label="How news arrive",
            help="Polling needs no address that Telegram can reach.",
            default="polling",
            choices=(("polling", "We ask Telegram (polling)"), ("webhook", "Telegram calls us (webhook)")),
        ),
        Field(
            name="webhook_secret",
            label="Webhook secret",
            help="16 to 256 letters, digits, _ and -. Leave it empty: Install makes one.",
            is_secret=True,
            is_required=False,
        ),
        Field(
            name="username", label="Bot's username", help="Without @. Install fills it in.", is_required=False
        ),
        Field(
            name="api_url",
            label="API address",
            help=f"Only for a Bot API server of your own; else {PUBLIC}.",
            is_required=False,
        ),
    )  # fmt: skip
    polls = True

    def receive(self, wiring: Wiring, hook: Hook) -> Received:
        secret = wiring.secrets.get("webhook_secret", "")
        given = hook.headers.get("x-telegram-bot-api-secret-token", "")
        if not SECRET.fullmatch(secret) or not compare_digest(given.encode("utf-8", "replace"), secret.encode()):
            raise Refused("The secret token is missing or wrong.")
        update = json_object(hook.body)
        arrived = updates.read(update, _bot(wiring))
        return Received(arrived=[arrived] if arrived else [], answer=_acknowledged(updates.pressed_id(update)))

    def reply(self, wiring: Wiring, content: Content) -> Answer:
        return Answer()

    def send(self, wiring: Wiring, dialog: str, content: Content, *, key: str, about: str = "") -> str:
        is_answer = dialog.startswith("-") and about.isascii() and about.isdigit()
        answered = {"message_id": int(about), "allow_sending_without_reply": True} if is_answer else None
        return _sent(wiring, "sendMessage", dialog, {**drawing.message(content), "reply_parameters": answered})

    def edit(self, wiring: Wiring, dialog: str, message_id: str, content: Content) -> None:
        chat, _, number = message_id.rpartition(":")
        place = {"chat_id": chat or dialog.partition(":")[0], "message_id": _number(number)}
        try:
            call(wiring, "editMessageText", {**place, **drawing.message(content)})
        except PlatformError as error:
            if "message is not modified" not in error.message:
                raise

    def send_file(self, wiring: Wiring, dialog: str, name: str, media_type: str, data: bytes, *, key: str) -> str:
        if len(data) > self.limits.file_bytes:
            raise PlatformError("Telegram takes files of at most 50 MB.", is_permanent=True)
        kind = media_type if MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream"
        document = (clean(name, 200).strip() or "file", data, kind)
        return _sent(wiring, "sendDocument", dialog, {}, document=document)

    def poll(self, wiring: Wiring, cursor: str, *, seconds: float) -> Polled:
        if wiring.settings.get("mode") == "webhook":
            return Polled(arrived=(), cursor=cursor, wait=HOOKED_SECONDS)
        waiting = max(int(seconds), 0)
        found = call(
            wiring,
            "getUpdates",
            {
                "offset": int(cursor) if cursor.isascii() and cursor.isdigit() else None,
                "timeout": waiting,
                "limit": MOST_UPDATES,
                "allowed_updates": list(updates.KINDS),
            },
            seconds=waiting + 10.0,
        )
        news = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
        arrived: list[Arrived] = []
        for update in news:
            with suppress(Refused):  # one that cannot be read must not hold up all that come after it
                arrived += filter(None, [updates.read(update, _bot(wiring))])
                _answer_press(wiring, updates.pressed_id(update))
        numbers = [each["update_id"] for each in news if isinstance(each.get("update_id"), int)]
        return Polled(arrived=arrived, cursor=str(max(numbers) + 1) if numbers else cursor)

    def check(self, wiring: Wiring) -> str:
        me = _object(call(wiring, "getMe", {}))
        hook = _object(call(wiring, "getWebhookInfo", {}))
        said = [f"I am @{clean(me.get('username'), 100)} on Telegram."]
        has_hook, wants_hook = bool(hook.get("url")), wiring.settings.get("mode") == "webhook"
        if has_hook != wants_hook:
            said.append("Press Install: Telegram has " + ("a webhook, but we poll." if has_hook else "no webhook yet."))
        if failure := clean(hook.get("last_error_message"), 200):
            said.append(f"Telegram's last call to us failed: {mask(failure)}.")
        return " ".join(said)

    def install(self, wiring: Wiring) -> Mapping[str, Any]:
        secret = wiring.secrets.get("webhook_secret", "")
        if not SECRET.fullmatch(secret):
            secret = random.token_urlsafe(32)
        me = _object(call(wiring, "getMe", {}))
        if wiring.settings.get("mode") == "webhook":
            parameters = {"url": wiring.hook_url, "secret_token": secret, "allowed_updates": list(updates.KINDS)}
            call(wiring, "setWebhook", parameters)
        else:
            call(wiring, "deleteWebhook", {})
        commands = [{"command": command, "description": words} for command, words in COMMANDS.items()]
        call(wiring, "setMyCommands", {"commands": commands})
        return {"settings": {"username": clean(me.get("username"), 100)}, "secrets": {"webhook_secret": secret}}

    def uninstall(self, wiring: Wiring) -> None:
        call(wiring, "deleteWebhook", {})
        call(wiring, "deleteMyCommands", {})

    def guide(self, wiring: Wiring) -> Sequence[str]:
        username = wiring.settings.get("username", "")
        return [
            "In Telegram, write /newbot to @BotFather and answer its questions.",
            "Enter the token that it shows as the bot token here.",
            "Choose polling; or webhook, if Telegram can reach "
            + (f"{wiring.hook_url} (https, port 443, 80, 88 or 8443)." if wiring.hook_url else "this site by https."),
            "Press Install: it registers the address, the secret and the commands, and learns the bot's name.",
            "Press Test.",
            f"People open https://t.me/{username or '<bot>'}, press Start and send the code of their page “My chat accounts”.",
            "For groups: add the bot. It hears commands, @mentions and answers to what it wrote; let its privacy mode on.",
        ]


def _bot(wiring: Wiring) -> updates.Bot:
    return updates.Bot(id=bot_id(wiring), username=wiring.settings.get("username", "").lstrip("@"))


def _acknowledged(pressed: str) -> Answer:
    """The request's own answer may be a call (https://core.telegram.org/bots/api#making-requests-when-getting-updates)."""
    if not pressed:
        return Answer()
    body = json.dumps({"method": "answerCallbackQuery", "callback_query_id": pressed})
    return Answer(body=body.encode(), content_type="application/json")


def _answer_press(wiring: Wiring, pressed: str) -> None:
    if pressed:
        with suppress(PlatformError):  # the button looks busy a while longer; what was pressed counts all the same
            call(wiring, "answerCallbackQuery", {"callback_query_id": pressed}, seconds=5.0)


def _sent(wiring: Wiring, method: str, dialog: str, parameters: Mapping[str, Any], **more: Any) -> str:
    chat, _, topic = dialog.partition(":")
    place: dict[str, Any] = {"chat_id": chat, "message_thread_id": _number(topic) if topic else None}
    try:
        return str(_number(_object(call(wiring, method, {**place, **parameters}, **more)).get("message_id")))
    except Moved as moved:
        elsewhere = {"chat_id": moved.chat_id, **parameters, "reply_parameters": None}
        result = _object(call(wiring, method, elsewhere, **more))
        return f"{moved.chat_id}:{_number(result.get('message_id'))}"


def _object(result: Any) -> Mapping[str, Any]:
    if not isinstance(result, dict):
        raise PlatformError("Telegram answered what it does not document.", is_unsure=True)
    return result


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise PlatformError("Telegram answered or was given no number for a message.", is_permanent=True) from None
