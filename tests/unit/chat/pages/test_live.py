"""The chat page's websocket: whose dialog it carries, what it sends again and what not, and what closes it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.chat import outbox
from apps.chat.content import Content
from apps.chat.live import hub, reading
from apps.chat.live.routing import websockets
from apps.chat.models import Dialog, Post
from apps.chat.pages import own
from apps.console.live import consumers
from apps.core import clock, hints
from tests.unit.chat.pages.conftest import EVIL, account, group, own_dialog, post, said
from tests.unit.console.test_live import HERE, closed_with, cookie_of, heard, is_refused

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
in_thread = database_sync_to_async


@pytest.fixture(autouse=True)
def served_here(settings: Any, tmp_path: Path) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.WAKE_DIR = tmp_path


async def socket(user: Any, path: str, origin: tuple[bytes, bytes] = HERE) -> WebsocketCommunicator:
    key = await in_thread(cookie_of)(user) if user else ""
    return WebsocketCommunicator(
        websockets, path, headers=[(b"host", b"testserver"), (b"cookie", f"sessionid={key}".encode()), origin]
    )


@asynccontextmanager
async def opened(user: Any, path: str = "/ws/chat/") -> AsyncIterator[WebsocketCommunicator]:
    communicator = await socket(user, path)
    is_open, _ = await communicator.connect(timeout=5)
    assert is_open
    await asyncio.sleep(2 * hints.LISTING_SECONDS)  # senders look up only so often who listens
    try:
        yield communicator
    finally:
        await communicator.disconnect()
        if not len(hub.hub()):
            await asyncio.wait_for(hub.hub().closed(), 10)


async def items(communicator: WebsocketCommunicator) -> list[str]:
    return [each["id"] for each in (await heard(communicator))["items"]]


async def test_foreign_origins_strangers_and_people_who_may_not_are_refused(alice: User, charlie: User) -> None:
    assert await is_refused(await socket(alice, "/ws/chat/", (b"origin", b"http://evil.example")))
    assert await is_refused(await socket(None, "/ws/chat/"))
    assert await is_refused(await socket(charlie, "/ws/chat/"))


async def test_another_persons_dialog_is_refused_whatever_the_number(alice: User, dana: User) -> None:
    theirs, team = await in_thread(own_dialog)(alice), await in_thread(group)()
    for number in (theirs.pk, team.pk, 999_999):
        assert await is_refused(await socket(dana, f"/ws/chat/{number}/")), number
    await in_thread(post)(theirs, "secret", Content(text="secret"))
    async with opened(dana) as communicator:
        assert await communicator.receive_nothing(timeout=0.5), "the own conversation, which is empty"


async def test_what_is_there_comes_once_and_then_only_what_changed(dana: User) -> None:
    mine = await in_thread(own_dialog)(dana)
    row = await in_thread(said)(mine, EVIL, str(dana.pk), 1)
    async with opened(dana) as communicator:
        first = await heard(communicator)
        assert [each["id"] for each in first["items"]] == [f"i{row.pk}"]
        assert "&lt;img src=x" in first["items"][0]["html"] and "<img" not in first["items"][0]["html"]
        progress = await in_thread(post)(mine, "p", Content(title="Report", percent=10), task_id=7)
        seen = await items(communicator)
        while seen[-1:] != [f"p{progress.pk}"]:
            seen = await items(communicator)
        assert f"i{row.pk}" not in seen
        await in_thread(outbox.change)(progress.pk, Content(title="Report", percent=40), clock.now())
        html = ""
        while "40 per cent" not in html:
            message = await heard(communicator)
            assert [each["id"] for each in message["items"]] == [f"p{progress.pk}"]
            html = message["items"][0]["html"]


async def test_a_first_message_is_followed_though_there_was_no_dialog(dana: User) -> None:
    async with opened(dana) as communicator:
        await in_thread(own.say)(dana, "help", "t", clock.now())
        assert len(await items(communicator)) == 1


async def test_a_page_that_confirms_nothing_is_sent_no_more_than_its_window(dana: User) -> None:
    mine = await in_thread(own_dialog)(dana)
    async with opened(dana) as communicator:
        for number in range(12):
            await in_thread(post)(mine, f"n{number}", Content(text=f"news {number}"))
            await asyncio.sleep(0.15)
        numbers = []
        while not await communicator.receive_nothing(timeout=0.3):
            numbers.append(json.loads(await communicator.receive_from())["number"])
        assert 0 < len(numbers) <= 4
        await communicator.send_to(json.dumps({"type": "seen", "number": numbers[-1]}))
        rest = [each["html"] for each in (await heard(communicator))["items"]]
        assert any("news 11" in html for html in rest), "what it lacks comes as one message"


async def test_a_dialog_is_closed_when_the_right_to_read_it_is_taken_away(
    dana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "CHECK_SECONDS", 0.2)
    team = await in_thread(group)()
    right = await in_thread(Permission.objects.get)(codename="view_dialog")
    await in_thread(dana.user_permissions.add)(right)
    async with opened(dana, f"/ws/chat/{team.pk}/") as communicator:
        await in_thread(dana.user_permissions.remove)(right)
        assert await closed_with(communicator) == consumers.NOT_FOUND


async def test_an_unlinked_account_is_told_nothing_more(dana: User) -> None:
    team = await in_thread(group)()
    mine = await in_thread(account)(team.connection, "U1", dana)
    dialog = await in_thread(Dialog.objects.create)(connection=team.connection, external_id="D-U1", kind="private")
    async with opened(dana, f"/ws/chat/{dialog.pk}/") as communicator:
        await in_thread(type(mine).objects.update)(user=None, linked_at=None)
        await in_thread(post)(dialog, "secret", Content(text="secret"))
        assert await communicator.receive_nothing(timeout=1.0)


async def test_garbage_closes_the_socket(dana: User) -> None:
    async with opened(dana) as communicator:
        await communicator.send_to('{"type":"say","text":"start everything"}')
        assert await closed_with(communicator) == consumers.NOT_UNDERSTOOD


async def test_a_look_at_what_has_not_changed_reads_numbers_only(dana: User) -> None:
    def look() -> tuple[int, int]:
        mine = own_dialog(dana)
        for number in range(40):
            post(mine, f"n{number}", Content(text="x"))
        seen = reading.look(dana.pk, 0, None)
        with CaptureQueriesContext(connection) as again:
            same = reading.look(dana.pk, 0, seen.mark)
        assert same.items == [] and len(seen.items) == 40
        texts = [query["sql"] for query in again if '"content"' in query["sql"]]
        return len(again), len(texts)

    queries, with_texts = await in_thread(look)()
    assert queries <= 7 and with_texts == 0
    assert await in_thread(Post.objects.count)() == 40
