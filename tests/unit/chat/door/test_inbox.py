"""What arrives is a row once, whatever it is and however often it comes."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction

from apps.chat import inbox
from apps.chat.inbox import Parcel, accept, arrived_of
from apps.chat.models import Connection, Dialog, Incoming
from apps.chat.platforms.contract import MAX_TEXT, Arrived
from apps.core import hints

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def said(event_id: str = "e1", **fields: Any) -> Arrived:
    return Arrived(**{"event_id": event_id, "dialog": "d1", "dialog_kind": "private", "sender": "u7", **fields})


def texts() -> list[str]:
    return list(Incoming.objects.order_by("id").values_list("text", flat=True))


def test_all_that_arrived_is_kept_and_can_be_read_again(connection: Connection) -> None:
    whole = said(
        kind="button", button="confirm:7", about="m1", sender_name="Ada", dialog_title="#finance", locale="de",
        message_id="m2", text="Ja", at=NOW - timedelta(seconds=3),
    )  # fmt: skip
    assert accept(connection.pk, [whole, said("e2", text="status")], NOW) == 2
    first, second = Incoming.objects.order_by("id")
    assert (arrived_of(first), arrived_of(second)) == (whole, said("e2", text="status"))
    assert (first.state, first.due_at, first.received_at, first.tries) == ("waiting", NOW, NOW, 0)


def test_an_event_that_comes_again_is_no_second_row(connection: Connection) -> None:
    assert accept(connection.pk, [said(text="once")], NOW) == 1
    assert accept(connection.pk, [said(text="once"), said("e2", text="new"), said("e2", text="new")], NOW) == 1
    assert texts() == ["once", "new"]


def test_a_message_that_comes_under_another_event_is_no_second_row(connection: Connection) -> None:
    accept(connection.pk, [said("e1", message_id="m1", text="once")], NOW)
    assert accept(connection.pk, [said("e2", message_id="m1", text="once")], NOW) == 0
    assert accept(connection.pk, [said("e3", message_id="m1", dialog="d2", text="elsewhere")], NOW) == 1
    assert accept(connection.pk, [said("e4", message_id="m1", kind="button", button="yes")], NOW) == 1


def test_messages_without_an_id_are_told_apart_by_their_events(connection: Connection) -> None:
    assert accept(connection.pk, [said("e1"), said("e2")], NOW) == 2


def test_the_same_event_on_another_connection_is_another(connection: Connection) -> None:
    other = Connection.objects.create(key="sales", platform="signed")
    assert accept(connection.pk, [said()], NOW) == accept(other.pk, [said()], NOW) == 1


def test_what_a_bot_wrote_is_never_a_row(connection: Connection) -> None:
    assert accept(connection.pk, [said("e1", is_from_bot=True), said("e2")], NOW) == 1


def overheard(event_id: str, dialog: str, **fields: Any) -> Arrived:
    return said(event_id, dialog=dialog, dialog_kind="group", message_id=event_id, is_overheard=True, **fields)


def test_what_is_overheard_where_nobody_spoke_to_us_is_never_a_row(connection: Connection) -> None:
    accept(connection.pk, [said("m1", dialog="c1:1", message_id="m1")], NOW)
    other = Connection.objects.create(key="sales", platform="signed")
    assert accept(connection.pk, [overheard("o1", "c1:2"), overheard("o2", "c1")], NOW) == 0
    assert accept(other.pk, [overheard("o3", "c1:1")], NOW) == 0


def test_what_is_overheard_in_a_dialog_of_ours_is_a_row(connection: Connection) -> None:
    accept(connection.pk, [said("m1", dialog="c1:1", message_id="m1")], NOW)
    Dialog.objects.create(connection=connection, external_id="c1:2", kind="group")
    assert accept(connection.pk, [overheard("o1", "c1:1"), overheard("o2", "c1:2")], NOW) == 2
    with_it = [overheard("o3", "c1:3"), said("m2", dialog="c1:3", message_id="m2")]
    assert accept(connection.pk, with_it, NOW) == 2


def test_a_text_is_cut_to_what_is_kept(connection: Connection) -> None:
    accept(connection.pk, [said(text="ж" * (MAX_TEXT + 5))], NOW)
    assert [len(text) for text in texts()] == [MAX_TEXT]


def test_what_no_database_can_hold_is_shown_as_its_symbol(connection: Connection) -> None:
    accept(connection.pk, [said("e\0", text="a\0b\ud800c", sender_name="Zo\0e", dialog="d\udfff")], NOW)
    row = Incoming.objects.get()
    assert (row.text, row.event_id, row.dialog, row.data["sender_name"]) == ("a␀b\ufffdc", "e␀", "d\ufffd", "Zo␀e")


def test_event_ids_that_are_too_long_stay_different(connection: Connection) -> None:
    long = "e" * 500
    assert accept(connection.pk, [said(long + "1"), said(long + "2"), said(long + "1")], NOW) == 2


@pytest.mark.parametrize("field", ["dialog", "sender"])
@pytest.mark.parametrize("value", ["", "x" * 201])
def test_what_could_never_be_answered_is_no_row_and_is_said_to_be_none(
    connection: Connection, field: str, value: str
) -> None:
    arrived = said(**{field: value})
    assert field in inbox.objection(arrived)
    assert accept(connection.pk, [arrived, said("e2")], NOW) == 1


def test_words_that_look_like_sql_or_json_are_only_words(connection: Connection) -> None:
    nasty = ["'); DROP TABLE chat_incoming; --", '{"a": 1}', "null", "123", "$.text", "%s %(x)s ?", "true"]
    accept(connection.pk, [said(f"e{n}", text=text) for n, text in enumerate(nasty)], NOW)
    assert texts() == nasty


@pytest.mark.django_db(transaction=True)
def test_of_connections_some_of_which_are_gone_the_others_messages_are_kept(connection: Connection) -> None:
    parcels = [
        Parcel(connection_id=number, arrived=[said(f"e{number}-{place}")], received_at=NOW)
        for place, number in enumerate([connection.pk, connection.pk + 99, connection.pk])
    ]
    with pytest.raises(IntegrityError):
        inbox.accept_all(parcels)
    assert not Incoming.objects.exists()
    assert inbox.accept_each(parcels) == [1, None, 1]
    assert not transaction.get_connection().in_atomic_block
    connections.close_all()
    assert Incoming.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_twenty_deliveries_of_one_event_at_once_make_one_row(connection: Connection) -> None:
    made: list[int] = []
    gate = threading.Barrier(20)

    def deliver() -> None:
        gate.wait()
        made.append(accept(connection.pk, [said(message_id="m1", text="pay")], NOW))
        connections.close_all()

    threads = [threading.Thread(target=deliver) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [0] * 19 + [1]
    assert texts() == ["pay"]


@pytest.mark.django_db(transaction=True)
def test_the_service_is_told_once_the_row_can_be_seen_and_only_of_new_ones(
    connection: Connection, settings, tmp_path_factory
) -> None:
    settings.WAKE_DIR = tmp_path_factory.mktemp("w")
    listener = hints.Listener(hints.CHAT)
    hints._listeners.cache_clear()
    try:
        with transaction.atomic():
            accept(connection.pk, [said()], NOW)
            assert not listener.drain()
        assert listener.drain()
        accept(connection.pk, [said()], NOW)
        assert not listener.drain()
    finally:
        listener.close()
        hints._listeners.cache_clear()
