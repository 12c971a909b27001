"""A finance bot on a platform that notes everything, and people who are linked to it."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.chat import inbox, people, turns
from apps.chat.models import Account, Connection
from apps.chat.platforms import platform
from apps.chat.platforms.contract import Arrived
from apps.chat.sending import Sender
from apps.core import clock
from tests.unit.chat import noted

_events = itertools.count(1)


@pytest.fixture
def room(settings: Any) -> Iterator[noted.Room]:
    settings.CHAT_PLATFORMS = {**settings.CHAT_PLATFORMS, "noted": "tests.unit.chat.noted.Noted"}
    platform.cache_clear()
    noted.ROOM = noted.Room()
    yield noted.ROOM
    platform.cache_clear()


@pytest.fixture
def finance(room: noted.Room, db: None) -> Connection:
    return Connection.objects.create(key="finance", platform="noted", name="Finance bot")


@pytest.fixture
def dana(finance: Connection, alice: User) -> Account:
    """Alice's account: she is called Dana there."""
    return Account.objects.create(
        connection=finance, external_id="U-dana", shown_name="Dana", user=alice, linked_at=clock.now(),
        private_dialog="D-dana",
    )  # fmt: skip


def came(text: str = "", **changes: Any) -> Arrived:
    number = next(_events)
    fields: dict[str, Any] = {
        "event_id": f"E{number}", "message_id": f"M{number}", "dialog": "D-dana", "dialog_kind": "private",
        "sender": "U-dana", "text": text,
    }  # fmt: skip
    return Arrived(**{**fields, **changes})


@pytest.fixture
def say(finance: Connection, room: noted.Room) -> Callable[..., list[str]]:
    """Say something, let the service work, and see what was answered since."""

    def said(text: str = "", **changes: Any) -> list[str]:
        before = len(room.shown)
        inbox.accept(finance.pk, [came(text, **changes)], clock.now())
        work(finance)
        return room.said()[before:]

    return said


def work(connection: Connection) -> None:
    """What the service does until nothing is due."""
    while rows := turns.due(clock.now(), 100):
        for row in rows:
            turns.attend(row)
    send(connection)


def send(connection: Connection) -> None:
    sender = Sender(connection.pk)
    while sender.turn() == 0.0:
        pass


def linked(connection: Connection, user: User, external_id: str) -> Account:
    account = people.account_of(connection, came(sender=external_id, dialog=f"D-{external_id}"))
    Account.objects.filter(pk=account.pk).update(user=user, linked_at=clock.now())
    return Account.objects.get(pk=account.pk)
