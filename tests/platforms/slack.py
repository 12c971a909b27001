"""A small Slack on loopback: the Web API that we call, and the requests that Slack sends, signed as Slack signs.

It refuses what Slack's documents say Slack refuses: https://docs.slack.dev/reference/methods and /reference/block-kit.
"""

import hashlib
import hmac
import json
import re
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

TOKEN = "xoxb-12345-of-the-loopback"
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BOT = "U0LAN0Z89"
SCOPES = (
    "app_mentions:read,channels:history,channels:read,chat:write,files:write,groups:history,groups:read,im:history,"
    "mpim:history"
)
PAYLOADS = Path(__file__).parent / "payloads" / "slack"


class Refusal(Exception):
    """What Slack answers with `ok: false`."""


@dataclass
class Slack:
    """What it knows, what it was asked, and how it is to misbehave. Faults are used up one by one, the first first."""

    url: str = ""
    channels: set[str] = field(default_factory=lambda: {"C123ABC456", "C111", "D024BE91L", "D111", "C0ARCHIVED"})
    archived: set[str] = field(default_factory=lambda: {"C0ARCHIVED"})
    scopes: str = SCOPES
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    messages: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[Any] = field(default_factory=list)
    responses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """What was said by each response_url, at most five times."""

    @property
    def shown(self) -> list[dict[str, Any]]:
        return list(self.messages.values())

    def answer(self, method: str, args: dict[str, Any], token: str) -> dict[str, Any]:
        if token != f"Bearer {TOKEN}":
            raise Refusal("invalid_auth" if token else "not_authed")
        verb: Callable[[dict[str, Any]], dict[str, Any]] | None = {
            "auth.test": self._who,
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "files.getUploadURLExternal": self._file_place,
            "files.completeUploadExternal": self._file_done,
        }.get(method)
        if verb is None:
            raise Refusal("unknown_method")
        return {"ok": True, **verb(args)}

    def respond(self, path: str, said: dict[str, Any]) -> tuple[int, bytes]:
        """A response_url: https://docs.slack.dev/interactivity/handling-user-interaction#message_responses"""
        told = self.responses.get(path)
        if told is None or len(told) >= 5:
            return 404, b'{"ok":false,"error":"expired_url"}'
        if said.get("response_type") not in ("ephemeral", "in_channel"):
            return 400, b"invalid_payload"
        try:
            self._check_said(said)
        except Refusal as refusal:
            return 400, str(refusal).encode()
        told.append(said)
        return 200, b"ok"

    def _who(self, args: dict[str, Any]) -> dict[str, Any]:
        return {"url": "https://acme.slack.com/", "team": "Acme", "user": "finance", "team_id": "T123ABC456",
                "user_id": BOT, "bot_id": "B111"}  # fmt: skip

    def _post(self, args: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(args)
        self._check_said(args)
        thread = args.get("thread_ts")
        if thread is not None and not re.fullmatch(r"\d+\.\d+", thread):
            raise Refusal("invalid_thread_ts")
        ts = f"{int(time.time())}.{len(self.messages):06d}"
        message = {"type": "message", "subtype": "bot_message", "text": args["text"], "ts": ts, "bot_id": "B111",
                   "username": "finance", "user": BOT, "blocks": args.get("blocks", []), "thread_ts": thread}  # fmt: skip
        self.messages[channel, ts] = message
        return {"channel": channel, "ts": ts, "message": message}

    def _update(self, args: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(args)
        message = self.messages.get((channel, args.get("ts", "")))
        if message is None:
            raise Refusal("message_not_found")
        self._check_said(args)
        message.update(text=args["text"], blocks=args.get("blocks", []))
        return {"channel": channel, "ts": message["ts"], "text": args["text"], "message": message}

    def _file_place(self, args: dict[str, Any]) -> dict[str, Any]:
        if not args.get("filename") or not str(args.get("length", "")).isdigit() or int(args["length"]) < 1:
            raise Refusal("invalid_arguments")
        file_id = f"F{len(self.files):06d}"
        self.files[file_id] = {"id": file_id, "name": args["filename"], "length": int(args["length"]), "data": None}
        return {"upload_url": f"{self.url}upload/v1/{file_id}", "file_id": file_id}

    def _file_done(self, args: dict[str, Any]) -> dict[str, Any]:
        channel, done = self._channel(args | {"channel": args.get("channel_id")}), []
        for each in json.loads(args["files"]):
            file = self.files.get(each["id"])
            if file is None or file["data"] is None or len(file["data"]) != file["length"]:
                raise Refusal("file_not_found")
            file |= {"channel": channel, "thread_ts": args.get("thread_ts"), "title": each.get("title")}
            done.append({"id": each["id"], "title": each.get("title")})
        return {"files": done}

    def _channel(self, args: Mapping[str, Any]) -> str:
        channel = args.get("channel")
        if channel not in self.channels:
            raise Refusal("channel_not_found")
        if channel in self.archived:
            raise Refusal("is_archived")
        return str(channel)

    def _check_said(self, args: Mapping[str, Any]) -> None:
        if not args.get("text") and not args.get("blocks"):
            raise Refusal("no_text")
        if len(args.get("text", "")) > 40_000:
            raise Refusal("msg_too_long")
        check_blocks(args.get("blocks", []))


def check_blocks(blocks: list[dict[str, Any]]) -> None:
    """Raises Refusal('invalid_blocks') for what the reference of Block Kit does not allow."""
    if not isinstance(blocks, list) or len(blocks) > 50:
        raise Refusal("invalid_blocks")
    for block in blocks:
        kind = block.get("type")
        if kind == "header":
            _check_text(block.get("text"), 150, ["plain_text"])
        elif kind == "section":
            if "text" not in block and not block.get("fields"):
                raise Refusal("invalid_blocks")
            if "text" in block:
                _check_text(block["text"], 3000)
            if len(block.get("fields", [])) > 10:
                raise Refusal("invalid_blocks")
            for each in block.get("fields", []):
                _check_text(each, 2000)
        elif kind == "context":
            if not 1 <= len(block.get("elements", [])) <= 10:
                raise Refusal("invalid_blocks")
            for each in block["elements"]:
                _check_text(each, 3000)
        elif kind == "actions":
            _check_actions(block.get("elements", []))
        elif kind != "rich_text" or not block.get("elements"):
            raise Refusal("invalid_blocks")


def _check_text(text: Any, limit: int, kinds: list[str] | None = None) -> None:
    if not isinstance(text, dict) or text.get("type") not in (kinds or ["plain_text", "mrkdwn"]):
        raise Refusal("invalid_blocks")
    if not isinstance(text.get("text"), str) or not 1 <= len(text["text"]) <= limit:
        raise Refusal("invalid_blocks")


def _check_actions(elements: list[dict[str, Any]]) -> None:
    if not 1 <= len(elements) <= 25 or len({each.get("action_id") for each in elements}) != len(elements):
        raise Refusal("invalid_blocks")
    for each in elements:
        _check_text(each.get("text"), 75, ["plain_text"])
        if each.get("type") != "button" or len(each.get("value", "")) > 2000:
            raise Refusal("invalid_blocks")
        if each.get("style") not in (None, "primary", "danger"):
            raise Refusal("invalid_blocks")


def read_as_markup(message: Mapping[str, Any]) -> list[str]:
    """All texts of a message in which Slack reads markup: the text itself (but not `mrkdwn: false`), and `mrkdwn`."""
    found = [message["text"]]
    waiting: list[Any] = list(message.get("blocks", []))
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            if each.get("type") == "mrkdwn":
                found.append(each["text"])
            if each.get("type") in ("user", "usergroup", "channel", "broadcast", "emoji"):
                found.append(json.dumps(each))
            waiting += [value for value in each.values() if isinstance(value, dict | list)]
    return found


def seen_texts(message: Mapping[str, Any]) -> list[str]:
    """What people read in the blocks, in their order."""
    found: list[str] = []

    def read(each: Any) -> None:
        if isinstance(each, dict):
            if isinstance(each.get("text"), str):
                found.append(each["text"])
            for value in each.values():
                read(value)
        elif isinstance(each, list):
            for one in each:
                read(one)

    read(message.get("blocks", []))
    return found


def documented(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return found


def signed(body: bytes, now: float, secret: str = SECRET) -> dict[str, str]:
    """https://docs.slack.dev/authentication/verifying-requests-from-slack, in our own words: not by the SDK."""
    stamp = str(int(now))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={digest}"}


def event_request(payload: Mapping[str, Any], now: float, secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(payload).encode()
    return body, {"content-type": "application/json", **signed(body, now, secret)}


def action_request(payload: Mapping[str, Any], now: float, secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
    body = f"payload={quote(json.dumps(payload))}".encode()
    return body, {"content-type": "application/x-www-form-urlencoded", **signed(body, now, secret)}


def command_request(payload: Mapping[str, Any], now: float, secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
    body = urlencode(payload).encode()
    return body, {"content-type": "application/x-www-form-urlencoded", **signed(body, now, secret)}


def deliver(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """As Slack calls a Request URL: any answer but 200 within three seconds is a failure."""
    with urllib.request.urlopen(urllib.request.Request(url, body, dict(headers)), timeout=3) as answer:
        return int(answer.status)


@contextmanager
def serving(slack: Slack | None = None) -> Iterator[Slack]:
    slack = slack or Slack()
    handler = type("Handler", (_Handler,), {"slack": slack})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    slack.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield slack
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    slack: Slack

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path.startswith("/upload/v1/"):
            self.slack.files[self.path.rpartition("/")[2]]["data"] = body
            self._say(200, b"OK - " + str(len(body)).encode(), {"content-type": "text/plain"})
        elif self.path.startswith("/commands/"):
            self._say(*self.slack.respond(self.path, json.loads(body)), {"content-type": "text/plain"})
        else:
            self._call(self.path.removeprefix("/api/"), self._args(body))

    def _call(self, method: str, args: dict[str, Any]) -> None:
        self.slack.calls.append((method, args))
        fault = self.slack.faults.pop(0) if self.slack.faults else None
        if isinstance(fault, tuple):
            self._say(*fault)
            return
        try:
            answer = self.slack.answer(method, args, self.headers.get("authorization", ""))
        except Refusal as refusal:
            answer = {"ok": False, "error": str(refusal)}
        if fault == "lost":
            self.close_connection = True  # it was done, and the connection is cut before anything of the answer arrives
        else:
            self._say(200, json.dumps(answer).encode(), {"x-oauth-scopes": self.slack.scopes})

    def _args(self, body: bytes) -> dict[str, Any]:
        if self.headers.get("content-type", "").startswith("application/json"):
            found: dict[str, Any] = json.loads(body or b"{}")
            return found
        return {name: values[0] for name, values in parse_qs(body.decode()).items()}

    def _say(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"content-type": "application/json"} | dict(headers)).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def limited(seconds: int) -> tuple[int, bytes, dict[str, str]]:
    """https://docs.slack.dev/apis/web-api/rate-limits"""
    return 429, b'{"ok":false,"error":"ratelimited"}', {"Retry-After": str(seconds)}
