"""What the real server does with frames that no browser sends (RELIABILITY W6)."""

import base64
import os
import socket
import struct
from typing import Any

import psutil
import pytest
from django.conf import settings
from django.test import Client

from tests.browser.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def opened(site: Site, user: Any, origin: str) -> tuple[socket.socket, bytes]:
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    connected = socket.create_connection(("127.0.0.1", site.port), timeout=20)
    key = base64.b64encode(os.urandom(16)).decode()
    connected.sendall(
        f"GET /ws/tasks/ HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nCookie: {settings.SESSION_COOKIE_NAME}={cookie}\r\n"
        f"{origin}\r\n".encode()
    )
    return connected, connected.recv(4096)


def frame(payload: bytes, announced: int | None = None) -> bytes:
    """A masked text frame; `announced` may promise more than follows."""
    size = len(payload) if announced is None else announced
    head = b"\x81" + (bytes([0x80 | size]) if size < 126 else b"\xff" + struct.pack("!Q", size))
    return head + b"\0\0\0\0" + payload


def is_closed(connected: socket.socket) -> bool:
    """Whether the server ends the connection within the socket's patience."""
    try:
        while connected.recv(65536):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def test_a_socket_of_our_own_page_is_opened_and_one_of_another_site_is_not(site: Site, alice):
    _, ours = opened(site, alice, f"Origin: http://127.0.0.1:{site.port}\r\n")
    _, foreign = opened(site, alice, "Origin: http://evil.example\r\n")
    _, none = opened(site, alice, "")
    _, null = opened(site, alice, "Origin: null\r\n")

    assert ours.startswith(b"HTTP/1.1 101")
    assert [answer[:12] for answer in (foreign, none, null)] == [b"HTTP/1.1 403"] * 3


def test_a_frame_of_64_megabytes_is_refused_at_its_head_and_costs_no_memory(site: Site, alice):
    connected, _ = opened(site, alice, f"Origin: http://127.0.0.1:{site.port}\r\n")
    web = psutil.Process(site.processes["web"].pid)
    before = web.memory_info().rss

    connected.sendall(frame(b"x" * 1000, announced=64 * 1024 * 1024))

    assert is_closed(connected)
    assert web.memory_info().rss - before < 20 * 1024 * 1024


def test_ten_thousand_frames_a_second_end_the_socket(site: Site, alice):
    connected, _ = opened(site, alice, f"Origin: http://127.0.0.1:{site.port}\r\n")

    try:
        connected.sendall(frame(b'{"type":"seen","number":0}') * 10_000)
    except ConnectionError:
        return

    assert is_closed(connected)
