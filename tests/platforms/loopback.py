"""A web server on loopback that remembers what it was asked, and misbehaves when it is told to."""

import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 30.0


@dataclass(frozen=True, kw_only=True)
class Request:
    path: str
    headers: Mapping[str, str]
    body: bytes
    verb: str = "POST"


@dataclass(frozen=True, kw_only=True)
class Given:
    """An answer. A `slow` one comes byte by byte and never ends by itself."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_slow: bool = False


RESET = "reset"
"""A fault: the request was read, and the connection breaks."""


class Loopback:
    """Subclasses answer. `faults` are used up first: each a Given, or RESET."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.faults: list[Any] = []
        self.url = ""
        self.leaving = threading.Event()

    def answer(self, request: Request) -> Given:
        return Given(status=204)

    def next(self, request: Request) -> Any:
        self.requests.append(request)
        return self.faults.pop(0) if self.faults else self.answer(request)

    @contextmanager
    def serving(self) -> Iterator[None]:
        server = _Server(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.leaving.set()
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers may hang up: only what is wrong here is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def closed_port() -> int:
    """Where nobody listens."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port: int = place.getsockname()[1]
    return port


def _handler(loopback: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = PATIENCE
        disable_nagle_algorithm = True  # or every answer waits 40 ms for an acknowledgement

        def do_GET(self) -> None:
            self._take("GET", b"")

        def do_POST(self) -> None:
            self._take("POST", self.rfile.read(int(self.headers["Content-Length"])))

        def _take(self, verb: str, body: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            given = loopback.next(Request(path=self.path, headers=headers, body=body, verb=verb))
            if given == RESET:
                self._reset()
            else:
                self._give(given)

        def _give(self, given: Given) -> None:
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            if given.is_slow:
                self.send_header("Content-Length", "100000")
                self.end_headers()
                self._trickle()
                return
            if given.status != 204:
                self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            self.wfile.write(given.body)

        def _trickle(self) -> None:
            write: Callable[[bytes], Any] = self.wfile.write
            try:
                while not loopback.leaving.wait(0.05):
                    write(b" ")
            except OSError:
                self.close_connection = True

        def _reset(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True

        def finish(self) -> None:
            if self.connection.fileno() != -1:
                super().finish()

        def log_message(self, *args: Any) -> None: ...

    return Handler
