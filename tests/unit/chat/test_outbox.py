"""The outbox and its sender: order, changes, limits, failures, and nothing lost or doubled."""

from datetime import timedelta
from typing import Any

import pytest

from apps.chat import outbox
from apps.chat.content import Content
from apps.chat.models import Account, Connection, ConnectionEvent, Dialog, Post
from apps.chat.platforms.contract import PlatformError
from apps.chat.sending import MOST_BROKEN, Bucket, Sender
from apps.core import clock
from tests.unit.chat import noted
from tests.unit.chat.conftest import send

pytestmark = pytest.mark.django_db


@pytest.fixture
def dialog(finance: Connection) -> Dialog:
    return Dialog.objects.create(connection=finance, external_id="D-1", kind="private")


def put(dialog: Dialog, text: str, key: str = "") -> Post:
    return outbox.put(dialog, key or text, Content(text=text), clock.now())


def test_posts_leave_in_their_order_and_once(dialog: Dialog, room: noted.Room) -> None:
    for text in ("one", "two", "three"):
        put(dialog, text)
    send(dialog.connection)
    send(dialog.connection)
    assert room.said() == ["one", "two", "three"]


def test_the_same_key_is_one_post(dialog: Dialog, room: noted.Room) -> None:
    put(dialog, "one", "key")
    put(dialog, "again", "key")
    send(dialog.connection)
    assert room.said() == ["one"]


def test_a_failure_keeps_the_order_of_its_dialog_and_holds_up_no_other(dialog: Dialog, room: noted.Room) -> None:
    other = Dialog.objects.create(connection=dialog.connection, external_id="D-2", kind="private")
    put(dialog, "first")
    put(dialog, "second")
    put(other, "elsewhere")
    room.errors = [PlatformError("The platform stumbled.")]
    send(dialog.connection)
    assert room.said() == ["elsewhere"]
    with clock.frozen(clock.now() + timedelta(seconds=10)):
        send(dialog.connection)
    assert room.said() == ["elsewhere", "first", "second"]


def test_ten_minutes_of_limit_errors_lose_nothing_and_keep_the_order(dialog: Dialog, room: noted.Room) -> None:
    texts = [f"post {number}" for number in range(5)]
    for text in texts:
        put(dialog, text)
    begin = clock.now()
    for minute in range(10):
        room.errors = [PlatformError("QUERY_LIMIT_EXCEEDED", retry_after=60.0)]
        with clock.frozen(begin + timedelta(seconds=61 * minute)):
            assert Sender(dialog.connection_id).turn() >= 59.0
    with clock.frozen(begin + timedelta(minutes=12)):
        send(dialog.connection)
    assert room.said() == texts


def test_a_platform_that_asks_for_time_is_left_alone_by_all_dialogs(dialog: Dialog, room: noted.Room) -> None:
    other = Dialog.objects.create(connection=dialog.connection, external_id="D-2", kind="private")
    put(dialog, "one")
    put(other, "two")
    room.errors = [PlatformError("ratelimited", retry_after=30.0)]
    send(dialog.connection)
    assert room.calls == ["send"]
    assert 0 < Sender(dialog.connection_id).turn() <= 30.0


def test_what_is_refused_for_good_is_given_up_and_the_next_one_sent(dialog: Dialog, room: noted.Room) -> None:
    put(dialog, "one")
    put(dialog, "two")
    room.errors = [PlatformError("The message was refused.", is_permanent=True)]
    send(dialog.connection)
    assert room.said() == ["two"]
    failed = Post.objects.get(key="one")
    assert (failed.state, failed.remark) == ("failed", "The message was refused.")
    assert ConnectionEvent.objects.filter(kind="failed", text="The message was refused.").exists()


def test_a_failed_post_is_sent_again_when_somebody_wants_it(dialog: Dialog, room: noted.Room) -> None:
    post = put(dialog, "one")
    room.errors = [PlatformError("No.", is_permanent=True)]
    send(dialog.connection)
    assert outbox.send_again(post, clock.now())
    send(dialog.connection)
    assert room.said() == ["one"]


def test_a_change_replaces_what_is_shown_and_only_the_last_one_is_sent(dialog: Dialog, room: noted.Room) -> None:
    post = put(dialog, "10 %")
    send(dialog.connection)
    for percent in (20, 30, 40):
        outbox.change(post.pk, Content(text=f"{percent} %"), clock.now())
    send(dialog.connection)
    assert room.said() == ["40 %"]
    assert room.calls == ["send", "edit"]


def test_a_change_before_the_first_send_is_part_of_it(dialog: Dialog, room: noted.Room) -> None:
    post = put(dialog, "10 %")
    outbox.change(post.pk, Content(text="50 %"), clock.now())
    send(dialog.connection)
    assert (room.said(), room.calls) == (["50 %"], ["send"])


def test_a_change_while_it_is_being_sent_follows_it(dialog: Dialog, room: noted.Room) -> None:
    post = put(dialog, "10 %")
    taken = outbox.take(post, clock.now())
    assert taken is not None
    outbox.change(post.pk, Content(text="90 %"), clock.now())
    room.shown["7"], room.dialogs["7"] = Content(text="10 %"), "D-1"
    outbox.sent(taken, "7", clock.now())
    send(dialog.connection)
    assert room.said() == ["90 %"]


def test_a_sender_that_died_over_a_post_leaves_it_due_again(dialog: Dialog, room: noted.Room) -> None:
    assert outbox.take(put(dialog, "one"), clock.now()) is not None
    send(dialog.connection)
    assert room.said() == []
    with clock.frozen(clock.now() + outbox.TAKEN + timedelta(seconds=1)):
        send(dialog.connection)
    assert room.said() == ["one"]


def test_two_senders_take_a_post_once(dialog: Dialog) -> None:
    post, now = put(dialog, "one"), clock.now()
    assert outbox.take(post, now) is not None
    assert outbox.take(post, now) is None


def test_what_could_not_be_said_for_a_day_is_given_up(dialog: Dialog, room: noted.Room) -> None:
    put(dialog, "one")
    begin = clock.now()
    for hours in (0, 8, 16, 25):
        room.errors = [PlatformError("The platform is down.")]
        with clock.frozen(begin + timedelta(hours=hours)):
            send(dialog.connection)
    assert Post.objects.get().state == "failed"


def test_a_mistake_in_a_platforms_file_holds_up_no_other_dialog(dialog: Dialog, room: noted.Room) -> None:
    other = Dialog.objects.create(connection=dialog.connection, external_id="D-2", kind="private")
    put(dialog, "one")
    put(other, "two")
    room.errors = [KeyError("ts")]
    send(dialog.connection)
    assert room.said() == ["two"]


def test_a_connection_that_is_off_says_nothing(dialog: Dialog, room: noted.Room) -> None:
    put(dialog, "one")
    Connection.objects.update(is_enabled=False)
    assert Sender(dialog.connection_id).turn() == 5.0
    assert room.said() == []


def test_the_bucket_lets_a_burst_go_and_then_its_pace() -> None:
    limits = noted.Noted.limits
    slow = Bucket(type(limits)(text=1, buttons=1, file_bytes=0, per_second=2.0, burst=3))
    assert [slow.wait(), slow.wait(), slow.wait()] == [0.0, 0.0, 0.0]
    assert 0.4 < slow.wait() <= 0.5


def test_an_account_that_is_removed_leaves_what_was_said(dialog: Dialog, dana: Account) -> None:
    post = outbox.put(dialog, "k", Content(text="x"), clock.now(), account=dana)
    dana.delete()
    post.refresh_from_db()
    assert post.account is None


def test_an_answer_leaves_before_changes_of_what_is_there(dialog: Dialog, room: noted.Room) -> None:
    posts = [put(dialog, f"task {number}") for number in range(5)]
    send(dialog.connection)
    for post in posts:
        outbox.change(post.pk, Content(text="further"), clock.now())
    answer = put(dialog, "answer")
    assert outbox.due(clock.now(), 2, connection_id=dialog.connection_id)[0] == answer


def test_what_our_own_code_cannot_send_is_given_up_and_the_next_one_leaves(dialog: Dialog, room: noted.Room) -> None:
    put(dialog, "one")
    put(dialog, "two")
    room.errors = [ValueError("a mistake of ours")] * MOST_BROKEN
    for minutes in range(MOST_BROKEN + 2):
        with clock.frozen(clock.now() + timedelta(minutes=10 * minutes)):
            send(dialog.connection)
    assert room.said() == ["two"]
    assert Post.objects.get(key="one").state == "failed"


def test_a_secret_that_cannot_be_read_is_not_tried_again_at_once(
    dialog: Dialog, room: noted.Room, settings: Any
) -> None:
    put(dialog, "one")
    settings.CHECKPOINT_KEYS = ["old"]
    dialog.connection.put_secrets({"token": "t"})
    dialog.connection.save()
    settings.CHECKPOINT_KEYS = ["new"]
    sender = Sender(dialog.connection_id)
    assert sender.turn() == 30.0
    assert 29.0 < sender.turn() <= 30.0
    assert [event.count for event in ConnectionEvent.objects.filter(kind="failed")] == [1]
    settings.CHECKPOINT_KEYS = ["new", "old"]
    send(dialog.connection)
    assert room.said() == ["one"]
