"""A small Bitrix24 on loopback: imbot.v2 through an incoming webhook or for a local application, whose tokens its
authorization server renews, and the events that it keeps or sends.

It refuses what the documents say it refuses: https://apidocs.bitrix24.com/api-reference/chat-bots/chat-bots-v2
"""

import base64
import binascii
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

from tests.platforms.loopback import Given, Loopback, Request

CODE = "w3bh00kc0de1234567"
APPLICATION_TOKEN = "831c76b092f9f135d9b6b36c3a720757"
MEMBER = "bac1cd5c8940947a75e0d71b1a84e348"
BOT_ID = 456
CLIENT, KEY = "local.573ad8a0346747.09223434", "LJSl0lNB76B5YY6u0YVQ3AW0DrVADcRTwVr4y99PXU1BWQybWK"
PAYLOADS = Path(__file__).parent / "payloads" / "bitrix24"
EVENTS = (
    "ONIMBOTV2MESSAGEADD",
    "ONIMBOTV2COMMANDADD",
    "ONIMBOTV2JOINCHAT",
    "ONIMBOTV2REACTIONCHANGE",
    "ONIMBOTV2DELETE",
)
TAG = re.compile(
    r"\[/?(b|i|u|s|size|color|url|user|chat|context|code|img|icon|put|send|call|timestamp|disk|br)(?:[= ][^\[\]]*)?\]",
    re.I,
)
QUOTED = re.compile(r"^(?:>>|-{6,})", re.M)
Args = dict[str, Any]


class Refusal(Exception):
    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.status = error, status


class Bitrix24(Loopback):
    """`limit`: calls that it takes at once before its bucket, leaking two a second, runs over."""

    def __init__(self, limit: int | None = None) -> None:
        super().__init__()
        self.bots: dict[int, Args] = {}
        self.commands: dict[tuple[int, str], Args] = {}
        self.dialogs = {"1", "chat5"}
        self.messages: dict[int, Args] = {}
        self.files: list[Args] = []
        self.events: list[Args] = []
        self.calls: list[tuple[str, Args]] = []
        self.handlers: list[Args] = []
        self.member = documented("ONAPPINSTALL")["auth"]["member_id"]
        self.access, self.refresh = "", ""
        self.renewals = 0
        self._limit, self._level, self._at = limit, 0.0, time.monotonic()

    @property
    def webhook_url(self) -> str:
        return f"{self.url}/rest/1/{CODE}/"

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def answer(self, request: Request) -> Given:
        try:
            result = self._result(request)
        except Refusal as refusal:
            body = {"error": refusal.error, "error_description": refusal.error.lower().replace("_", " ")}
            return Given(
                status=refusal.status, body=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
            )
        now = time.time()
        times = {"start": now, "finish": now, "duration": 0.0, "processing": 0.0, "date_start": "", "date_finish": ""}
        body = result if request.verb == "GET" else {"result": result, "time": times}
        return Given(body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})

    def _result(self, request: Request) -> Args:
        if request.verb == "GET":
            return self._renewed(request)
        found = re.fullmatch(r"/rest/(?:1/([A-Za-z0-9]+)/)?([a-z][A-Za-z0-9.]+)", request.path)
        if found is None or (found[1] or CODE) != CODE:
            raise Refusal("NO_AUTH_FOUND", 401)
        self._leak()
        args: Args = json.loads(request.body)
        is_application = found[1] is None
        if is_application:
            self._check_access(args.pop("auth", None))
            args = self._with_token(args)
        method = found[2].removeprefix("imbot.v2.")
        self.calls.append((method, args))
        verbs: dict[str, Callable[[Args], Args]] = {
            "Bot.register": self._register, "Bot.update": self._update_bot, "Bot.get": self._get_bot,
            "Bot.unregister": self._unregister, "Command.register": self._command, "Event.get": self._events,
            **({"event.bind": self._bind, "event.unbind": self._unbind} if is_application else {}),
            "Chat.Message.send": self._send, "Chat.Message.update": self._update, "File.upload": self._upload,
        }  # fmt: skip
        if method not in verbs:
            raise Refusal("ERROR_METHOD_NOT_FOUND", 404)
        return verbs[method](args)

    def installs(self, address: str) -> tuple[str, bytes]:
        """Somebody saves the local application: what is sent to which address, and the tokens are good from now on."""
        self.access, self.refresh = "s6p6eclrvim6da22ft9ch94ekreb52lv", "4s386p3q0tr8dy89xvmt96234v3dljg8"
        event = documented("ONAPPINSTALL")
        event["auth"] |= {"domain": self.host, "client_endpoint": f"{self.url}/rest/"}
        return address, form(event | {"ts": int(time.time())})

    def removes(self, clean: int = 1) -> list[tuple[str, bytes]]:
        """Somebody removes it: its tokens are worth nothing, and the handlers are told."""
        self.access = self.refresh = ""
        event = documented("ONAPPUNINSTALL")
        event["auth"] |= {"domain": self.host}
        event["data"]["CLEAN"] = clean
        return [(each["handler"], form(event | {"ts": int(time.time())})) for each in self.handlers]

    def expires(self) -> None:
        """An hour has passed."""
        self.access = f"gone{self.renewals}"

    def _check_access(self, token: Any) -> None:
        """https://apidocs.bitrix24.com/error-codes.html"""
        if not token:
            raise Refusal("NO_AUTH_FOUND", 401)
        if token != self.access:
            raise Refusal("expired_token", 401)

    def _with_token(self, args: Args) -> Args:
        """An application's bots have no token of their own: its access token says whose they are."""
        if "botToken" in args or "botToken" in args.get("fields", {}):
            raise Refusal("BOT_TOKEN_NOT_NEEDED")
        fields = {"fields": {**args["fields"], "botToken": CLIENT}} if "fields" in args else {}
        return {**args, **fields, "botToken": CLIENT}

    def _renewed(self, request: Request) -> Args:
        """The authorization server: https://apidocs.bitrix24.com/settings/oauth/auto-renewal.html, /error-codes.html"""
        parts = urlsplit(request.path)
        asked = dict(parse_qsl(parts.query))
        if parts.path != "/oauth/token/" or asked.get("grant_type") != "refresh_token":
            raise Refusal("invalid_request")
        if (asked.get("client_id"), asked.get("client_secret")) != (CLIENT, KEY):
            raise Refusal("invalid_client", 401)
        if not self.refresh or asked.get("refresh_token") != self.refresh:
            raise Refusal("invalid_grant")
        self.renewals += 1
        self.access, self.refresh = f"access{self.renewals:08d}", f"refresh{self.renewals:08d}"
        told = documented("oauth.token")
        return told | {
            "access_token": self.access, "refresh_token": self.refresh, "client_endpoint": f"{self.url}/rest/",
            "member_id": self.member,
        }  # fmt: skip

    def _bind(self, args: Args) -> Any:
        if args.get("event") != "ONAPPUNINSTALL":
            raise Refusal("ERROR_EVENT_NOT_FOUND")
        if any(each["handler"] == args["handler"] for each in self.handlers):
            raise Refusal("ERROR_CORE")  # “Handler already binded”
        self.handlers.append({"event": args["event"], "handler": args["handler"]})
        return True

    def _unbind(self, args: Args) -> Args:
        left = [each for each in self.handlers if each["handler"] != args["handler"]]
        count, self.handlers = len(self.handlers) - len(left), left
        return {"count": count}

    def _leak(self) -> None:
        """https://apidocs.bitrix24.com/limits.html"""
        now = time.monotonic()
        self._level, self._at = max(0.0, self._level - 2 * (now - self._at)) + 1, now
        if self._limit is not None and self._level > self._limit:
            raise Refusal("QUERY_LIMIT_EXCEEDED", 503)

    def _register(self, args: Args) -> Args:
        fields = args.get("fields", {})
        token, code = fields.get("botToken"), fields.get("code")
        if not token:
            raise Refusal("BOT_TOKEN_NOT_SPECIFIED")
        if len(token) > 40:
            raise Refusal("BOT_TOKEN_INVALID_LENGTH")
        if not code:
            raise Refusal("BOT_CODE_REQUIRED")
        if not fields.get("properties", {}).get("name"):
            raise Refusal("BOT_PROPERTIES_REQUIRED")
        for bot in self.bots.values():
            if bot["code"] == code:
                if bot["botToken"] != token:
                    raise Refusal("BOT_CODE_ALREADY_TAKEN")
                return self._shown(bot)
        self._check_ways(fields)
        bot = {"id": BOT_ID + len(self.bots), "code": code, "botToken": token, "eventMode": "fetch", **fields}
        self.bots[bot["id"]] = bot
        return self._shown(bot)

    def _update_bot(self, args: Args) -> Args:
        bot = self._bot(args)
        self._check_ways(args["fields"])
        bot.update(args["fields"])
        return self._shown(bot)

    def _check_ways(self, fields: Args) -> None:
        if fields.get("eventMode", "fetch") not in ("fetch", "webhook"):
            raise Refusal("BOT_INVALID_EVENT_MODE")
        if fields.get("eventMode") == "webhook" and not str(fields.get("webhookUrl", "")).startswith("https://"):
            raise Refusal("BOT_INVALID_CALLBACK")

    def _get_bot(self, args: Args) -> Args:
        if not args.get("botToken"):
            raise Refusal("BOT_TOKEN_NOT_SPECIFIED")
        for bot in self.bots.values():
            if bot["code"] == args.get("code") or bot["id"] == args.get("botId"):
                return self._shown(bot)
        raise Refusal("BOT_NOT_FOUND")

    def _unregister(self, args: Args) -> Args:
        del self.bots[self._bot(args)["id"]]
        return {"result": True}

    def _command(self, args: Args) -> Args:
        bot, fields = self._bot(args), args.get("fields", {})
        if not fields.get("command"):
            raise Refusal("COMMAND_REQUIRED")
        if not fields.get("hidden") and not fields.get("title"):
            raise Refusal("COMMAND_TITLE_REQUIRED")
        self.commands[bot["id"], fields["command"]] = fields
        return {"command": {"id": 42, "botId": bot["id"], "command": f"/{fields['command']}", "common": False,
                            "hidden": fields.get("hidden", False), "extranetSupport": False}}  # fmt: skip

    def _events(self, args: Args) -> Args:
        self._bot(args)
        limit = args.get("limit", 100)
        self.events = [event for event in self.events if event["eventId"] >= args.get("offset", 0)]
        some = self.events[:limit]
        following = some[-1]["eventId"] + 1 if some else args.get("offset", 0)
        return {"events": some, "nextOffset": following, "hasMore": len(self.events) > limit}

    def _send(self, args: Args) -> Args:
        bot, fields = self._bot(args), args.get("fields", {})
        if args.get("dialogId") not in self.dialogs:
            raise Refusal("ACCESS_DENIED", 403)
        if not fields.get("message") and not fields.get("attach"):
            raise Refusal("EMPTY_MESSAGE")
        self._check_keyboard(bot, fields.get("keyboard"))
        number = 789 + len(self.messages)
        self.messages[number] = {"dialogId": args["dialogId"], "authorId": bot["id"], **fields, **self._cut(fields)}
        return {"id": number, "uuidMap": {}}

    def _update(self, args: Args) -> Args:
        bot, fields = self._bot(args), args.get("fields", {})
        message = self.messages.get(args.get("messageId", 0))
        if message is None or message["authorId"] != bot["id"]:
            raise Refusal("ACCESS_DENIED", 403)
        self._check_keyboard(bot, fields.get("keyboard"))
        message.update(fields, **self._cut(fields))
        return {"result": True}

    def _cut(self, fields: Args) -> Args:
        text = fields.get("message", "")
        return {"message": text if len(text) <= 20_000 else text[:19_994] + " (...)"}

    def _check_keyboard(self, bot: Args, keyboard: Any) -> None:
        """Buttons whose fields are wrong would not be shown; the loopback says so."""
        if keyboard in (None, "N"):
            return
        for button in keyboard["BUTTONS"]:
            known = (bot["id"], button.get("COMMAND")) in self.commands or button.get("LINK") or button.get("ACTION")
            if not button.get("TEXT") or not known or keyboard.get("BOT_ID") != bot["id"]:
                raise Refusal("KEYBOARD_ERROR")
            if button.get("BG_COLOR_TOKEN", "base") not in ("primary", "secondary", "alert", "base"):
                raise Refusal("KEYBOARD_ERROR")

    def _upload(self, args: Args) -> Args:
        bot, fields = self._bot(args), args.get("fields", {})
        if args.get("dialogId") not in self.dialogs:
            raise Refusal("ACCESS_DENIED", 403)
        if not fields.get("name") or not fields.get("content"):
            raise Refusal("FILE_EMPTY")
        try:
            data = base64.b64decode(fields["content"], validate=True)
        except binascii.Error:
            raise Refusal("FILE_INVALID_CONTENT") from None
        self.files.append({"dialogId": args["dialogId"], "name": fields["name"], "data": data})
        number = 789 + len(self.messages)
        self.messages[number] = {
            "dialogId": args["dialogId"],
            "authorId": bot["id"],
            "message": "",
            "file": fields["name"],
        }
        file = {"id": 137 + len(self.files), "chatId": 5, "name": fields["name"],
                "extension": fields["name"].rpartition(".")[2], "size": len(data)}  # fmt: skip
        return {"file": file, "messageId": number, "chatId": 5, "dialogId": args["dialogId"]}

    def _bot(self, args: Args) -> Args:
        if not args.get("botToken"):
            raise Refusal("BOT_TOKEN_NOT_SPECIFIED")
        if not args.get("botId"):
            raise Refusal("BOT_ID_REQUIRED")
        bot = self.bots.get(args["botId"])
        if bot is None:
            raise Refusal("BOT_NOT_FOUND")
        if bot["botToken"] != args["botToken"]:
            raise Refusal("BOT_OWNERSHIP_ERROR", 403)
        return bot

    def _shown(self, bot: Args) -> Args:
        counts = {"countMessage": 0, "countCommand": 0, "countChat": 0, "countUser": 0}
        kept = {"isHidden": False, "isSupportOpenline": False, "isReactionsEnabled": True, "backgroundId": None,
                "language": "en", "moduleId": "rest"}  # fmt: skip
        known = {name: bot[name] for name in ("id", "code", "type", "eventMode")}
        user = {"id": bot["id"], "active": True, "name": bot["properties"]["name"], "bot": True, "type": "bot"}
        return {"bot": known | kept | counts, "users": [user]}

    def happened(self, kind: str, data: Args) -> int:
        """Keep an event for who fetches."""
        number = 1001 + len(self.events) if not self.events else self.events[-1]["eventId"] + 1
        self.events.append({"eventId": number, "type": kind, "date": "2025-01-15T10:30:00+03:00", "data": data})
        return number


def form(payload: Mapping[str, Any]) -> bytes:
    """As PHP's http_build_query writes it: all scalars are texts, empty lists and objects are not there."""

    def pairs(value: Any, name: str) -> Iterator[tuple[str, str]]:
        if isinstance(value, dict | list):
            entries = value.items() if isinstance(value, dict) else enumerate(value)
            for key, each in entries:
                yield from pairs(each, f"{name}[{key}]" if name else str(key))
        else:
            yield name, "" if value is None else str(int(value)) if isinstance(value, bool) else str(value)

    return "&".join(f"{quote_plus(key)}={quote_plus(value)}" for key, value in pairs(dict(payload), "")).encode()


def sent(kind: str, data: Args, now: float, domain: str, token: str = APPLICATION_TOKEN, member: str = MEMBER) -> Args:
    """The envelope of an event that is sent; the bot is told in short, with tokens of its own."""
    bot = {"bot": documented("webhook_bot")} if "bot" in data else {}
    auth = {"domain": domain, "member_id": member, "application_token": token, "scope": "imbot", "status": "F"}
    return {"event": kind, "data": data | bot, "ts": int(now), "auth": auth}


def documented(name: str) -> Args:
    found: Args = json.loads((PAYLOADS / f"{name}.json").read_text())
    return found


def read_as_markup(text: str) -> list[str]:
    """The tags and quotations that Bitrix24 would see in the text."""
    return [match[0] for match in TAG.finditer(text)] + [match[0] for match in QUOTED.finditer(text)]


@contextmanager
def serving(portal: Bitrix24 | None = None) -> Iterator[Bitrix24]:
    portal = portal or Bitrix24()
    with portal.serving():
        yield portal
