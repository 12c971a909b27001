"""A report through Slack, as docs/chat/slack.md says: connected, linked, asked for, confirmed by a button, received."""

import copy
import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.chat import connecting, people
from apps.chat.connecting import Wish
from apps.chat.models import Connection, Incoming
from apps.chat.platforms import platform
from apps.chat.wiring import wiring
from apps.core import clock
from apps.tasks.models import Task
from tests.flows.chatting import SITE, deliver, serve
from tests.making import template
from tests.platforms import slack as loopback

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("chat_site")]
URL = f"{SITE}/chat/hooks/finance"
NUMBERS = itertools.count(1)
PRIVATE, CHANNEL, KIM, EVE = "D024BE91L", "C123ABC456", "U061F7AUR", "U0EVE"


@pytest.fixture
def slack() -> Iterator[loopback.Slack]:
    with loopback.serving() as server:
        yield server


@pytest.fixture
def finance(slack: loopback.Slack, chat_site: None, alice: User) -> Connection:
    """The guide's steps, with what Slack shows for each."""
    values = {"api_url": f"{slack.url}api/"}
    secrets = {"signing_secret": loopback.SECRET, "bot_token": loopback.TOKEN}
    made = connecting.add(alice, "slack", "finance", Wish(name="Finance bot", values=values, secrets=secrets))
    connecting.install(alice, made, SITE)
    assert connecting.check(alice, made, SITE) == "Slack knows us as finance in Acme."
    made.refresh_from_db()
    assert URL in " ".join(platform("slack").guide(wiring(made)))
    answer = deliver(URL, *loopback.event_request(loopback.documented("url_verification"), time.time()))
    assert answer.content == loopback.documented("url_verification")["challenge"].encode()
    return made


class Writer:
    """Somebody in Slack. What they do comes as Slack's documents say."""

    def __init__(self, slack: loopback.Slack, finance: Connection, user: str) -> None:
        self.slack, self.finance, self.user = slack, finance, user
        self.shown: list[str] = []

    def says(self, text: str, kind: str = "message.im", channel: str = PRIVATE, **event: Any) -> list[str]:
        payload, ts = loopback.documented(kind), self._ts()
        payload["event"] |= {"user": self.user, "text": text, "channel": channel, "ts": ts, "event_ts": ts} | event
        payload["event_id"] = f"Ev{ts.partition('.')[2]}"
        return self._sends(loopback.event_request(payload, time.time()))

    def commands(self, text: str) -> list[str]:
        """In some channel that the app is not in. What this person alone sees there."""
        place = f"/commands/T1/{next(NUMBERS)}"
        self.slack.responses[place] = []
        form = loopback.documented("slash_command") | {
            "user_id": self.user, "text": text, "command": "/chantilly", "trigger_id": f"{next(NUMBERS)}.1.a",
            "response_url": f"{self.slack.url.rstrip('/')}{place}",
        }  # fmt: skip
        self.shown = self._sends(loopback.command_request(form, time.time()))
        assert all(each["response_type"] == "ephemeral" for each in self.slack.responses[place])
        return ["\n".join(loopback.seen_texts(each)) for each in self.slack.responses[place]]

    def presses(self, label: str) -> list[str]:
        message = next(each for each in reversed(self.slack.shown) if label in loopback.seen_texts(each))
        button = next(
            each for block in message["blocks"] for each in block.get("elements", ())
            if each.get("type") == "button" and each["text"]["text"] == label
        )  # fmt: skip
        payload = copy.deepcopy(loopback.documented("block_actions"))
        payload["user"]["id"], payload["channel"]["id"] = self.user, PRIVATE
        payload["container"] |= {"message_ts": message["ts"], "channel_id": PRIVATE}
        payload["actions"][0] |= {"value": button["value"], "action_ts": self._ts()}
        return self._sends(loopback.action_request(payload, time.time()))

    def _ts(self) -> str:
        """What Slack knows a message of a channel by."""
        return f"{int(time.time())}.{next(NUMBERS):06d}"

    def _sends(self, request: tuple[bytes, dict[str, str]]) -> list[str]:
        """Twice, as after an answer that was lost. What is shown since."""
        before = {each["ts"]: copy.deepcopy(each) for each in self.slack.shown}
        for retry in ({}, {"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"}):
            assert deliver(URL, request[0], request[1] | retry).status_code == 200
        serve(self.finance)
        return ["\n".join(loopback.seen_texts(each)) for each in self.slack.shown if before.get(each["ts"]) != each]


@pytest.fixture
def kim(slack: loopback.Slack, finance: Connection, alice: User) -> Writer:
    """Linked to Alice, by a code from her page."""
    writer = Writer(slack, finance, KIM)
    (linked,) = writer.says(people.new_code(alice, clock.now()))
    assert "alice" in linked
    return writer


def test_a_report_is_asked_for_followed_and_received(kim: Writer, slack: loopback.Slack) -> None:
    shown = "\n".join(kim.says("Generate the invoice report for last year"))
    task = Task.objects.get()
    assert (task.status, task.origin, task.requester.get_username()) == ("completed", "chat", "alice")
    assert "Invoice report" in shown
    assert "100 %" in shown
    files = {file["name"].rpartition(".")[2]: file for file in slack.files.values()}
    assert files.keys() >= {"pdf", "csv", "json"}
    assert files["pdf"]["data"].startswith(b"%PDF-")
    assert {file["channel"] for file in files.values()} == {PRIVATE}


@pytest.fixture
def rent(alice: User) -> None:
    triggers = {"patterns": ["pay the rent"], "keywords": ["rent"], "contexts": [], "examples": ["Pay the rent"]}
    schema = {"type": "object", "properties": {}, "additionalProperties": False, "x-confirm": True}
    template("def run(params): return 'paid'", alice, key="rent", parameter_schema=schema, triggers=triggers)


@pytest.mark.usefixtures("rent")
def test_what_must_be_confirmed_starts_when_its_button_is_pressed_and_then_once(kim: Writer) -> None:
    assert "Rent" in "\n".join(kim.says("pay the rent"))
    assert not Task.objects.exists()
    kim.presses("Start")
    assert Task.objects.get().status == "completed"


def test_a_mention_is_answered_in_its_thread_and_the_thread_goes_on_without_mentions(
    kim: Writer, slack: loopback.Slack
) -> None:
    root = "1763800000.000100"
    kim.says(f"<@{loopback.BOT}> help", "app_mention", CHANNEL, ts=root)
    assert slack.shown[-1]["thread_ts"] == root
    count, rows = len(slack.shown), Incoming.objects.count()
    kim.says("what else?", "message.channels", CHANNEL, thread_ts="1763800000.999999")
    kim.says("just talking", "message.channels", CHANNEL)
    assert (len(slack.shown), Incoming.objects.count()) == (count, rows)
    kim.says("help", "message.channels", CHANNEL, thread_ts=root)
    assert slack.shown[-1]["thread_ts"] == root
    assert Incoming.objects.count() == rows + 1


def test_strangers_and_bots_get_nothing_done(slack: loopback.Slack, finance: Connection, kim: Writer) -> None:
    eve = Writer(slack, finance, EVE)
    first = eve.says("Generate the invoice report for last year")
    assert len(first) == 1
    assert eve.says("yes") == []
    assert kim.says("Generate the invoice report for last year", "message.bot") == []
    assert not Task.objects.exists()


def test_a_forged_request_leaves_no_trace(slack: loopback.Slack, kim: Writer) -> None:
    rows = Incoming.objects.count()
    body, headers = loopback.event_request(loopback.documented("message.im"), time.time(), "another secret")
    assert deliver(URL, body, headers).status_code == 401
    body, headers = loopback.event_request(loopback.documented("message.im"), time.time() - 301)
    assert deliver(URL, body, headers).status_code == 401
    assert Incoming.objects.count() == rows


@pytest.mark.usefixtures("rent")
def test_a_command_anywhere_is_answered_in_the_private_chat_and_steered_there(kim: Writer) -> None:
    (aside,) = kim.commands("pay the rent")
    assert aside == "I answer you in our private chat."
    assert "Rent" in "\n".join(kim.shown) and not Task.objects.exists()
    kim.presses("Start")
    assert Task.objects.get().status == "completed"
    assert kim.commands("status") and Task.objects.count() == 1


def test_a_command_of_who_is_not_linked_is_answered_to_them_alone_and_can_link_them(
    slack: loopback.Slack, finance: Connection, alice: User
) -> None:
    eve = Writer(slack, finance, EVE)
    (told,) = eve.commands("Generate the invoice report for last year")
    assert "not linked to anybody" in told and eve.shown == [] and not Task.objects.exists()
    (linked,) = eve.commands(people.new_code(alice, clock.now()))
    assert "alice" in linked
    (where,) = eve.commands("help")
    assert "no private chat with you" in where and eve.shown == []
