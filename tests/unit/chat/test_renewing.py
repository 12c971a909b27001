"""Secrets that run out: exchanged once, whoever asks at the same time, and kept before they are used."""

import threading
from collections.abc import Mapping

import pytest
from django.db import connections

from apps.chat import renewing
from apps.chat.models import Connection
from apps.chat.platforms.contract import PlatformError
from apps.chat.wiring import wiring
from apps.tasks.retention import chores

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def portal(db: None) -> Connection:
    row = Connection(key="finance", platform="bitrix24", name="Finance bot")
    row.put_secrets({"token": "old", "key": "k"})
    row.save()
    return row


def test_several_who_hold_the_same_old_token_exchange_it_once_and_all_get_the_new_one(portal: Connection) -> None:
    wired, exchanged, got = wiring(portal), [], []

    def exchange(secrets: Mapping[str, str]) -> Mapping[str, str]:
        exchanged.append(secrets["token"])
        return {"token": f"new{len(exchanged)}"}

    def renew() -> None:
        got.append(wired.renew(wired, "token", exchange))
        connections.close_all()

    threads = [threading.Thread(target=renew) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (exchanged, got) == (["old"], [{"token": "new1", "key": "k"}] * 4)
    portal.refresh_from_db()
    assert portal.secrets == {"token": "new1", "key": "k"} and "new1" not in portal.sealed


def test_an_exchange_that_fails_changes_nothing_and_holds_nobody_up(portal: Connection) -> None:
    def fail(secrets: Mapping[str, str]) -> Mapping[str, str]:
        raise PlatformError("no")

    wired = wiring(portal)
    with pytest.raises(PlatformError, match="no"):
        wired.renew(wired, "token", fail)
    assert wired.renew(wired, "token", lambda secrets: {"token": "new"})["token"] == "new"


def test_another_process_that_is_at_it_is_waited_for_and_not_for_ever(
    portal: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewing, "PATIENCE", 0.05)
    assert chores.take(f"chat:renew:{portal.pk}", 60.0) is not None
    wired = wiring(portal)
    with pytest.raises(PlatformError) as caught:
        wired.renew(wired, "token", lambda secrets: {"token": "new"})
    assert not caught.value.is_permanent and caught.value.retry_after


def test_what_an_administrator_enters_meanwhile_is_not_lost(portal: Connection) -> None:
    def exchange(secrets: Mapping[str, str]) -> Mapping[str, str]:
        row = Connection.objects.get()
        row.put_secrets({**row.secrets, "key": "entered"})
        row.save()
        return {"token": "new"}

    wired = wiring(portal)
    assert wired.renew(wired, "token", exchange) == {"token": "new", "key": "entered"}


def test_tokens_that_were_taken_away_during_the_exchange_do_not_come_back(portal: Connection) -> None:
    def exchange(secrets: Mapping[str, str]) -> Mapping[str, str]:
        row = Connection.objects.get()
        row.put_secrets({"key": "k"})
        row.save()
        return {"token": "new"}

    wired = wiring(portal)
    for _ in range(2):  # the second time before it is asked
        with pytest.raises(PlatformError, match="taken"):
            wired.renew(wired, "token", exchange)
    portal.refresh_from_db()
    assert portal.secrets == {"key": "k"}


def test_tokens_of_an_installation_that_came_during_the_exchange_stand(portal: Connection) -> None:
    def exchange(secrets: Mapping[str, str]) -> Mapping[str, str]:
        row = Connection.objects.get()
        row.put_secrets({**row.secrets, "token": "installed"})
        row.save()
        return {"token": "new"}

    wired = wiring(portal)
    assert wired.renew(wired, "token", exchange)["token"] == "installed"
    portal.refresh_from_db()
    assert portal.secrets["token"] == "installed"
