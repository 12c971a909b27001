"""The thread of the supervisor that sends: it survives whatever goes wrong, and waits longer while nothing works."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, InterfaceError, connections

from apps.notify import posting
from apps.notify.mail import NotDelivered
from apps.workers.models import ClusterEvent
from apps.workers.supervisor import courier as couriers
from apps.workers.supervisor.courier import Courier
from tests.unit.workers.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def courier(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Courier]:
    settings.EMAIL_HOST = "mail.example.org"
    monkeypatch.setattr(couriers, "LOOK_SECONDS", 0.01)
    courier = Courier()
    yield courier
    courier.stop()
    connections.close_all()


def answering(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> list[Any]:
    """What the rounds come to, one after the other; the last for ever. Returns the rounds."""
    rounds: list[Any] = []

    def turn(site: Any, is_ending: Any) -> int:
        answer = answers[min(len(rounds), len(answers) - 1)]
        rounds.append(site())
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    monkeypatch.setattr(posting, "turn", turn)
    return rounds


def test_it_goes_on_after_whatever_went_wrong(courier: Courier, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = [DatabaseError("away"), NotDelivered("down", is_down=True), ZeroDivisionError("a bug"), 0]
    rounds = answering(monkeypatch, *wrong)
    courier.start()
    until(lambda: len(rounds) > 5)
    courier.stop()
    assert rounds[0].startswith("http")
    number = len(rounds)
    assert not courier._thread.is_alive() and number == len(rounds)


@pytest.mark.parametrize("wrong", [InterfaceError("connection already closed"), ZeroDivisionError("a bug")])
def test_it_goes_on_when_telling_of_it_fails_too(
    wrong: Exception, courier: Courier, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def take(*_: Any) -> None:
        raise wrong

    monkeypatch.setattr(couriers.chores, "take", take)
    rounds = answering(monkeypatch, NotDelivered("down", is_down=True), 0)
    courier.start()
    until(lambda: len(rounds) > 3)
    courier.stop()
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [wrong]


def test_where_there_is_no_mail_server_it_does_not_even_begin(courier: Courier, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    courier.start()
    assert not courier._thread.is_alive()


def test_a_server_that_is_down_is_asked_less_and_less_often_and_told_once(
    courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, *[NotDelivered("refused", is_down=True)] * 9, 1)
    pauses = []
    for _ in range(9):
        courier.work()
        pauses.append(courier._pause)
    assert pauses[:3] == [0.02, 0.04, 0.08] and pauses == sorted(pauses)
    assert ClusterEvent.objects.get().reason == "The mail server does not work: refused"
    courier.work()
    assert courier._pause == 0.01
    monkeypatch.setattr(courier, "_pause", 55.0)
    answering(monkeypatch, NotDelivered("refused", is_down=True))
    courier.work()
    assert courier._pause == couriers.LONGEST_PAUSE
