"""Telegram: updates arrive by webhook or by polling, and a connection is set up."""

import json
import time
from datetime import UTC, datetime
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.chat.people import code_in
from apps.chat.platforms.contract import PlatformError, Refused
from apps.chat.platforms.telegram import Telegram
from tests.platforms import telegram as other
from tests.platforms.mutated import mutated
from tests.platforms.telegram import GROUP, ME, PERSON, PRIVATE, TOKEN, payload
from tests.unit.chat.platforms.hooks import hook, wired

TELEGRAM = Telegram()
SECRET = "a-secret_of-16-or-more"
SECRETS = {"token": TOKEN, "webhook_secret": SECRET}
WIRED = wired(SECRETS, username="finance_bot")
HEADER = "X-Telegram-Bot-Api-Secret-Token"
ARRIVING = ["message", "reply", "entities", "document", "edited_message", "inline_query", "callback_inline",
            "callback_query", "my_chat_member", "group_mention"]  # fmt: skip


@pytest.fixture
def api():
    with other.serving() as serving:
        yield serving


@pytest.fixture
def reached(api):
    return wired(SECRETS, username="finance_bot", api_url=api.url, mode="polling")


def receive(document, headers=None, wiring=WIRED):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return TELEGRAM.receive(wiring, hook(body, {HEADER: SECRET} if headers is None else headers))


def arrived(document, wiring=WIRED):
    found = receive(document, wiring=wiring).arrived
    return found[0] if found else None


def message(text, chat=GROUP, **more):
    entities = [{"type": "mention", "offset": text.find("@"), "length": len("@finance_bot")}] if "@" in text else []
    fields = {"message_id": 7, "from": PERSON, "chat": chat, "date": 1685449265, "text": text, "entities": entities}
    return {"update_id": 5, "message": {**fields, **more}}


class TestReceiving:
    def test_a_documented_message_arrives(self):
        it = arrived(payload("message"))
        assert (it.event_id, it.message_id, it.dialog, it.dialog_kind) == ("10000", "1365", "1111111", "private")
        assert (it.sender, it.sender_name, it.kind) == ("1111111", "Test Firstname Test Lastname", "message")
        assert it.at == datetime(2015, 9, 7, 17, 5, 32, tzinfo=UTC)
        assert not it.is_from_bot

    def test_a_documented_reply_names_what_it_answers(self):
        assert arrived(payload("reply")).about == "1334"

    def test_a_documented_text_with_styles_is_its_text(self):
        assert arrived(payload("entities")).text == "Bold and italics"

    def test_a_documented_button_names_its_message_and_is_answered_in_the_response(self):
        received = receive(payload("callback_query"))
        [it] = received.arrived
        assert (it.kind, it.button, it.about, it.dialog, it.sender) == (
            "button",
            "yes:17",
            "1366",
            "1111111",
            "1111111",
        )
        assert json.loads(received.answer.body) == {
            "method": "answerCallbackQuery", "callback_query_id": "4382bfdwdsb323b2d9",
        }  # fmt: skip
        assert received.answer.content_type == "application/json"

    def test_a_documented_mention_in_a_group_arrives_without_the_name(self):
        it = arrived(payload("group_mention"), wired(SECRETS, username="ai999_bot"))
        assert (it.text, it.dialog, it.dialog_kind, it.dialog_title) == ("666", "-1001914618483", "group", "ai测试")
        assert it.locale == "zh-hans"

    def test_a_documented_change_of_rights_is_no_news_but_coming_and_going_are(self):
        change = payload("my_chat_member")
        assert arrived(change) is None
        for was, now, kind in (("left", "member", "joined"), ("administrator", "kicked", "left")):
            change["my_chat_member"]["old_chat_member"]["status"] = was
            change["my_chat_member"]["new_chat_member"]["status"] = now
            assert (arrived(change).kind, arrived(change).dialog) == (kind, "-1001914618483")

    @pytest.mark.parametrize("name", ["document", "edited_message", "inline_query", "callback_inline"])
    def test_documented_updates_without_words_for_us_are_taken_and_left(self, name):
        assert arrived(payload(name)) is None

    def test_a_caption_is_a_text(self):
        document = payload("document")
        document["message"]["caption"] = "book this"
        assert arrived(document).text == "book this"

    def test_the_link_of_the_set_up_page_brings_the_code(self):
        assert code_in(arrived(message("/start ABCD-EFG2", PRIVATE)).text) == "ABCDEFG2"

    @pytest.mark.parametrize(
        ("text", "means"),
        [
            ("/start", "help"), ("/status", "status"), ("/queue_status", "queue status"), ("/cancel 12", "cancel 12"),
            ("/status@finance_bot 7", "status 7"), ("/status@FINANCE_BOT", "status"), ("/статус", "/статус"), ("//", "//"),
        ],
    )  # fmt: skip
    def test_commands_are_words(self, text, means):
        assert arrived(message(text, PRIVATE, entities=[])).text == means


class TestGroups:
    def test_only_what_is_said_to_the_bot_is_heard(self):
        assert arrived(message("the invoices are late")) is None
        assert arrived(message("@finance_bot the invoices")).text == "the invoices"
        assert arrived(message("the invoices, @Finance_Bot")).text == "the invoices,"
        assert arrived(message("@other_bot12 the invoices")) is None
        assert arrived(message("/status")).text == "status"
        assert arrived(message("/status@other_bot")) is None

    def test_an_answer_to_the_bot_is_heard_and_one_to_others_is_not(self):
        assert arrived(message("yes", reply_to_message={"message_id": 6, "from": ME})).about == "6"
        assert arrived(message("yes", reply_to_message={"message_id": 6, "from": PERSON})) is None

    def test_a_mention_by_id_counts_where_the_bot_has_no_name_for_itself_yet(self):
        entities = [{"type": "text_mention", "offset": 0, "length": 7, "user": ME}]
        nameless = wired(SECRETS)
        assert arrived(message("Finance status", entities=entities), nameless).text == "status"
        assert arrived(message("@finance_bot status"), nameless) is None

    def test_mentions_are_cut_where_telegram_counts_them(self):
        text = "😀😀 @finance_bot 😀 go"
        entities = [{"type": "mention", "offset": 5, "length": 12}]
        assert arrived(message(text, entities=entities)).text == "😀😀  😀 go"

    @pytest.mark.parametrize(
        "entity",
        [
            {}, 5, None, {"type": "mention"}, {"type": "mention", "offset": "0", "length": 3},
            {"type": "mention", "offset": -3, "length": 99999}, {"type": "text_mention", "offset": 0, "length": 1},
        ],
    )  # fmt: skip
    def test_wrong_entities_are_no_mentions(self, entity):
        assert arrived(message("hello", entities=[entity])) is None

    def test_a_topic_of_a_forum_is_a_dialog_of_its_own(self):
        it = arrived(message("/status", is_topic_message=True, message_thread_id=42))
        assert it.dialog == "-1001914618483:42"
        assert arrived(message("/status", message_thread_id=42)).dialog == "-1001914618483"  # a mere chain of answers

    def test_the_message_that_opened_a_topic_makes_nobody_answer_the_bot(self):
        opened = {"message_id": 42, "from": ME, "forum_topic_created": {"name": "Invoices"}}
        assert arrived(message("chat", is_topic_message=True, message_thread_id=42, reply_to_message=opened)) is None

    def test_channels_are_not_heard(self):
        assert arrived(message("/status", {"id": -1002, "type": "channel", "title": "News"})) is None


class TestBots:
    @pytest.mark.parametrize(
        "change",
        [{"from": ME}, {"from": {**PERSON, "is_bot": True}}, {"via_bot": ME}, {"sender_chat": GROUP}],
        ids=["itself", "another", "by way of one", "the group itself"],
    )
    def test_what_no_person_said_is_marked(self, change):
        assert arrived(message("/status", **change)).is_from_bot


class TestRefusing:
    @pytest.mark.parametrize("secret", ["", "short", "with spaces in it 123", "x" * 257, "ключ" * 8])
    def test_everything_is_refused_without_a_good_secret(self, secret):
        for given_secret in ("", secret, SECRET):
            with pytest.raises(Refused) as caught:
                receive(payload("message"), {HEADER: given_secret}, wired({"token": TOKEN, "webhook_secret": secret}))
            assert caught.value.status == 401

    @pytest.mark.parametrize(
        "given_secret", ["", SECRET[:-1], SECRET + "x", SECRET.upper(), f" {SECRET}", "ü", "\udc80"]
    )
    def test_a_wrong_secret_is_refused(self, given_secret):
        with pytest.raises(Refused):
            receive(payload("message"), {HEADER: given_secret})
        with pytest.raises(Refused):
            receive(payload("message"), {})

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{", b"\xff", b"[" * 200_000, b"{}", b'{"update_id": true}', b'{"update_id": "\\u0000"}']
    )
    def test_what_is_no_update_is_refused(self, body):
        with pytest.raises(Refused) as caught:
            receive(body)
        assert caught.value.status == 400

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(data=st.data())
    def test_bent_updates_are_refused_or_understood_and_nothing_else(self, data):
        body = data.draw(mutated(payload(data.draw(st.sampled_from(ARRIVING)))))
        try:
            found = arrived(body)
        except Refused as error:
            assert error.status == 400
        else:
            assert found is None or (found.dialog and found.sender and found.text.encode() is not None)


class TestPolling:
    def test_news_arrive_once_and_what_is_acknowledged_is_forgotten(self, api, reached):
        api.happens(payload("message"))
        api.happens(payload("callback_query"))
        first = TELEGRAM.poll(reached, "", seconds=0)
        assert [each.kind for each in first.arrived] == ["message", "button"]
        assert TELEGRAM.poll(reached, "", seconds=0).arrived == first.arrived  # nobody said that they were kept
        second = TELEGRAM.poll(reached, first.cursor, seconds=0)
        assert (second.arrived, second.cursor) == ([], first.cursor)

    def test_a_pressed_button_is_answered_even_when_it_comes_twice(self, api, reached):
        api.happens(payload("callback_query"))
        for _ in range(2):
            TELEGRAM.poll(reached, "", seconds=0)
        assert api.answered == ["4382bfdwdsb323b2d9"]

    def test_a_look_waits_for_news(self, api, reached):
        thread = Thread(target=lambda: (time.sleep(0.3), api.happens(payload("message"))))
        thread.start()
        started = time.monotonic()
        assert TELEGRAM.poll(reached, "", seconds=20).arrived
        assert time.monotonic() - started < 10
        thread.join()

    def test_an_update_that_cannot_be_read_does_not_hold_up_the_next(self, api, reached):
        api.happens({"message": {"message_id": 1, "from": 5, "chat": PRIVATE, "text": "x"}})
        api.happens(payload("message"))
        polled = TELEGRAM.poll(reached, "", seconds=0)
        assert (len(polled.arrived), polled.cursor) == (1, "10002")

    @pytest.mark.parametrize("cursor", ["", "nonsense", "٣", "-5"])
    def test_a_cursor_that_is_none_begins_at_the_oldest(self, api, reached, cursor):
        api.happens(payload("message"))
        assert len(TELEGRAM.poll(reached, cursor, seconds=0).arrived) == 1

    def test_nobody_asks_where_telegram_calls(self, api):
        polled = TELEGRAM.poll(wired(SECRETS, api_url=api.url, mode="webhook"), "7", seconds=20)
        assert (polled.arrived, polled.cursor) == ((), "7")
        assert polled.wait >= 60
        assert not api.requests

    def test_an_active_webhook_says_what_to_do(self, api, reached):
        api.webhook = {"url": "https://elsewhere.example/"}
        with pytest.raises(PlatformError, match="Install") as caught:
            TELEGRAM.poll(reached, "", seconds=0)
        assert caught.value.retry_after


class TestSetUp:
    def test_the_test_button_says_who_we_are_and_what_is_missing(self, api, reached):
        assert TELEGRAM.check(reached) == "I am @finance_bot on Telegram."
        hooked = wired(SECRETS, api_url=api.url, mode="webhook")
        assert "no webhook yet" in TELEGRAM.check(hooked)
        api.webhook = {
            "url": hooked.hook_url,
            "last_error_message": "Wrong response from the webhook: 401 Unauthorized",
        }
        assert "401 Unauthorized" in TELEGRAM.check(hooked)

    def test_installing_for_webhooks_registers_the_address_the_secret_and_the_commands(self, api):
        wiring = wired({"token": TOKEN}, api_url=api.url, mode="webhook")
        for _ in range(2):
            made = TELEGRAM.install(wiring)
            wiring = wired({**wiring.secrets, **made["secrets"]}, api_url=api.url, mode="webhook", **made["settings"])
        assert api.webhook["url"] == wiring.hook_url
        assert api.webhook["secret_token"] == wiring.secrets["webhook_secret"]
        assert set(api.webhook["allowed_updates"]) == {"message", "callback_query", "my_chat_member"}
        assert wiring.settings["username"] == "finance_bot"
        assert {each["command"] for each in api.commands} >= {"help", "status"}
        assert arrived_by(wiring, api.webhook["secret_token"])

    def test_installing_again_keeps_the_secret_that_is_there(self, api, reached):
        assert TELEGRAM.install(reached)["secrets"]["webhook_secret"] == SECRET

    def test_installing_for_polling_takes_a_webhook_away(self, api, reached):
        api.webhook = {"url": "https://elsewhere.example/"}
        TELEGRAM.install(reached)
        api.happens(payload("message"))
        assert TELEGRAM.poll(reached, "", seconds=0).arrived

    def test_uninstalling_may_be_repeated(self, api, reached):
        TELEGRAM.install(reached)
        for _ in range(2):
            TELEGRAM.uninstall(reached)
        assert (api.webhook, api.commands) == ({}, [])

    def test_the_guide_names_this_connection_s_own_address(self):
        assert any(WIRED.hook_url in step for step in TELEGRAM.guide(WIRED))
        assert any("https://t.me/finance_bot" in step for step in TELEGRAM.guide(WIRED))
        assert TELEGRAM.guide(wired({}))


def arrived_by(wiring, secret):
    return TELEGRAM.receive(wiring, hook(json.dumps(payload("message")).encode(), {HEADER: secret})).arrived
