"""Deliveries pass by the pages' middleware, and nothing of what it would have refused gets in by that."""

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.testing import HttpCommunicator
from django.core.cache import caches

from apps.chat.door import hooks
from apps.chat.door.shortcut import before
from apps.chat.models import Incoming
from tests.platforms.signed import signature
from tests.unit.chat.door.conftest import SECRET
from tests.unit.chat.door.test_door import URL, body

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("connection", "door")]


async def pages(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"a page"})


@async_to_sync
async def deliver(path: str, data: bytes, length: int | None = None) -> dict[str, Any]:
    headers = [(b"x-signature", signature(SECRET, data).encode()), (b"host", b"127.0.0.1")]
    headers += [] if length is None else [(b"content-length", str(length).encode())]
    return await HttpCommunicator(before(pages), "POST", path, data, headers).get_response(timeout=30)


@pytest.fixture(autouse=True)
def _nobody_is_tiresome() -> None:
    caches["local"].clear()


def test_a_delivery_takes_the_shortcut_and_everything_else_goes_to_the_pages() -> None:
    data = body("e1")
    answer = deliver(URL, data, len(data))
    assert (answer["status"], answer["body"], Incoming.objects.count()) == (200, b"heard", 1)
    assert (b"X-Content-Type-Options", b"nosniff") in answer["headers"]
    assert deliver("/admin/", b"")["body"] == b"a page"


@pytest.mark.parametrize("path", ["/chat/hooks/", "/chat/hooks/a b", f"/chat/hooks/{'k' * 51}", f"{URL}/{'r' * 201}"])
def test_an_address_that_is_no_connections_is_not_found(path: str) -> None:
    assert deliver(path, b"")["status"] == 404


@pytest.mark.parametrize("off", [-1, 1, 10_000])
def test_a_body_that_is_not_as_long_as_it_says_is_refused(off: int) -> None:
    data = body("e1")
    answer = deliver(URL, data, len(data) + off)
    assert (answer["status"], Incoming.objects.count()) == (400, 0)


def test_of_a_body_that_does_not_say_how_long_it_is_no_more_is_kept_than_one_may_have() -> None:
    assert deliver(URL, b"x" * (4 * hooks.MAX_BODY))["status"] == 413


def test_where_pages_are_for_https_only_deliveries_are_too(settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = deliver(URL, body("e1"))
    assert (answer["status"], Incoming.objects.count()) == (403, 0)
