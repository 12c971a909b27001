"""A loopback server that speaks Gemini's generateContent protocol: it checks requests as strictly as the real one
documents them, and answers with the bodies in payloads/ or with what a test gives it."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PAYLOADS = Path(__file__).parent / "payloads"
KEY = "AIzaTest-loopback-key-000000000000000"
BODY_KEYS = {"contents", "systemInstruction", "generationConfig", "tools", "toolConfig", "safetySettings"}
CONFIG_KEYS = {"temperature", "maxOutputTokens", "seed", "responseMimeType", "responseSchema", "responseJsonSchema"}


def payload(name: str) -> dict[str, Any]:
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def answer(text: str, **changes: Any) -> dict[str, Any]:
    body = payload("answer")
    body["candidates"][0]["content"]["parts"] = [{"text": text}]
    body["candidates"][0].update(changes)
    return body


@dataclass
class GeminiServer:
    """`reply(...)` sets the next answers, the last one repeats; `requests` is what arrived."""

    replies: list[tuple[int, bytes, dict[str, str]]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    hang: threading.Event | None = None
    base_url: str = ""

    def reply(self, body: Any, status: int | None = None, headers: dict[str, str] | None = None) -> None:
        status = status or (body.get("error", {}).get("code", 200) if isinstance(body, dict) else 200)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.replies.append((status, raw, headers or {}))

    def start(self) -> ThreadingHTTPServer:
        gemini = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                body = json.loads(raw)
                gemini.requests.append({"path": self.path, "headers": dict(self.headers.items()), "body": body})
                if gemini.hang:
                    gemini.hang.wait(10)
                self._send(*(gemini._refusal(self.path, self.headers, body) or gemini._next()))

            def _send(self, status: int, raw: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json; charset=UTF-8", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *args: Any) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server

    def _next(self) -> tuple[int, bytes, dict[str, str]]:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def _refusal(self, path: str, headers: Any, body: dict[str, Any]) -> tuple[int, bytes, dict[str, str]] | None:
        if headers.get("x-goog-api-key") != KEY:
            return 400, json.dumps(payload("error_400_key")).encode(), {}
        if not (path.startswith("/v1beta/models/") and path.endswith(":generateContent")):
            return 404, json.dumps(payload("error_404")).encode(), {}
        is_known = body.keys() <= BODY_KEYS and body.get("generationConfig", {}).keys() <= CONFIG_KEYS
        if not is_known or not body.get("contents"):
            return 400, json.dumps(payload("error_400_argument")).encode(), {}
        return None
