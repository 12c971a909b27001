"""A report through Telegram, as docs/chat/telegram.md says: by polling and by webhook, alone and in a group."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.chat import connecting, people, service
from apps.chat.connecting import Wish
from apps.chat.models import Connection, Incoming
from apps.core import clock
from apps.tasks.models import Task
from tests.flows.chatting import deliver, serve
from tests.platforms import telegram as loopback

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def api() -> Iterator[loopback.BotApi]:
    with loopback.serving() as server:
        yield server


def connected(api: loopback.BotApi, by: User, site: str, mode: str) -> Connection:
    """The guide's steps."""
    wish = Wish(name="Finance bot", values={"api_url": api.url, "mode": mode}, secrets={"token": loopback.TOKEN})
    made = connecting.add(by, "telegram", "finance", wish)
    connecting.install(by, made, site)
    assert connecting.check(by, made, site) == "I am @finance_bot on Telegram."
    made.refresh_from_db()
    return made


class Writer:
    """Somebody in Telegram; what they do reaches us in the connection's way."""

    def __init__(self, api: loopback.BotApi, connection: Connection) -> None:
        self.api, self.connection, self.count = api, connection, 1000

    def says(self, text: str, **more: Any) -> list[str]:
        self.count += 1
        return self._does(loopback.wrote(text, self.count, **more))

    def presses(self, label: str) -> list[str]:
        self.count += 1
        message = next(
            each for each in reversed(self.api.messages) if label in str(each.get("keyboard", []))
        )  # fmt: skip
        return self._does(loopback.pressed(message, label, self.count))

    def _does(self, update: dict[str, Any]) -> list[str]:
        """What is shown since. It comes twice, as after an answer that was lost."""
        before = list(self.api.shown)
        self.api.happens(update)
        for _ in range(2):
            self._deliver(self.api.updates[-1])
        serve(self.connection)
        return [text for number, text in enumerate(self.api.shown) if text not in before[number : number + 1]]

    def _deliver(self, update: dict[str, Any]) -> None:
        if not self.api.webhook:
            Connection.objects.filter(pk=self.connection.pk).update(cursor="")
            service.poll_once(self.connection.pk)
            return
        headers = {
            "content-type": "application/json", "X-Telegram-Bot-Api-Secret-Token": self.api.webhook["secret_token"],
        }  # fmt: skip
        answer = deliver(self.api.webhook["url"], json.dumps(update).encode(), headers)
        assert answer.status_code == 200
        if answer.content:
            said = json.loads(answer.content)
            assert said.pop("method") == "answerCallbackQuery"
            self.api.answered.append(said["callback_query_id"])


@pytest.mark.parametrize("mode", ["polling", "webhook"])
def test_a_report_is_asked_for_confirmed_followed_and_received(chat_site, alice, api, mode):
    ada = Writer(api, connected(api, alice, chat_site, mode))
    assert "alice" in ada.says(f"/start {people.new_code(alice, clock.now())}")[0]
    assert "Invoice report" in "\n".join(ada.says("Generate the invoice report for last year"))
    if not Task.objects.exists():
        ada.presses("Yes")
    task = Task.objects.get()
    assert (task.status, task.origin, task.requester.get_username()) == ("completed", "chat", "alice")
    assert "100 %" in "\n".join(api.shown)
    assert {name.rpartition(".")[2] for name, _, _ in api.files} >= {"pdf", "csv", "json"}
    [pdf] = [data for name, _, data in api.files if name.endswith(".pdf")]
    assert pdf.startswith(b"%PDF-")
    assert ada.says("/status")


def test_a_pressed_button_counts_once_and_is_answered(chat_site, alice, api):
    ada = Writer(api, connected(api, alice, chat_site, "webhook"))
    ada.says(f"/start {people.new_code(alice, clock.now())}")
    ada.says("Generate the invoice report for last year")
    pressable = [each for each in api.messages if each.get("keyboard")]
    if pressable:
        label = pressable[-1]["keyboard"][0][0]["text"]
        ada.presses(label)
        assert api.answered
        assert Incoming.objects.filter(kind="button").count() == 1


def test_in_a_group_only_what_is_said_to_the_bot_is_kept(chat_site, alice, api):
    ada = Writer(api, connected(api, alice, chat_site, "webhook"))
    ada.says(f"/start {people.new_code(alice, clock.now())}")
    rows, shown = Incoming.objects.count(), len(api.messages)
    assert ada.says("the report is late", chat=loopback.GROUP) == []
    assert (Incoming.objects.count(), len(api.messages)) == (rows, shown)
    assert ada.says("@finance_bot help", chat=loopback.GROUP, is_topic_message=True, message_thread_id=42)
    assert (api.messages[-1]["chat"]["id"], api.messages[-1]["topic"]) == (loopback.GROUP["id"], 42)


def test_strangers_bots_and_forgers_get_nothing_done(chat_site, alice, api):
    eve = Writer(api, connected(api, alice, chat_site, "webhook"))
    assert len(eve.says("Generate the invoice report for last year")) == 1
    assert eve.says("yes") == []
    assert eve.says("Generate the invoice report", **{"from": loopback.ME}) == []
    rows = Incoming.objects.count()
    for secret in ("", "wrong", api.webhook["secret_token"][:-1]):
        body = json.dumps({**loopback.wrote("yes", 7), "update_id": 99}).encode()
        headers = {"content-type": "application/json", "X-Telegram-Bot-Api-Secret-Token": secret}
        assert deliver(api.webhook["url"], body, headers).status_code == 401
    assert Incoming.objects.count() == rows
    assert not Task.objects.exists()
