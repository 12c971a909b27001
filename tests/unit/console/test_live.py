"""The websockets: who may open one, what they carry, and what closes them (RELIABILITY W6)."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.console import state, taskpage
from apps.console.live import consumers, followers, hub, reading
from apps.console.live.routing import websockets
from apps.core import clock, hints
from apps.tasks import lifecycle, sight
from apps.tasks.limits import gates
from apps.tasks.models import Limit, Task
from apps.tasks.sight import Sight
from apps.workers.registry import roster
from apps.workers.running import slice as slices
from tests import making
from tests.unit.console.conftest import claim_for_a_test
from tests.unit.tasks.standing_at import claimed, submitted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]

HERE = (b"origin", b"http://testserver")


@pytest.fixture(autouse=True)
def served_here(settings: Any, tmp_path: Path) -> None:
    """Hints have a directory of their own: those of other test runs on this host would fill the queue."""
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.WAKE_DIR = tmp_path


def cookie_of(user: Any) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


async def socket(
    user: Any, path: str, *, origin: tuple[bytes, bytes] | None = HERE, cookie: str = ""
) -> WebsocketCommunicator:
    key = cookie or (await database_sync_to_async(cookie_of)(user) if user else "")
    headers = [(b"host", b"testserver"), (b"cookie", f"{settings.SESSION_COOKIE_NAME}={key}".encode())]
    return WebsocketCommunicator(websockets, path, headers=[*headers, *([origin] if origin else [])])


@asynccontextmanager
async def opened(user: Any, path: str, **more: Any) -> AsyncIterator[WebsocketCommunicator]:
    """An accepted socket, and an end of the poller afterwards."""
    communicator = await socket(user, path, **more)
    is_open, _ = await communicator.connect(timeout=5)
    assert is_open
    await asyncio.sleep(2 * hints.LISTING_SECONDS)  # senders look up only so often who listens
    try:
        yield communicator
    finally:
        await communicator.disconnect()
        if not len(hub.hub()):
            await asyncio.wait_for(hub.hub().closed(), 10)


async def is_refused(communicator: WebsocketCommunicator) -> bool:
    is_open, _ = await communicator.connect(timeout=5)
    return not is_open


async def heard(communicator: WebsocketCommunicator, *, timeout: float = 5) -> dict[str, Any]:
    """The next message, confirmed as a page would."""
    message: dict[str, Any] = json.loads(await communicator.receive_from(timeout=timeout))
    await communicator.send_to(json.dumps({"type": "seen", "number": message["number"]}))
    return message


async def closed_with(communicator: WebsocketCommunicator, *, timeout: float = 5) -> int:
    """The close code, passing over what was sent before it."""
    while True:
        output = await communicator.receive_output(timeout=timeout)
        if output["type"] == "websocket.close":
            return int(output["code"])


@pytest.mark.parametrize(
    "origin",
    [
        None,
        (b"origin", b"null"),
        (b"origin", b"http://evil.example"),
        (b"origin", b"http://testserver.evil.example"),
        (b"origin", b"http://testserver:8001"),
        (b"origin", b"file://testserver"),
        (b"origin", b"http://testserver/path"),
        (b"origin", b""),
    ],
)
async def test_another_origin_none_or_null_is_refused(alice, origin):
    assert await is_refused(await socket(alice, "/ws/tasks/", origin=origin))


async def test_all_hosts_allowed_still_refuses_foreign_origins(alice, settings):
    settings.ALLOWED_HOSTS = ["*"]

    assert await is_refused(await socket(alice, "/ws/tasks/", origin=(b"origin", b"http://evil.example")))


async def test_nobody_is_refused(alice):
    assert await is_refused(await socket(None, "/ws/tasks/"))


async def test_the_task_of_another_user_is_refused_to_one_who_may_not_look(charlie, walk):
    assert await is_refused(await socket(charlie, f"/ws/tasks/{walk.pk}/"))


async def test_a_requester_may_follow_their_own_task_and_no_other(alice, charlie, walk):
    await database_sync_to_async(Task.objects.filter(pk=walk.pk).update)(requester=charlie)

    async with opened(charlie, f"/ws/tasks/{walk.pk}/") as communicator:
        assert (await heard(communicator))["state"]["status"] == "pending"


async def test_a_list_is_for_staff(charlie):
    assert await is_refused(await socket(charlie, "/ws/tasks/"))


async def test_an_address_that_does_not_exist_is_refused(alice):
    assert await is_refused(await socket(alice, "/ws/nothing/"))
    assert await is_refused(await socket(alice, "/ws/tasks/999999999999/"))


async def test_a_page_is_told_of_a_change_within_a_blink(alice, walk):
    async with opened(alice, f"/ws/tasks/{walk.pk}/") as communicator:
        first = await heard(communicator)
        await database_sync_to_async(lifecycle.pause)(walk, alice, "lunch")
        second = await heard(communicator, timeout=0.9)  # less than the safety look

    assert first["state"]["status"] == "pending"
    assert second["state"]["status"] == "paused"
    assert second["state"]["fields"]["state"] == "Paused"
    assert [row["text"] for row in second["feed"]] == ["Paused by alice"]
    assert "stages" not in second["state"], "what did not change is not sent"


async def test_a_page_hears_of_a_change_even_if_the_hint_is_lost(alice, walk, settings, tmp_path):
    async with opened(alice, f"/ws/tasks/{walk.pk}/") as communicator:
        await heard(communicator)
        settings.WAKE_DIR = tmp_path / "elsewhere"  # hints now go where nobody listens
        await database_sync_to_async(lifecycle.pause)(walk, alice)

        assert (await heard(communicator, timeout=4))["state"]["status"] == "paused"


async def test_what_a_page_shows_after_a_reconnect_equals_the_database(alice, walk):
    """The invariant: replay the messages over what the page was drawn with, and compare with a fresh page."""
    page = await database_sync_to_async(taskpage.gather)(walk.pk, alice)
    shown: dict[str, Any] = dict(page.state)
    feed = [row["seq"] for row in reversed(page.feed)]
    await database_sync_to_async(slices.drain)()  # everything happens while nobody is connected

    async with opened(alice, f"/ws/tasks/{walk.pk}/?after={shown['seq']}") as communicator:
        message = await heard(communicator)

    fresh = await database_sync_to_async(state.load)(walk.pk, clock.now(), alice)
    everything = await database_sync_to_async(taskpage.gather)(walk.pk, alice)
    assert {**shown, **message["state"]} == json.loads(json.dumps(fresh))
    assert not message["is_reset"]
    last = [row["seq"] for row in message["feed"]][-1]
    assert feed[-1] < message["feed"][0]["seq"]
    assert last == everything.feed[0]["seq"]
    assert [row["text"] for row in message["log"]] == ["found <b>three</b>"]


async def test_a_page_that_was_away_for_long_gets_the_newest_rows_and_forgets_the_old(alice):
    script = "import task\n\ndef run(params):\n    for n in range(600):\n        task.new_id()\n"
    task = await database_sync_to_async(making.task)(script, alice, key="many")
    await database_sync_to_async(slices.drain)()

    async with opened(alice, f"/ws/tasks/{task.pk}/?after=1") as communicator:
        message = await heard(communicator)

    assert message["is_reset"]
    assert message["feed"][-1]["text"] == "Completed"
    assert len(message["feed"]) <= 500


async def test_two_pages_of_one_task_each_get_what_they_lack(alice, walk):
    async with (
        opened(alice, f"/ws/tasks/{walk.pk}/?after=0") as one,
        opened(alice, f"/ws/tasks/{walk.pk}/?after=1") as two,
    ):
        assert len((await heard(one))["feed"]) == 1
        assert (await heard(two))["feed"] == []
        await database_sync_to_async(lifecycle.pause)(walk, alice)
        assert (await heard(one))["state"] == (await heard(two))["state"]


class Ear:
    """A socket that only listens."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []

    async def send_text(self, text: str) -> None:
        self.heard.append(json.loads(text))


async def told(sights: list[Sight], walk: Task, alice: Any) -> list[list[dict[str, Any]]]:
    """What sockets with these sights are sent: at once, and after a change of which they hear together."""
    ears = [Ear() for _ in sights]
    each = hub.Hub()
    joined = [
        followers.TaskFollower(socket=ear, user_id=seen.user_id or 0, sight=seen, task_id=walk.pk, seq=number % 2)
        for number, (ear, seen) in enumerate(zip(ears, sights, strict=True))
    ]
    for follower in joined:
        each.add(follower)
    await _until(lambda: all(len(ear.heard) == 1 for ear in ears))
    await database_sync_to_async(lifecycle.pause)(walk, alice)
    await _until(lambda: all(len(ear.heard) == 2 for ear in ears))
    await database_sync_to_async(lifecycle.resume)(walk, alice)
    for follower in joined:
        each.remove(follower)
    await asyncio.wait_for(each.closed(), 10)
    return [ear.heard for ear in ears]


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0.01)


async def test_a_change_costs_many_sockets_of_several_people_the_queries_of_one(alice, charlie, walk, monkeypatch):
    plain, asked = reading.task, []

    def counted(*given: Any) -> Any:
        with CaptureQueriesContext(connection) as seen:
            look = plain(*given)
        asked.append(len(seen))
        return look

    monkeypatch.setattr(reading, "task", counted)
    one = Sight(user_id=alice.pk, is_all=True)
    await told([one], walk, alice)
    of_one, asked[:] = max(asked), []  # of its looks: a slow machine has more of them
    everybody = [one, Sight(user_id=charlie.pk), Sight(user_id=alice.pk + 99, is_all=True)] * 4
    heard = await told(everybody, walk, alice)

    assert max(asked) == of_one, "as many queries as for one socket"
    assert all(second["state"] == heard[0][1]["state"] for _, second in heard)
    assert {second["number"] for _, second in heard} == {2}


async def test_one_read_tells_each_reader_no_more_than_they_may_know(alice, charlie):
    """A task of Charlie is held back by one of Alice: who sees only his own is not told its name."""
    viewers = [Sight(user_id=alice.pk, is_all=True), Sight(user_id=charlie.pk), sight.NOBODY]

    def read() -> list[tuple[Any, Any]]:
        roster.register(["default"])
        first = submitted(
            making.template("def run(params):\n    return 1\n", alice, key="crm").key, alice, title="Secret"
        )
        held = submitted("crm", alice)
        Task.objects.filter(pk=held.pk).update(requester=charlie)
        Limit.objects.create(scope="template", most=1, template=first.template)
        gates.forget()
        claimed()
        now = clock.now()
        together = state.load_for(held.pk, now, viewers)
        return [(together[viewer], state.load(held.pk, now, viewer)) for viewer in viewers]

    looks = await database_sync_to_async(read)()
    assert all(together == alone for together, alone in looks)
    assert ["Secret" in together["fields"]["reason"] for together, _ in looks] == [True, False, False]


async def test_a_revoked_session_closes_the_socket(alice, walk, monkeypatch):
    assert consumers.CHECK_SECONDS <= 30
    monkeypatch.setattr(consumers, "CHECK_SECONDS", 0.1)
    cookie = await database_sync_to_async(cookie_of)(alice)

    async with opened(alice, f"/ws/tasks/{walk.pk}/", cookie=cookie) as communicator:
        await heard(communicator)
        await database_sync_to_async(_end_session)(cookie)
        assert await closed_with(communicator) == consumers.SIGNED_OUT


async def test_a_look_that_the_database_does_not_answer_is_made_again(alice, walk, monkeypatch):
    monkeypatch.setattr(consumers, "CHECK_SECONDS", 0.1)
    monkeypatch.setattr(consumers, "SHARED", 0.0)
    plain, failures = consumers.TaskConsumer._look, iter([True, True])

    async def failing(self: Any) -> Any:
        if next(failures, False):
            raise DatabaseError("the server is gone")
        return await plain(self)

    monkeypatch.setattr(consumers.TaskConsumer, "_look", failing)
    cookie = await database_sync_to_async(cookie_of)(alice)

    async with opened(alice, f"/ws/tasks/{walk.pk}/", cookie=cookie) as communicator:
        await heard(communicator)
        await database_sync_to_async(_end_session)(cookie)
        assert await closed_with(communicator) == consumers.SIGNED_OUT
    assert next(failures, None) is None


def _end_session(key: str) -> None:
    from django.contrib.sessions.models import Session

    assert Session.objects.filter(session_key=key).delete()[0] == 1


async def test_sockets_of_one_session_share_a_look_and_each_is_closed_by_it(alice, walk, monkeypatch):
    monkeypatch.setattr(consumers, "CHECK_SECONDS", 1.0)
    looks, plain = [], consumers.TaskConsumer._look

    async def counted(self: Any) -> Any:
        looks.append(self)
        return await plain(self)

    monkeypatch.setattr(consumers.TaskConsumer, "_look", counted)
    cookie = await database_sync_to_async(cookie_of)(alice)
    path = f"/ws/tasks/{walk.pk}/"
    one, two = [await socket(alice, path, cookie=cookie) for _ in range(2)]
    assert (await one.connect(timeout=5))[0] and (await two.connect(timeout=5))[0]
    await database_sync_to_async(_end_session)(cookie)

    assert [await closed_with(each) for each in (one, two)] == [consumers.SIGNED_OUT] * 2
    assert len(looks) == 1


async def test_a_changed_password_closes_the_socket(alice, walk, monkeypatch):
    monkeypatch.setattr(consumers, "CHECK_SECONDS", 0.1)

    async with opened(alice, f"/ws/tasks/{walk.pk}/") as communicator:
        alice.set_password("another")
        await database_sync_to_async(alice.save)()
        assert await closed_with(communicator) == consumers.SIGNED_OUT


async def test_a_permission_taken_away_closes_the_socket(bob, walk, monkeypatch):
    monkeypatch.setattr(consumers, "CHECK_SECONDS", 0.1)

    async with opened(bob, f"/ws/tasks/{walk.pk}/") as communicator:
        await database_sync_to_async(bob.user_permissions.clear)()
        assert await closed_with(communicator) == consumers.NOT_FOUND


async def test_a_client_that_confirms_nothing_gets_a_bounded_number_of_messages_and_is_dropped(
    alice, walk, monkeypatch
):
    monkeypatch.setattr(consumers, "CHECK_SECONDS", 0.1)
    monkeypatch.setattr(consumers, "SLOW_SECONDS", 1.0)

    async with opened(alice, f"/ws/tasks/{walk.pk}/") as communicator:
        for _ in range(10):
            await database_sync_to_async(lifecycle.pause)(walk, alice)
            await asyncio.sleep(0.05)
            await database_sync_to_async(lifecycle.resume)(walk, alice)
            await asyncio.sleep(0.05)
        sent = 0
        while (output := await communicator.receive_output(timeout=5))["type"] == "websocket.send":
            sent += 1

    assert sent == followers.WINDOW
    assert output["code"] == consumers.TOO_SLOW


async def test_a_client_that_confirms_late_gets_what_it_missed_as_one_message(alice, walk):
    async with opened(alice, f"/ws/tasks/{walk.pk}/") as communicator:
        for _ in range(8):
            await database_sync_to_async(lifecycle.pause)(walk, alice)
            await asyncio.sleep(0.06)
            await database_sync_to_async(lifecycle.resume)(walk, alice)
            await asyncio.sleep(0.06)
        seen = [json.loads(await communicator.receive_from()) for _ in range(followers.WINDOW)]
        assert await communicator.receive_nothing(timeout=0.3)
        await communicator.send_to(json.dumps({"type": "seen", "number": seen[-1]["number"]}))
        rest = await heard(communicator)

    newest = await database_sync_to_async(state.load)(walk.pk, clock.now(), alice)
    assert rest["state"]["seq"] == newest["seq"]
    assert [row["seq"] for message in [*seen, rest] for row in message["feed"]] == list(range(1, newest["seq"] + 1))


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("x" * 5000, consumers.TOO_LARGE),
        ("not json", consumers.NOT_UNDERSTOOD),
        ("[" * 4000, consumers.NOT_UNDERSTOOD),
        ('{"type": "show", "tasks": [1]}', consumers.NOT_UNDERSTOOD),
        ('{"type": "seen", "number": true}', consumers.NOT_UNDERSTOOD),
        ('{"type": "seen", "number": -1}', consumers.NOT_UNDERSTOOD),
        ("null", consumers.NOT_UNDERSTOOD),
    ],
)
async def test_what_no_page_of_ours_sends_closes_the_socket(alice, walk, frame, code):
    async with opened(alice, f"/ws/tasks/{walk.pk}/") as communicator:
        await communicator.send_to(frame)
        assert await closed_with(communicator) == code


async def test_binary_frames_close_the_socket(alice):
    async with opened(alice, "/ws/tasks/") as communicator:
        await communicator.send_to(bytes_data=b"\0")
        assert await closed_with(communicator) == consumers.NO_BINARY


async def test_ten_thousand_frames_close_the_socket(alice):
    async with opened(alice, "/ws/tasks/") as communicator:
        for _ in range(10_000):
            await communicator.send_to('{"type": "seen", "number": 0}')
        assert await closed_with(communicator) == consumers.TOO_MANY


async def test_a_user_has_a_bounded_number_of_sockets(alice, monkeypatch):
    monkeypatch.setattr(consumers, "SOCKETS_PER_USER", 1)

    async with opened(alice, "/ws/tasks/"):
        assert await is_refused(await socket(alice, "/ws/tasks/"))


async def test_a_list_is_told_of_its_rows_and_of_others_by_id_only(alice, walk, broken):
    async with opened(alice, "/ws/tasks/") as communicator:
        await communicator.send_to(json.dumps({"type": "show", "tasks": [walk.pk]}))
        first = await heard(communicator)
        await database_sync_to_async(lifecycle.pause)(broken, alice)
        await database_sync_to_async(lifecycle.pause)(walk, alice)
        later = [await heard(communicator)]
        if not (later[0]["rows"] and later[0]["others"]):
            later.append(await heard(communicator))

    assert [row["id"] for row in first["rows"]] == [walk.pk]
    assert [(row["id"], row["word"]) for message in later for row in message["rows"]] == [(walk.pk, "Paused")]
    assert [each for message in later for each in message["others"]] == [broken.pk]


async def test_a_list_hears_of_new_parts_only_if_it_shows_them(alice, walk, broken):
    await database_sync_to_async(Task.objects.filter(pk=broken.pk).update)(parent=walk)
    for parts, expected in ((False, []), (True, [broken.pk])):
        async with opened(alice, "/ws/tasks/") as communicator:
            await communicator.send_to(json.dumps({"type": "show", "tasks": [walk.pk], "parts": parts}))
            await heard(communicator)
            await database_sync_to_async(tell)([broken.pk, walk.pk], alice, is_paused=not parts)
            later = [await heard(communicator)]
            if expected and not later[0]["others"]:
                later.append(await heard(communicator))
            assert [each for message in later for each in message["others"]] == expected


def tell(task_ids: list[int], alice: Any, *, is_paused: bool) -> None:
    """Change these in this order."""
    for task in Task.objects.in_bulk(task_ids).values():
        (lifecycle.pause if is_paused else lifecycle.resume)(task, alice)


async def test_a_list_does_not_tell_of_tasks_that_its_reader_may_not_see(alice, walk, db):
    from django.contrib.auth.models import User

    dora = await database_sync_to_async(User.objects.create_user)("dora", is_staff=True)
    async with opened(dora, "/ws/tasks/") as communicator:
        await communicator.send_to(json.dumps({"type": "show", "tasks": [walk.pk]}))
        await database_sync_to_async(lifecycle.pause)(walk, alice)
        assert await communicator.receive_nothing(timeout=1.5)


async def test_the_poller_ends_with_the_last_page(alice, walk):
    async with opened(alice, f"/ws/tasks/{walk.pk}/"):
        pass

    assert len(hub.hub()) == 0
    assert list((settings.WAKE_DIR / "feed").glob("*")) == []


async def test_a_claim_shows_the_worker_and_the_attempt(alice, walk):
    async with opened(alice, f"/ws/tasks/{walk.pk}/") as communicator:
        first = await heard(communicator)
        await database_sync_to_async(claim_for_a_test)(walk)
        message = await heard(communicator)

    assert message["state"]["fields"]["worker"] == "birch-1"
    assert message["state"]["version"] != first["state"]["version"]
