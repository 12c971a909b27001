"""The chat's service: who leads goes on leading while it works, and what one look cannot do holds up no other."""

import threading
from typing import Any

import pytest
from django.db import connections

from apps.chat import asking, following, mailing, service
from apps.chat.service import Service
from apps.tasks.retention import chores
from tests.chaos.installation import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {
        "TURN_SECONDS": 1.0,
        "RENEW_SECONDS": 0.1,
        "LOOK_SECONDS": 0.05,
        "SAFETY_SECONDS": 0.05,
    }.items():
        monkeypatch.setattr(service, name, seconds)


def started(made: Service) -> threading.Thread:
    thread = threading.Thread(target=made.run)
    thread.start()
    return thread


def test_a_look_that_takes_long_does_not_give_the_lead_away(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    is_looking, may_end = threading.Event(), threading.Event()

    def look(*_: Any) -> int:
        is_looking.set()
        may_end.wait(20)
        return 0

    monkeypatch.setattr(following, "look", look)
    made = Service()
    thread = started(made)
    try:
        assert is_looking.wait(20)
        for _ in range(25):
            assert chores.take(service.LEADER, 0.1) is None
            threading.Event().wait(0.1)
    finally:
        may_end.set()
        made.stop()
        thread.join(20)
    wait_for("the lead to be free", lambda: chores.take(service.LEADER, 1.0) is not None, seconds=5)
    connections.close_all()


def test_a_look_that_does_not_end_gives_the_lead_away(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    may_end = threading.Event()
    monkeypatch.setattr(service, "HUNG_SECONDS", 0.3)
    monkeypatch.setattr(following, "look", lambda _: may_end.wait(20))
    made = Service()
    thread = started(made)
    try:
        wait_for("somebody to lead", lambda: made._turn is not None, seconds=10)
        wait_for("another to lead", lambda: chores.take(service.LEADER, 5.0) is not None, seconds=10)
    finally:
        may_end.set()
        made.stop()
        thread.join(20)
    connections.close_all()


def test_what_one_look_cannot_do_holds_up_no_other(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = {"asking": threading.Event(), "mailing": threading.Event()}
    monkeypatch.setattr(following, "look", lambda _: 1 / 0)
    monkeypatch.setattr(asking, "look", lambda _: looked["asking"].set())
    monkeypatch.setattr(mailing, "look", lambda _: looked["mailing"].set())
    made = Service()
    thread = started(made)
    try:
        assert all(each.wait(20) for each in looked.values())
    finally:
        made.stop()
        thread.join(20)
    connections.close_all()
