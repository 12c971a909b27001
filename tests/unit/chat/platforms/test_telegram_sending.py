"""Telegram: messages, edits and documents leave, whatever stands in them and whatever becomes of the chat."""

import json
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.chat.content import Button, Content, Link, Row
from apps.chat.platforms.contract import PlatformError
from apps.chat.platforms.fitting import MISSING
from apps.chat.platforms.telegram import Telegram
from tests.platforms import telegram as other
from tests.platforms.loopback import RESET, Given, closed_port
from tests.platforms.telegram import GROUP, ME, PRIVATE, TOKEN, payload
from tests.unit.chat.platforms.hooks import wired

TELEGRAM = Telegram()
SECRETS = {"token": TOKEN}
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
            "Invoices 😀\n\nShall I?\n\n▰▰▰▰▱▱▱▱▱▱ 45 %\n\nYear: 2023 (last year)\n\nas usual\n\nTask: https://c.example/1"
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

    def test_a_media_type_that_is_none_is_not_passed_on(self, api, reached):
        TELEGRAM.send_file(reached, CHAT, "a", 'text/plain\r\nX: y\r\n\r\n"', b"x", key="k")
        assert api.files == [("a", "application/octet-stream", b"x")]

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
