"""The chat page of the admin shows rows: nothing is sent, and nobody may call it."""

import pytest

from apps.chat.content import Content
from apps.chat.platforms.contract import PlatformError, Refused
from apps.chat.platforms.page import Page
from tests.unit.chat.platforms.hooks import hook, wired

PAGE = Page()
WIRED = wired({})


def test_what_is_sent_keeps_the_id_of_its_post():
    assert PAGE.send(WIRED, "user-1", Content(text="Hello"), key="in:1:0") == "in:1:0"
    assert PAGE.send_file(WIRED, "user-1", "a.pdf", "application/pdf", b"x", key="in:1:1") == "in:1:1"
    PAGE.edit(WIRED, "user-1", "in:1:0", Content(text="Hello again"))


def test_requests_from_outside_are_refused():
    for body in (b"", b'{"text": "hello"}'):
        with pytest.raises(Refused) as caught:
            PAGE.receive(WIRED, hook(body, {}))
        assert caught.value.status == 404


def test_there_is_nothing_to_poll_or_to_install():
    with pytest.raises(PlatformError):
        PAGE.poll(WIRED, "", seconds=1.0)
    assert PAGE.install(WIRED) == {}
    assert PAGE.check(WIRED)
