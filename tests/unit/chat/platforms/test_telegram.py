"""Telegram: updates in, by webhook or by polling; messages, edits and documents out."""

import json
import logging
import time
from datetime import UTC, datetime
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.chat.content import Button, Content, Link, Row
from apps.chat.people import code_in
from apps.chat.platforms.contract import PlatformError, Refused
from apps.chat.platforms.fitting import MISSING
from apps.chat.platforms.telegram import Telegram
from tests.platforms import telegram as other
from tests.platforms.loopback import RESET, Given, closed_port
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
CHAT = str(PRIVATE["id"])
TEXTS = st.text(max_size=300) | st.sampled_from([" ", "a ", " a", "\n", "\u200b", "😀"])
CONTENTS = st.builds(
    Content,
    title=TEXTS,
    text=TEXTS,
    notes=st.lists(TEXTS, max_size=3),
    rows=st.lists(st.builds(Row, label=TEXTS, value=TEXTS, note=TEXTS), max_size=3),
    buttons=st.lists(st.builds(Button, label=TEXTS, value=st.text(min_size=1, max_size=60)), max_size=4),
)


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


class TestSending:
    def test_a_content_has_bold_labels_a_bar_and_its_buttons(self, api, reached):
        content = Content(
            title=" Invoices 😀 ", text="Shall I?", percent=45, rows=[Row(label="Year", value="2023", note="last year")],
            notes=["as usual"], links=[Link(label="Task", url="https://c.example/1")],
            buttons=[Button(label="Start", value="yes:1"), Button(label="No", value="no:1")],
        )  # fmt: skip
        assert TELEGRAM.send(reached, CHAT, content, key="k") == "1"
        [shown] = api.messages
        assert shown["text"] == (
            "Invoices 😀\n\nShall I?\n\n▰▰▰▰▱▱▱▱▱▱\n\nYear: 2023 (last year)\n\nas usual\n\nTask: https://c.example/1"
        )
        assert [styled(shown, entity) for entity in shown["entities"]] == [
            "Invoices 😀",
            "Year:",
            " (last year)",
            "as usual",
        ]
        assert shown["keyboard"] == [
            [{"text": "Start", "callback_data": "yes:1"}, {"text": "No", "callback_data": "no:1"}]
        ]

    @pytest.mark.parametrize(
        "text",
        [
            "<b>x</b>",
            "*x* _y_ `z`",
            "[a](tg://user?id=1)",
            "```\nx\n```",
            "\\_x\\_",
            "&lt;b&gt;",
            "/delete_all",
            "||x||",
        ],
    )
    def test_markup_comes_out_as_it_is(self, api, reached, text):
        TELEGRAM.send(reached, CHAT, Content(text=text, rows=[Row(label=text, value=text)]), key="k")
        [shown] = api.messages
        assert shown["text"] == f"{text}\n\n{text}: {text}"
        assert [entity["type"] for entity in shown["entities"]] == ["bold"]

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(content=CONTENTS)
    def test_any_content_is_taken(self, api, reached, content):
        assert TELEGRAM.send(reached, CHAT, content, key="k").isdigit()

    def test_a_text_that_is_too_long_is_cut_and_says_so(self, api, reached):
        TELEGRAM.send(reached, CHAT, Content(text="😀 " * 5000), key="k")
        assert api.shown[0].endswith(MISSING)

    def test_buttons_that_telegram_cannot_carry_are_offered_as_words(self, api, reached):
        buttons = [Button(label="Ja", value="ü" * 40), *(Button(label=f"{n}", value=f"{n}") for n in range(40))]
        TELEGRAM.send(reached, CHAT, Content(text="Which?", buttons=buttons), key="k")
        assert "Or write: Ja" in api.shown[0]
        assert "Or write: 39" in api.shown[0]
        assert sum(map(len, api.messages[0]["keyboard"])) == 29

    def test_long_labels_stand_below_each_other(self, api, reached):
        buttons = [Button(label=f"{n} a rather long label", value=f"{n}") for n in range(3)]
        TELEGRAM.send(reached, CHAT, Content(text="Which?", buttons=buttons), key="k")
        assert [len(row) for row in api.messages[0]["keyboard"]] == [1, 1, 1]

    def test_an_answer_in_a_group_refers_to_what_it_answers_and_stays_in_its_topic(self, api, reached):
        TELEGRAM.send(reached, f"{GROUP['id']}:42", Content(text="Done"), key="k", about="10")
        assert (api.messages[0]["topic"], api.messages[0]["reply"]["message_id"]) == (42, 10)
        TELEGRAM.send(reached, CHAT, Content(text="Done"), key="k", about="10")
        assert api.messages[1]["reply"] is None

    def test_a_message_is_edited_in_its_place_and_loses_its_buttons(self, api, reached):
        number = TELEGRAM.send(reached, CHAT, Content(text="10 %", buttons=[Button(label="Stop", value="s")]), key="k")
        TELEGRAM.edit(reached, CHAT, number, Content(text="20 %"))
        assert (api.shown, api.messages[0]["keyboard"]) == (["20 %"], [])

    def test_an_edit_that_changes_nothing_is_fine(self, api, reached):
        number = TELEGRAM.send(reached, CHAT, Content(text="10 %"), key="k")
        TELEGRAM.edit(reached, CHAT, number, Content(text="10 %"))
        assert api.shown == ["10 %"]

    def test_a_file_is_a_document_with_its_name(self, api, reached):
        data = bytes(range(256)) * 100
        TELEGRAM.send_file(reached, CHAT, 'Ren"dite\r\nÜbersicht.pdf', "application/pdf", data, key="k")
        [(name, media_type, sent)] = api.files
        assert (sent, media_type) == (data, "application/pdf")
        assert "Übersicht.pdf" in name

    def test_a_file_that_is_too_large_is_not_sent(self, api, reached):
        with pytest.raises(PlatformError, match="50 MB"):
            TELEGRAM.send_file(reached, CHAT, "a", "text/plain", bytes(50_000_001), key="k")
        assert not api.requests


class TestSupergroups:
    def test_posts_to_a_group_that_moved_arrive_where_it_went_and_can_be_edited_there(self, api, reached):
        api.moved["-55"] = -1009
        number = TELEGRAM.send(reached, "-55:3", Content(text="10 %"), key="k", about="9")
        assert number == "-1009:1"
        TELEGRAM.edit(reached, "-55:3", number, Content(text="20 %"))
        assert (api.shown, api.messages[0]["chat"]["id"], api.messages[0]["topic"]) == (["20 %"], -1009, None)

    def test_files_follow_too(self, api, reached):
        api.moved["-55"] = -1009
        assert TELEGRAM.send_file(reached, "-55", "a.txt", "text/plain", b"x", key="k") == "-1009:1"

    def test_what_was_said_before_the_move_stays_as_it_was(self, api, reached):
        api.moved["-55"] = -1009
        with pytest.raises(PlatformError) as caught:
            TELEGRAM.edit(reached, "-55", "1", Content(text="20 %"))
        assert caught.value.is_permanent


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

    def test_an_active_webhook_says_what_to_do(self, api, reached):
        api.webhook = {"url": "https://elsewhere.example/"}
        with pytest.raises(PlatformError, match="Install") as caught:
            TELEGRAM.poll(reached, "", seconds=0)
        assert caught.value.retry_after


class TestErrors:
    def failed(self, wiring, dialog=CHAT) -> PlatformError:
        with pytest.raises(PlatformError) as caught:
            TELEGRAM.send(wiring, dialog, Content(text="hello"), key="k")
        assert TOKEN not in str(caught.value)
        return caught.value

    def test_documented_errors_say_whether_to_ask_again(self, api, reached):
        expected = {
            "error_400_no_message": (True, None, False), "error_401": (True, None, False), "error_403": (True, None, False),
            "error_409": (False, 15, False), "error_429": (False, 17, False),
        }  # fmt: skip
        for name, outcome in expected.items():
            body = payload(name)
            api.faults = [Given(status=body["error_code"], body=json.dumps(body).encode())]
            error = self.failed(reached)
            assert (error.is_permanent, error.retry_after, error.is_unsure) == outcome, name

    def test_a_person_who_blocked_the_bot_is_not_asked_again(self, api, reached):
        api.blocked = {CHAT}
        assert self.failed(reached).is_permanent

    def test_a_wait_that_is_no_number_is_a_short_one_and_a_long_one_is_bounded(self, api, reached):
        for wait, seconds in (("soon", 15), (10**9, 3600), (None, 15)):
            body = {**payload("error_429"), "parameters": {"retry_after": wait}}
            api.faults = [Given(status=429, body=json.dumps(body).encode())]
            assert self.failed(reached).retry_after == seconds

    def test_after_a_broken_connection_and_a_failure_of_theirs_it_is_unsure(self, api, reached):
        api.faults = [RESET, Given(status=502, body=b"<html>Bad Gateway</html>"), Given(status=200, body=b"<html>")]
        api.faults.append(Given(status=500, body=b'{"ok": false, "error_code": 500, "description": "Internal"}'))
        for _ in range(4):
            error = self.failed(reached)
            assert (error.is_unsure, error.is_permanent) == (True, False)

    def test_where_nobody_listens_it_is_sure(self):
        error = self.failed(wired(SECRETS, api_url=f"http://127.0.0.1:{closed_port()}"))
        assert (error.is_unsure, error.is_permanent) == (False, False)

    @pytest.mark.parametrize("token", ["", "nonsense", "1:../../x", "123456:ABC def", "12:" + "x" * 200])
    def test_nothing_is_sent_with_what_is_no_token(self, api, token):
        assert self.failed(wired({"token": token}, api_url=api.url)).is_permanent
        assert not api.requests

    def test_a_wrong_token_says_where_to_get_the_right_one(self, api):
        with pytest.raises(PlatformError, match="@BotFather") as caught:
            TELEGRAM.check(wired({"token": TOKEN[:-1] + "X"}, api_url=api.url))
        assert caught.value.is_permanent

    @pytest.mark.parametrize(
        "result", [b'{"ok": true}', b'{"ok": true, "result": []}', b'{"ok": true, "result": {"message_id": "x"}}']
    )
    def test_an_answer_that_is_not_documented_is_an_error(self, api, reached, result):
        api.faults = [Given(body=result)]
        self.failed(reached)

    def test_the_token_stays_out_of_the_logs(self, api, reached, caplog):
        with caplog.at_level(logging.DEBUG, logger="chantilly"):
            api.faults = [RESET]
            self.failed(reached)
            TELEGRAM.send(reached, CHAT, Content(text="hello"), key="k")
        assert TOKEN not in caplog.text
        assert "token" not in repr(reached)


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


class TestLoopback:
    """The loopback server speaks as the documented payloads do."""

    def test_its_answers_have_the_documented_fields(self, api, reached):
        TELEGRAM.check(reached)
        TELEGRAM.send(reached, CHAT, Content(text="Done"), key="k")
        assert ME.keys() <= payload("getMe")["result"].keys()
        assert {"message_id", "from", "chat", "date", "text"} <= api.messages[0].keys() & payload("sendMessage")[
            "result"
        ].keys()

    def test_its_refusals_are_the_documented_ones(self, api):
        for body, refusal in (
            (payload("error_401"), other.Refusal(401, "Unauthorized")),
            (
                payload("error_400_migrated"),
                other.Refusal(400, payload("error_400_migrated")["description"], migrate_to_chat_id=-123456789),
            ),
        ):
            assert refusal.body == body


def styled(message: dict, entity: dict) -> str:
    units = message["text"].encode("utf-16-le")
    return units[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")


def arrived_by(wiring, secret):
    return TELEGRAM.receive(wiring, hook(json.dumps(payload("message")).encode(), {HEADER: secret})).arrived
