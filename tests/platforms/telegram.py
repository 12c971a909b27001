"""A small Bot API on loopback, by https://core.telegram.org/bots/api: it refuses what that page says is refused, with the
answers in payloads/telegram (see SOURCES.md there), and sends updates as Telegram does, to a webhook or to whoever polls."""

import email.policy
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from tests.platforms.loopback import PATIENCE, Given, Loopback, Request

TOKEN = "6067617432:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw-loop"
ME = {"id": 6067617432, "is_bot": True, "first_name": "Finance", "username": "finance_bot"}
PAYLOADS = Path(__file__).parent / "payloads" / "telegram"
PERSON = {"id": 5519214459, "is_bot": False, "first_name": "Ada", "last_name": "Lovelace", "language_code": "de"}
PRIVATE = {"id": 5519214459, "type": "private", "first_name": "Ada", "last_name": "Lovelace"}
GROUP = {"id": -1001914618483, "type": "supergroup", "title": "Accounts", "is_forum": True}
# Parameters by method: those that are required, those that may be given. Of the page above, what we could use of it.
METHODS: Mapping[str, tuple[set[str], set[str]]] = {
    "getMe": (set(), set()),
    "getWebhookInfo": (set(), set()),
    "deleteMyCommands": (set(), {"scope", "language_code"}),
    "setMyCommands": ({"commands"}, {"scope", "language_code"}),
    "setWebhook": (
        {"url"},
        {"certificate", "ip_address", "max_connections", "allowed_updates", "drop_pending_updates", "secret_token"},
    ),
    "deleteWebhook": (set(), {"drop_pending_updates"}),
    "getUpdates": (set(), {"offset", "limit", "timeout", "allowed_updates"}),
    "answerCallbackQuery": ({"callback_query_id"}, {"text", "show_alert", "url", "cache_time"}),
    "sendMessage": (
        {"chat_id", "text"},
        {"message_thread_id", "parse_mode", "entities", "link_preview_options", "reply_parameters", "reply_markup"},
    ),
    "editMessageText": (
        {"chat_id", "message_id", "text"}, {"parse_mode", "entities", "link_preview_options", "reply_markup"},
    ),
    "sendDocument": ({"chat_id", "document"}, {"message_thread_id", "caption", "reply_parameters", "reply_markup"}),
}  # fmt: skip
STYLES = {"bold", "italic", "underline", "strikethrough", "spoiler", "code", "pre", "text_link"}


def payload(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return found


class Refusal(Exception):
    """An answer with `ok: false`."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        self.code = code
        self.body = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.body["parameters"] = parameters


@dataclass
class BotApi(Loopback):
    """`updates` wait to be fetched; `moved` maps groups to the supergroups they became."""

    token: str = TOKEN
    updates: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    files: list[tuple[str, str, bytes]] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    moved: dict[str, int] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    webhook: dict[str, Any] = field(default_factory=dict)
    commands: list[dict[str, str]] = field(default_factory=list)
    arriving: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def shown(self) -> list[str]:
        return [message["text"] for message in self.messages]

    def happens(self, update: dict[str, Any]) -> None:
        """Something for the bot's updates; it gets the next id."""
        with self.arriving:
            self.updates.append({**update, "update_id": 10_000 + len(self.updates)})
            self.arriving.notify_all()

    def answer(self, request: Request) -> Given:
        try:
            result = self._result(request)
        except Refusal as refusal:
            return _given(refusal.code, refusal.body)
        return _given(200, {"ok": True, "result": result})

    def _result(self, request: Request) -> Any:
        _, bot, method = [*request.path.split("/"), "", ""][:3]
        if bot != f"bot{self.token}":
            raise Refusal(401, "Unauthorized")
        if method not in METHODS:
            raise Refusal(404, "Not Found")
        given = _parameters(request)
        self.calls.append((method, given))
        required, others = METHODS[method]
        if missing := required - given.keys():
            raise Refusal(400, f"Bad Request: {min(missing)} is empty")
        if unknown := given.keys() - required - others:
            raise AssertionError(f"{method} has no parameter {unknown}")
        verb: Callable[[dict[str, Any]], Any] = getattr(self, f"_{method}")
        return verb(given)

    def _getMe(self, given: dict[str, Any]) -> Any:
        return ME

    def _getWebhookInfo(self, given: dict[str, Any]) -> Any:
        return {"url": "", "has_custom_certificate": False, "pending_update_count": 0, **self.webhook}

    def _setMyCommands(self, given: dict[str, Any]) -> Any:
        for each in given["commands"]:
            assert each["command"].islower() and 1 <= len(each["description"]) <= 256
        self.commands = given["commands"]
        return True

    def _deleteMyCommands(self, given: dict[str, Any]) -> Any:
        self.commands = []
        return True

    def _setWebhook(self, given: dict[str, Any]) -> Any:
        if given["url"] and not given["url"].startswith("https://"):
            raise Refusal(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        self.webhook = given
        return True

    def _deleteWebhook(self, given: dict[str, Any]) -> Any:
        self.webhook = {}
        return True

    def _getUpdates(self, given: dict[str, Any]) -> Any:
        if self.webhook.get("url"):
            raise Refusal(409, payload("error_409")["description"])
        with self.arriving:
            self.updates = [each for each in self.updates if each["update_id"] >= given.get("offset", 0)]
            self.arriving.wait_for(lambda: self.updates, min(given.get("timeout", 0), PATIENCE))
            kinds = given.get("allowed_updates")
            news = [each for each in self.updates if not kinds or set(kinds) & each.keys()]
            return news[: given.get("limit", 100)]

    def _answerCallbackQuery(self, given: dict[str, Any]) -> Any:
        if given["callback_query_id"] in self.answered:
            raise Refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self.answered.append(given["callback_query_id"])
        return True

    def _sendMessage(self, given: dict[str, Any]) -> Any:
        chat = self._chat(given)
        message = {"message_id": len(self.messages) + 1, "from": ME, "chat": chat, "date": 1441645532, **_shown(given)}
        self.messages.append(
            message | {"reply": given.get("reply_parameters"), "topic": given.get("message_thread_id")}
        )
        return message

    def _editMessageText(self, given: dict[str, Any]) -> Any:
        self._chat(given)
        if not 1 <= given["message_id"] <= len(self.messages):
            raise Refusal(400, payload("error_400_no_message")["description"])
        message, shown = self.messages[given["message_id"] - 1], _shown(given)
        if shown == {name: message.get(name) for name in shown}:
            raise Refusal(400, payload("error_400_not_modified")["description"])
        message |= shown
        return message

    def _sendDocument(self, given: dict[str, Any]) -> Any:
        chat = self._chat(given)
        name, media_type, data = given["document"]
        if len(data) > 50_000_000:
            raise Refusal(413, "Request Entity Too Large")
        self.files.append((name, media_type, data))
        self.messages.append({"message_id": len(self.messages) + 1, "text": f"[{name}]", "chat": chat})
        return self.messages[-1]

    def _chat(self, given: dict[str, Any]) -> dict[str, Any]:
        chat = str(given["chat_id"])
        if chat in self.blocked:
            raise Refusal(403, payload("error_403")["description"])
        if chat in self.moved:
            raise Refusal(400, payload("error_400_migrated")["description"], migrate_to_chat_id=self.moved[chat])
        if not chat.lstrip("-").isdigit():
            raise Refusal(400, "Bad Request: chat not found")
        return {"id": int(chat), "type": "private" if int(chat) > 0 else "supergroup"}


def _shown(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is shown of a message. Raises Refusal for what the page does not allow."""
    text = given["text"]
    length = len(text.encode("utf-16-le")) // 2
    if not text.strip():
        raise Refusal(400, "Bad Request: message text is empty")
    if length > 4096:
        raise Refusal(400, "Bad Request: message is too long")
    assert text == text.strip(), "Telegram strips it, and the entities are elsewhere then"
    assert "parse_mode" not in given, "texts would be markup"
    for entity in given.get("entities", []):
        is_inside = entity["offset"] >= 0 and entity["length"] > 0 and entity["offset"] + entity["length"] <= length
        if entity["type"] not in STYLES or not is_inside:
            raise Refusal(400, "Bad Request: can't parse MessageEntity")
    keyboard = given.get("reply_markup", {}).get("inline_keyboard", [])
    if sum(map(len, keyboard)) > 100 or any(len(row) > 8 for row in keyboard):
        raise Refusal(400, "Bad Request: reply markup is too long")
    for button in (each for row in keyboard for each in row):
        if not 1 <= len(button["callback_data"].encode()) <= 64 or not button["text"]:
            raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
    return {"text": text, "entities": given.get("entities", []), "keyboard": keyboard}


def _parameters(request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "")
    if kind == "application/json":
        found: dict[str, Any] = json.loads(request.body)
        return found
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    parts = BytesParser(policy=email.policy.HTTP).parsebytes(head + request.body)
    given: dict[str, Any] = {}
    for part in parts.iter_parts():
        data, name = part.get_payload(decode=True), part.get_param("name", header="content-disposition")
        is_file = part.get_filename() is not None
        given[str(name)] = (part.get_filename(), part.get_content_type(), data) if is_file else data.decode()
    return given


def _given(status: int, body: Any) -> Given:
    return Given(status=status, body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})


def wrote(text: str, number: int, chat: Mapping[str, Any] = PRIVATE, **more: Any) -> dict[str, Any]:
    """The update in which a person writes this; its id comes when it happens."""
    found = re.search(r"@\w+", text)
    entities = [{"type": "mention", "offset": found.start(), "length": len(found[0])}] if found else []
    message = {"message_id": number, "from": PERSON, "chat": chat, "date": 1685449265, "text": text}
    return {"message": {**message, "entities": entities, **more}}


def pressed(message: Mapping[str, Any], label: str, number: int) -> dict[str, Any]:
    """The update in which they press a button of a message that the bot wrote."""
    [data] = [each["callback_data"] for row in message["keyboard"] for each in row if each["text"] == label]
    said = {"message_id": message["message_id"], "from": ME, "chat": message["chat"], "date": 1685449265}
    return {
        "callback_query": {"id": f"press-{number}", "from": PERSON, "message": said, "chat_instance": "1", "data": data}
    }


@contextmanager
def serving() -> Iterator[BotApi]:
    api = BotApi()
    with api.serving():
        yield api
