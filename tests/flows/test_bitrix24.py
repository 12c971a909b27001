"""A report through Bitrix24, as docs/chat/bitrix24.md says: its events fetched, then sent to us."""

import copy
import itertools
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.chat import connecting, people
from apps.chat.connecting import Wish
from apps.chat.models import Connection, Incoming
from apps.chat.platforms import platform
from apps.chat.service import poll_once
from apps.chat.wiring import wiring
from apps.core import clock
from apps.tasks.models import AuditEntry, Task
from tests.flows.chatting import SITE, deliver, serve
from tests.making import template
from tests.platforms import bitrix24 as loopback

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("chat_site")]
NUMBERS = itertools.count(5_000)
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def portal() -> Iterator[loopback.Bitrix24]:
    with loopback.serving() as server:
        yield server


@pytest.fixture
def finance(portal: loopback.Bitrix24, chat_site: None, alice: User) -> Connection:
    """The guide's steps."""
    wish = Wish(name="Finance bot", values={"mode": "fetch"}, secrets={"webhook_url": portal.webhook_url})
    made = connecting.add(alice, "bitrix24", "finance", wish)
    connecting.install(alice, made, SITE)
    made.refresh_from_db()
    assert "its events are fetched" in connecting.check(alice, made, SITE)
    return made


class Writer:
    """Somebody in Bitrix24, who writes to the bot alone or presses the last keyboard."""

    def __init__(self, portal: loopback.Bitrix24, finance: Connection, user: int) -> None:
        self.portal, self.finance, self.user = portal, finance, user
        portal.dialogs.add(str(user))

    def says(self, text: str, **message: Any) -> list[str]:
        data = self._data("ONIMBOTV2MESSAGEADD")
        data["message"] |= {"id": next(NUMBERS), "text": text, "authorId": self.user} | message
        return self._happens("ONIMBOTV2MESSAGEADD", data)

    def presses(self, label: str) -> list[str]:
        number, button = next(
            (number, button) for number, message in reversed(self.portal.messages.items())
            for button in (message.get("keyboard") or {"BUTTONS": ()})["BUTTONS"] if button["TEXT"] == label
        )  # fmt: skip
        data = self._data("ONIMBOTV2COMMANDADD")
        data["message"] |= {"id": number, "authorId": loopback.BOT_ID}
        data["command"] |= {
            "command": f"/{button['COMMAND']}",
            "params": button["COMMAND_PARAMS"],
            "context": "keyboard",
        }
        return self._happens("ONIMBOTV2COMMANDADD", data)

    def _data(self, kind: str) -> dict[str, Any]:
        data = loopback.documented(kind)
        data["user"] |= {"id": self.user, "name": f"User {self.user}"}
        data["chat"] |= {"dialogId": str(self.user), "type": "private"}
        return data

    def _happens(self, kind: str, data: dict[str, Any]) -> list[str]:
        """Told twice, whatever the way. What is shown since."""
        before = copy.deepcopy(self.portal.messages)
        self.finance.refresh_from_db()
        wired = wiring(self.finance)
        if wired.settings["mode"] == "fetch":
            self.portal.happened(kind, data)
            for _ in range(2):
                Connection.objects.filter(pk=self.finance.pk).update(cursor=self.finance.cursor)
                poll_once(self.finance.pk)
        else:
            told = loopback.form(loopback.sent(kind, data, time.time(), self.portal.host))
            for _ in range(2):
                assert deliver(self.portal.bots[loopback.BOT_ID]["webhookUrl"], told, FORM).status_code == 200
        serve(self.finance)
        return [each["message"] for number, each in self.portal.messages.items() if before.get(number) != each]


@pytest.fixture
def kim(portal: loopback.Bitrix24, finance: Connection, alice: User) -> Writer:
    writer = Writer(portal, finance, 7)
    (linked,) = writer.says(people.new_code(alice, clock.now()))
    assert "alice" in linked
    return writer


@pytest.fixture
def rent(alice: User) -> None:
    triggers = {"patterns": ["pay the rent"], "keywords": ["rent"], "contexts": [], "examples": ["Pay the rent"]}
    schema = {"type": "object", "properties": {}, "additionalProperties": False, "x-confirm": True}
    template("def run(params): return 'paid'", alice, key="rent", parameter_schema=schema, triggers=triggers)


def test_a_report_is_asked_for_followed_and_received(kim: Writer, portal: loopback.Bitrix24) -> None:
    shown = "\n".join(kim.says("Generate the invoice report for last year"))
    task = Task.objects.get()
    assert (task.status, task.origin, task.requester.get_username()) == ("completed", "chat", "alice")
    assert "100 %" in shown
    files = {file["name"].rpartition(".")[2]: file for file in portal.files}
    assert files.keys() >= {"pdf", "csv", "json"}
    assert files["pdf"]["data"].startswith(b"%PDF-")
    assert {file["dialogId"] for file in portal.files} == {"7"}


@pytest.mark.usefixtures("rent")
def test_what_must_be_confirmed_starts_when_its_button_is_pressed(kim: Writer) -> None:
    assert "Rent" in "\n".join(kim.says("pay the rent"))
    assert not Task.objects.exists()
    kim.presses("Start")
    assert Task.objects.get().status == "completed"


@pytest.mark.usefixtures("rent")
def test_the_same_once_events_are_sent_to_us_and_nobody_else_is_heard(
    kim: Writer, finance: Connection, portal: loopback.Bitrix24, alice: User
) -> None:
    finance.refresh_from_db()
    connecting.change(alice, finance, Wish(name="Finance bot", values={"mode": "webhook"}))
    finance.refresh_from_db()
    connecting.install(alice, finance, SITE)
    assert "Write to it once" in connecting.check(alice, Connection.objects.get(pk=finance.pk), SITE)

    kim.says("pay the rent")
    finance.refresh_from_db()
    assert finance.secrets["application_token"] == loopback.APPLICATION_TOKEN
    kim.presses("Start")
    assert Task.objects.get().status == "completed"

    rows, url = Incoming.objects.count(), portal.bots[loopback.BOT_ID]["webhookUrl"]
    data = loopback.documented("ONIMBOTV2MESSAGEADD")
    forged = loopback.form(loopback.sent("ONIMBOTV2MESSAGEADD", data, time.time(), portal.host, token="0" * 32))
    assert deliver(url, forged, FORM).status_code == 401
    genuine = loopback.form(loopback.sent("ONIMBOTV2MESSAGEADD", data, time.time(), portal.host))
    assert deliver(url.rpartition("/")[0], genuine, FORM).status_code == 401
    assert Incoming.objects.count() == rows


def test_strangers_and_bots_get_nothing_done(portal: loopback.Bitrix24, finance: Connection, kim: Writer) -> None:
    eve = Writer(portal, finance, 666)
    assert len(eve.says("Generate the invoice report for last year")) == 1
    assert eve.says("yes") == []
    assert kim.says("Generate the invoice report for last year", authorId=loopback.BOT_ID) == []
    assert not Task.objects.exists()


@pytest.fixture
def application(portal: loopback.Bitrix24, chat_site: None, alice: User) -> Connection:
    """The guide's steps for a local application: saved, added in Bitrix24, its code and key entered, and then by itself."""
    values = {
        "way": "application",
        "mode": "fetch",
        "portal_url": portal.url,
        "oauth_url": f"{portal.url}/oauth/token/",
    }
    made = connecting.add(alice, "bitrix24", "finance", Wish(name="Finance bot", values=values))
    steps = "\n".join(platform("bitrix24").guide(wiring(made)))
    (address,) = re.findall(r"enter (\S+), which", steps)
    assert deliver(*portal.installs(address), FORM).status_code == 200
    assert poll_once(made.pk) == 5.0, "its code and key are not known yet"
    values |= {"application_id": loopback.CLIENT}
    made.refresh_from_db()
    connecting.change(alice, made, Wish(name="Finance bot", values=values, secrets={"application_key": loopback.KEY}))
    poll_once(made.pk)
    made.refresh_from_db()
    assert connecting.check(alice, made, SITE) == f"{portal.host} knows our bot as number 456; its events are fetched."
    return made


@pytest.mark.usefixtures("rent")
def test_the_same_as_a_local_application_until_it_is_removed(
    application: Connection, portal: loopback.Bitrix24, alice: User
) -> None:
    kim = Writer(portal, application, 7)
    assert "alice" in kim.says(people.new_code(alice, clock.now()))[0]
    portal.expires()
    assert "Rent" in "\n".join(kim.says("pay the rent"))
    kim.presses("Start")
    assert Task.objects.get().status == "completed"
    application.refresh_from_db()
    secrets = application.secrets
    assert secrets["access_token"] == portal.access and portal.access not in application.sealed
    shown = json.dumps([*application.events.values_list("text"), *AuditEntry.objects.values_list("data")])
    assert not any(value in shown for name, value in secrets.items() if name != "expires_at")

    for address, body in portal.removes():
        assert deliver(address, body.replace(b"51856fef", b"00000000"), FORM).status_code == 401
        application.refresh_from_db()
        assert application.secrets == secrets
        assert deliver(address, body, FORM).status_code == 200
    application.refresh_from_db()
    assert application.secrets == {"application_key": loopback.KEY}
    calls = len(portal.requests)
    assert poll_once(application.pk) == 5.0 and len(portal.requests) == calls
    assert deliver(address, body, FORM).status_code == 401, "it has ended"
