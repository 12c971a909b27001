"""The door lets in what a platform signed, keeps it once, and answers within a second whatever the database does."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.db import connections
from django.db.models.signals import post_init
from django.http import HttpResponse
from django.test import Client

from apps.chat import outbox
from apps.chat.content import Content
from apps.chat.door import hooks, keeping, known, noting, replying, spool
from apps.chat.door.known import directory
from apps.chat.door.shortcut import before
from apps.chat.inbox import Parcel
from apps.chat.models import Account, Connection, ConnectionEvent, Dialog, Incoming, Post
from apps.chat.platforms.contract import Arrived
from apps.core import clock
from tests.chaos.installation import wait_for
from tests.platforms import held
from tests.platforms.signed import signature
from tests.unit.chat.door.conftest import SECRET

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("connection", "door")]

URL = "/chat/hooks/finance"


@pytest.fixture(autouse=True)
def _nobody_is_tiresome() -> Iterator[None]:
    caches["local"].clear()
    yield
    caches["local"].clear()


def body(*event_ids: str, **fields: Any) -> bytes:
    shared = {"dialog": "d1", "dialog_kind": "private", "sender": "u7", "text": "open invoices", **fields}
    return json.dumps({"arrived": [{"event_id": each, **shared} for each in event_ids]}).encode()


def deliver(data: bytes, url: str = URL, signed: str | None = None, **more: Any) -> HttpResponse:
    signed = signature(SECRET, data) if signed is None else signed
    return Client().post(url, data, content_type="application/json", headers={"x-signature": signed}, **more)


def parcel(event_id: str) -> Parcel:
    arrived = Arrived(event_id=event_id, dialog="d1", dialog_kind="private", sender="u7")
    return Parcel(connection_id=Connection.objects.get().pk, arrived=[arrived], received_at=clock.now())


def count() -> int:
    return Incoming.objects.count()


def happened() -> list[tuple[str, str, int]]:
    noting.stop()
    return list(ConnectionEvent.objects.order_by("id").values_list("kind", "text", "count"))


# What is genuine


def test_what_is_signed_is_a_row_when_it_is_answered() -> None:
    answer = deliver(body("e1"))
    assert (answer.status_code, answer.content, count()) == (200, b"heard", 1)
    assert happened() == [("received", "Messages came in.", 1)]


@pytest.mark.parametrize("rest", ["", "/", "/slack/events", "/a/b?x=1"])
def test_whatever_stands_behind_the_address_belongs_to_the_platform(rest: str) -> None:
    assert deliver(body("e1"), URL + rest).status_code == 200


def test_a_delivery_without_news_is_answered_and_leaves_nothing() -> None:
    assert (deliver(b"{}").content, count(), happened()) == (b"heard", 0, [])


def test_what_bots_wrote_is_answered_and_leaves_nothing() -> None:
    assert (deliver(body("e1", is_from_bot=True)).status_code, count()) == (200, 0)


def test_one_event_delivered_twenty_times_at_once_is_one_row() -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: deliver(body("e1", message_id="m1")).status_code, range(20)))
    assert (answers, count()) == ([200] * 20, 1)


def test_one_message_under_twenty_event_ids_is_one_row() -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda n: deliver(body(f"e{n}", message_id="m1")).status_code, range(20)))
    assert (answers, count()) == ([200] * 20, 1)


def test_what_only_comes_as_a_retry_is_a_row() -> None:
    data = body("e1")
    answer = Client().post(
        URL, data, content_type="application/json",
        headers={"x-signature": signature(SECRET, data), "x-slack-retry-num": "2"},
    )  # fmt: skip
    assert (answer.status_code, count()) == (200, 1)


def test_what_came_with_an_installation_is_kept_before_it_is_answered(connection: Connection) -> None:
    told = {"settings": {"domain": "a.example"}, "secrets": {"token": "only for us"}}
    assert deliver(json.dumps(told).encode()).status_code == 200
    connection.refresh_from_db()
    assert connection.settings == {"domain": "a.example"}
    assert connection.secrets == {"secret": SECRET, "token": "only for us"}
    assert "only for us" not in str(happened())


# What is not


@pytest.mark.parametrize(
    ("data", "signed"),
    [
        (body("e1").replace(b"open", b"0pen"), signature(SECRET, body("e1"))),
        (body("e1").decode().encode("utf-16"), signature(SECRET, body("e1"))),
        (body("e1")[:-1], signature(SECRET, body("e1"))),
        (body("e1") + b" ", signature(SECRET, body("e1"))),
        (body("e1"), ""),
        (body("e1"), signature(SECRET, body("e1"))[:-1]),
        (body("e1"), signature("another secret", body("e1"))),
        (body("e1"), "é" * 64),
    ],
    ids=[
        "an altered byte",
        "another encoding",
        "truncated",
        "longer",
        "no signature",
        "half a signature",
        "forged",
        "ü",
    ],
)
def test_what_is_not_signed_is_refused_and_leaves_no_row(data: bytes, signed: str) -> None:
    answer = deliver(data, signed=signed)
    assert (answer.status_code, count()) == (401, 0)
    assert happened() == [("refused", "401: The signature is wrong.", 1)]


def test_a_connection_without_its_secret_refuses_everything(connection: Connection) -> None:
    connection.put_secrets({})
    connection.save()
    assert (deliver(body("e1"), signed=signature("", body("e1"))).status_code, count()) == (401, 0)


def test_the_unknown_and_what_is_off_look_the_same() -> None:
    unknown = deliver(body("e1"), "/chat/hooks/nobody")
    Connection.objects.update(is_enabled=False)
    directory.forget()
    off = deliver(body("e1"))
    assert (unknown.status_code, unknown.content) == (off.status_code, off.content)
    assert (off.status_code, count()) == (404, 0)


def test_a_connection_that_is_turned_on_is_known_at_once(monkeypatch) -> None:
    monkeypatch.setattr(known, "MISSED_SECONDS", 0.0)
    Connection.objects.update(is_enabled=False)
    assert deliver(body("e1")).status_code == 404
    Connection.objects.update(is_enabled=True)
    assert deliver(body("e1")).status_code == 200


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "options"])
def test_nothing_is_decided_by_looking(method: str) -> None:
    answer = getattr(Client(), method)(URL, headers={"x-signature": signature(SECRET, b"")})
    assert (answer.status_code, answer["Allow"], count()) == (405, "POST", 0)
    assert method == "head" or b"by POST" in answer.content


def test_a_body_that_is_too_large_is_refused_and_says_how_large_it_may_be() -> None:
    fits = body("e1", text="x" * 200_000)
    assert deliver(fits).status_code == 200
    answer = deliver(body("e2", text="x" * hooks.MAX_BODY))
    assert (answer.status_code, count()) == (413, 1)
    assert b"262,144" in answer.content


@pytest.mark.parametrize(("length", "status"), [("-1", 400), ("٣", 400), ("9" * 5_000, 413)])
def test_a_length_that_is_not_that_of_the_body_is_refused(length: str, status: int) -> None:
    assert (deliver(body("e1"), CONTENT_LENGTH=length).status_code, count()) == (status, 0)


def test_what_could_never_be_answered_is_refused_with_the_reason() -> None:
    answer = deliver(body("e1", dialog="d" * 201))
    assert (answer.status_code, count()) == (400, 0)
    assert b"dialog has more than 200" in answer.content


def test_a_connection_whose_secrets_cannot_be_read_puts_off_what_comes(connection: Connection) -> None:
    Connection.objects.update(sealed="not sealed by us")
    answer = deliver(body("e1"))
    assert (answer.status_code, answer["Retry-After"], count()) == (503, "5", 0)


def test_unverified_deliveries_ask_the_database_for_one_look_all_together(
    django_assert_num_queries, monkeypatch
) -> None:
    monkeypatch.setattr(known, "FRESH_SECONDS", 60.0)
    looks: list[int] = []
    in_service = Connection.objects.in_service
    monkeypatch.setattr(Connection.objects, "in_service", lambda: looks.append(1) or in_service())
    with django_assert_num_queries(0):
        for _ in range(30):
            deliver(body("e1"), signed="forged")
    assert len(looks) == 1


def test_an_address_that_is_refused_too_often_is_told_to_go_and_what_is_genuine_still_comes_in(monkeypatch) -> None:
    monkeypatch.setattr(hooks, "MOST_REFUSED", 5)
    statuses = [deliver(body("e1"), signed="forged").status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    assert deliver(body("e1")).status_code == 200
    assert sum(number for kind, _, number in happened() if kind == "refused") == 5


# What the database cannot keep just now


@pytest.fixture
def release(monkeypatch) -> Iterator[Callable[[], None]]:
    """Nobody can write what arrives until it is called; the connection is known."""
    assert deliver(b"{}").status_code == 200
    monkeypatch.setattr(known, "PATIENCE", 0.3)
    with ExitStack() as stack:
        stack.enter_context(held.locked())
        yield stack.close


def test_while_the_database_is_locked_only_the_first_waits_and_all_are_kept_once_in_their_order(
    release: Callable[[], None], monkeypatch
) -> None:
    monkeypatch.setattr(keeping, "PATIENCE", 2.0)
    monkeypatch.setattr(keeping, "AGAIN_SECONDS", 0.1)
    took = []
    for number in range(5):
        began = time.monotonic()
        assert deliver(body(f"e{number}")).status_code == 200
        took.append(time.monotonic() - began)
    assert took[0] > 2.0 > max(took[1:])
    assert spool.waiting()
    release()
    wait_for("the rows", lambda: count() == 5)
    assert list(Incoming.objects.order_by("id").values_list("event_id", flat=True)) == [f"e{n}" for n in range(5)]
    wait_for("the end of the files", lambda: not spool.waiting())


def test_what_lies_in_the_spool_becomes_rows_before_anything_newer() -> None:
    spool.write([parcel("old-1")])
    spool.write([parcel("old-2"), parcel("old-3")])
    assert deliver(body("new")).status_code == 200
    assert list(Incoming.objects.order_by("id").values_list("event_id", flat=True)) == [
        "old-1",
        "old-2",
        "old-3",
        "new",
    ]
    assert not spool.waiting()


def test_a_file_that_became_rows_while_the_spool_is_looked_through_stops_nobody() -> None:
    spool.directory().mkdir()
    (spool.directory() / "gone.json").symlink_to("nothing")  # listed, and not there when it is looked at
    assert spool.write([parcel("e1")]) == [True]


def test_a_database_that_is_gone_is_no_reason_to_lose_anything(monkeypatch) -> None:
    monkeypatch.setattr(keeping, "AGAIN_SECONDS", 3_600.0)
    assert deliver(b"{}").status_code == 200
    name = connections["default"].settings_dict["NAME"]
    keeping.stop()
    connections["default"].settings_dict["NAME"] = "/nowhere/at/all"
    try:
        assert deliver(body("e1")).status_code == 200
    finally:
        connections["default"].settings_dict["NAME"] = name
    assert (count(), len(spool.waiting())) == (0, 1)
    assert (spool.drain(), count()) == (1, 1)


def test_before_the_database_has_ever_answered_the_platform_is_asked_to_come_again() -> None:
    connections["default"].settings_dict["NAME"], name = "/nowhere/at/all", connections["default"].settings_dict["NAME"]
    try:
        answer = deliver(body("e1"))
    finally:
        connections["default"].settings_dict["NAME"] = name
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_when_the_disk_is_full_too_nothing_is_acknowledged(release: Callable[[], None], monkeypatch) -> None:
    monkeypatch.setattr(keeping, "PATIENCE", 0.1)
    monkeypatch.setattr(spool, "MOST_BYTES", 0)
    assert deliver(body("e1")).status_code == 503


# Replies in the answer


@pytest.fixture
def answering(connection: Connection) -> Connection:
    Connection.objects.update(platform="answering")
    return connection


def post_in_time(connection: Connection, key: str, text: str) -> None:
    """As the service does: the first row that comes in gets a post."""
    row = wait_for("the message", Incoming.objects.first)
    dialog, _ = Dialog.objects.get_or_create(connection=connection, external_id=row.dialog, kind="private")
    Post.objects.create(
        dialog=dialog, key=key.format(row.pk), content={"text": text}, created_at=clock.now(), due_at=clock.now()
    )
    connections.close_all()


def answered(connection: Connection, key: str, text: str) -> dict[str, str]:
    thread = threading.Thread(target=post_in_time, args=(connection, key, text))
    thread.start()
    answer = deliver(body("e1"))
    thread.join()
    assert answer.status_code == 200
    return json.loads(answer.content)


def test_the_first_post_that_answers_a_message_is_the_answer_to_its_request(answering: Connection) -> None:
    assert answered(answering, "in:{}:0", "Which year?") == {"text": "Which year?"}
    post = Post.objects.get()
    assert (post.state, post.due_at, post.shown) == ("sent", None, 1)


def test_the_same_delivery_again_gets_the_same_answer(answering: Connection) -> None:
    answered(answering, "in:{}:0", "Which year?")
    assert json.loads(deliver(body("e1")).content) == {"text": "Which year?"}
    assert count() == 1


@pytest.fixture
def ada(answering: Connection) -> Account:
    """Linked since yesterday, with a dialog where something was answered a minute ago."""
    user = User.objects.create_user("ada")
    return Account.objects.create(
        connection=answering, external_id="U1", user=user, linked_at=clock.now() - timedelta(days=1)
    )


def earlier(ada: Account, key: str, text: str, task_id: int, **values: Any) -> Post:
    dialog, _ = Dialog.objects.get_or_create(connection=ada.connection, external_id="d1", kind="private")
    sent = {"state": "sent", "due_at": None, "external_id": f"{outbox.ANSWER}{key}", "shown": 1, "sent_at": clock.now()}
    fields = {
        "dialog": dialog,
        "account": ada,
        "task_id": task_id,
        "content": {"text": text},
        "created_at": clock.now(),
    }
    return Post.objects.create(key=key, **{**fields, **sent, **values})


def test_what_was_said_in_an_answer_is_never_sent_again_when_it_changes(ada: Account) -> None:
    post = earlier(ada, "a", "10 %", 7)
    assert outbox.change(post.pk, Content(text="50 %"), clock.now())
    post.refresh_from_db()
    assert (post.state, post.due_at, post.shown, post.revision) == ("sent", None, 1, 2)
    assert outbox.due(clock.now() + timedelta(hours=1), 10, connection_id=ada.connection_id) == []


def test_what_an_answer_says_by_now_and_what_found_no_way_is_told_with_the_next_answer(ada: Account) -> None:
    outbox.change(earlier(ada, "a", "10 %", 7).pk, Content(text="50 %"), clock.now())
    outbox.change(earlier(ada, "b", "20 %", 8).pk, Content(text="90 %"), clock.now())
    failed = {"state": "failed", "external_id": "", "shown": 0}
    earlier(ada, "end", "8 is done", 8, **failed)
    earlier(ada, "old", "of who had the account before", 9, created_at=clock.now() - timedelta(days=2), **failed)
    earlier(ada, "other", "somebody else's", 10, **failed, account=None)
    for _ in range(2):  # the same delivery again is answered alike
        assert answered_to(ada, "e1", "Here.") == {"text": "Here.\n\n50 %\n\n8 is done"}
    assert answered_to(ada, "e2", "Again.") == {"text": "Again."}


def answered_to(ada: Account, event: str, text: str) -> dict[str, str]:
    def post() -> None:
        row = wait_for("the message", Incoming.objects.filter(event_id=event).first)
        dialog = Dialog.objects.get(external_id="d1")
        outbox.put(dialog, f"in:{row.pk}:0", Content(text=text), clock.now(), account=ada)
        connections.close_all()

    thread = threading.Thread(target=post)
    thread.start()
    said: dict[str, str] = json.loads(deliver(body(event)).content)
    thread.join()
    return said


def test_what_takes_longer_is_said_to_take_longer_and_the_post_stays(answering: Connection, monkeypatch) -> None:
    monkeypatch.setattr(replying, "LONGEST", 0.5)
    assert answered(answering, "in:9{}:0", "To somebody else") == {"text": replying.MEANWHILE.plain()}
    assert Post.objects.get().state == "waiting"


def test_what_a_server_that_was_killed_left_in_the_spool_becomes_rows_when_the_next_one_starts(monkeypatch) -> None:
    monkeypatch.setattr(keeping, "AGAIN_SECONDS", 0.01)
    spool.write([parcel("e1")])
    before(None)
    wait_for("the row", lambda: count() == 1)


def test_what_a_dialog_had_said_before_is_not_read_for_an_answer(answering: Connection) -> None:
    dialog = Dialog.objects.create(connection=answering, external_id="D1", kind="private")
    for number in range(50):
        Post.objects.create(
            dialog=dialog, key=f"in:9{number}:0", content={}, created_at=clock.now(), due_at=clock.now()
        )
    question = replying.Question(connection_id=answering.pk, event_id="e1", dialog="D1")
    read: list[str] = []

    def note(instance: Post, **_: Any) -> None:
        read.append(instance.key)

    post_init.connect(note, sender=Post)
    try:
        replying._posts([question], {90})
    finally:
        post_init.disconnect(note, sender=Post)
    assert read == ["in:90:0"]
