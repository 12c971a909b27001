"""Microsoft Teams: people mention an outgoing webhook in a channel, and read the answer; news come by a workflow."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.chat.content import Button, Content, Link, Row
from apps.chat.platforms.contract import PlatformError, Refused
from apps.chat.platforms.fitting import MISSING
from apps.chat.platforms.teams import Teams
from tests.platforms import teams as other
from tests.platforms.loopback import RESET, Given, closed_port
from tests.platforms.mutated import mutated
from tests.platforms.teams import CHANNEL, KEY, LINK, payload, shown
from tests.unit.chat.platforms.hooks import hook, wired

TEAMS = Teams()
WIRED = wired({"key": KEY})
THEN = datetime(2017, 2, 1, 21, 11, tzinfo=UTC)
"""A minute after the documented payloads."""
DIALOG = f"{CHANNEL};messageid=1485983194839"
TEXTS = st.text(max_size=2000)


@pytest.fixture
def workflow():
    with other.serving() as serving:
        yield serving


@pytest.fixture
def reached(workflow):
    return wired({"key": KEY, "workflow_url": workflow.address}, workflow_channel=LINK)


def receive(body, headers=None, wiring=WIRED, now=None):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return TEAMS.receive(wiring, hook(body, other.signed(body) if headers is None else headers, now=now))


def arrived(body, **more):
    [found] = receive(body, **more).arrived
    return found


def refused(*given, **more) -> Refused:
    with pytest.raises(Refused) as caught:
        receive(*given, **more)
    return caught.value


class TestReceiving:
    def test_a_documented_message_of_a_channel_arrives_without_the_mention(self):
        it = arrived(payload("channel"), now=THEN)
        assert (it.text, it.dialog, it.dialog_kind) == ("invoice report for 2023", DIALOG, "group")
        assert (it.sender, it.sender_name) == ("7faf8ab2-3d56-4244-b585-20c8a42ed2b8", "Megan Bowen")
        assert (it.event_id, it.message_id) == (f"{DIALOG}/1485983408511", "1485983408511")
        assert (it.locale, it.at, it.is_from_bot) == ("de-DE", datetime(2017, 2, 1, 21, 10, 7, 437000, UTC), False)

    def test_a_documented_personal_message_arrives(self):
        it = arrived(payload("personal"), now=THEN)
        assert (it.text, it.dialog_kind, it.locale) == ("Hello Teams TestBot", "private", "en-US")

    def test_somebody_without_a_directory_is_known_by_the_other_id(self):
        document = payload("channel")
        del document["from"]["aadObjectId"]
        assert arrived(document, now=THEN).sender == document["from"]["id"]

    def test_other_activities_are_taken_and_left(self):
        assert receive({**payload("channel"), "type": "conversationUpdate"}).arrived == ()

    @pytest.mark.parametrize(
        ("html", "text"),
        [
            ("<div>a &lt;b&gt; &amp;amp; c</div>", "a <b> &amp; c"),
            ("<p>one</p><p>two<br/>three</p>", "one\ntwo\nthree"),
            ("<b>bold</b> <a href='https://x.example/?a=\"b\"'>link</a>", "bold link"),
            ("approve for <at>Ada &amp; Bob</at>", "approve for @Ada & Bob"),
            ("a < b and c > d", "a < b and c > d"),
            ("&lt;at&gt;Finance bot&lt;/at&gt;", "<at>Finance bot</at>"),
            ("x\x00y", "x␀y"),
            ("", ""),
        ],
    )
    def test_html_becomes_what_was_written(self, html, text):
        assert arrived(other.mentioned(html)).text == text

    def test_a_mention_further_on_stays_a_name(self):
        body = json.loads(other.mentioned("")) | {"text": "<div>ask <at>Finance bot</at> about it</div>"}
        assert arrived(body).text == "ask @Finance bot about it"

    def test_what_bots_wrote_is_marked(self):
        for sender in ({"id": "28:9e52142b"}, {"id": "29:1", "role": "bot"}):
            document = {**payload("channel"), "from": sender}
            assert arrived(document, now=THEN).is_from_bot

    @pytest.mark.parametrize(
        "piece", ["<", "<at>", "<at", "&", "&#", "<!--", "<a b='", "</at>", "<at></at>", "\n", "<br>"]
    )
    def test_no_text_takes_long_to_read(self, piece):
        body = other.mentioned(piece * (250_000 // len(piece)))
        started = time.perf_counter()
        arrived(body)
        assert time.perf_counter() - started < 1


class TestRefusing:
    @pytest.mark.parametrize("key", ["", "AAAA", "not base64!", KEY[:-1], "ключ"])
    def test_everything_is_refused_without_a_good_key(self, key):
        body = other.mentioned("hello")
        for headers in ({}, other.signed(body), other.signed(body, "AAAA"), {"Authorization": "HMAC "}):
            assert refused(body, headers, wired({"key": key})).status == 401

    @pytest.mark.parametrize(
        "bend",
        [
            lambda value: "",
            lambda value: "HMAC",
            lambda value: value[5:],
            lambda value: value.replace("HMAC", "Bearer"),
            lambda value: value.replace("HMAC", "hmac"),
            lambda value: value[:-1],
            lambda value: value[:9] + ("A" if value[9] != "A" else "B") + value[10:],
            lambda value: "HMAC " + base64.b64decode(value[5:]).hex(),
            lambda value: value + "é",
            lambda value: value + "\udc80",
        ],
        ids=range(10),
    )
    def test_a_bent_signature_is_refused(self, bend):
        body = other.mentioned("hello")
        value = other.signed(body)["Authorization"]
        assert refused(body, {"Authorization": bend(value)}).status == 401
        assert receive(body, {"Authorization": value}).arrived

    def test_an_altered_byte_a_cut_and_another_encoding_are_refused(self):
        body = other.mentioned("pay 100 to Zoë")
        for bent in (body.replace(b"100", b"900"), body[:-1], body + b"\n", body.decode().encode("utf-16")):
            assert refused(bent, other.signed(body)).status == 401

    def test_a_recording_is_refused_though_it_is_signed(self):
        for minutes in (-16, 16):
            body = other.mentioned("pay", at=datetime.now(UTC) + timedelta(minutes=minutes))
            assert "15 minutes" in refused(body).message

    @pytest.mark.parametrize(
        "timestamp", [None, "", "yesterday", "2026-11-22T10:00:00", 5, "0001-01-01T00:00:00+23:59"]
    )
    def test_a_message_without_its_moment_is_refused(self, timestamp):
        assert refused(other.mentioned("pay", timestamp=timestamp)).status in (400, 401)

    @pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 200_000, b'{"type": "message"}'])
    def test_what_is_no_activity_is_refused(self, body):
        assert refused(body).status == 400

    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(data=st.data())
    def test_bent_activities_are_refused_or_understood_and_nothing_else(self, data):
        body = data.draw(mutated(payload(data.draw(st.sampled_from(["channel", "personal"])))))
        try:
            found = receive(body, now=THEN).arrived
        except Refused as error:
            assert error.status in (400, 401)
        else:
            assert all(each.dialog and each.sender and each.text.encode() is not None for each in found)


class TestAnswering:
    def reply(self, content: Content) -> list[str]:
        answer = TEAMS.reply(WIRED, content)
        assert answer.content_type.startswith("application/json")
        return shown(answer.body)

    def test_a_content_is_a_card_whose_buttons_are_numbers(self):
        content = Content(
            title="Invoices", text="Shall I?\n\nReally?\nYes?", percent=45, notes=["as usual"],
            rows=[Row(label="Year", value="2023", note="last year"), Row(label="Empty", value="")],
            links=[Link(label="Task", url="https://c.example/1")],
            buttons=[Button(label="Start", value="yes:1"), Button(label="No", value="no:1")],
        )  # fmt: skip
        assert self.reply(content) == [
            "Invoices", "Shall I?", "Really?", "Yes?", "▰▰▰▰▱▱▱▱▱▱ 45 %", "Year: 2023 (last year)", "Empty: ", "as usual",
            "Task: https://c.example/1", "1. Start", "2. No", "@Finance bot 1",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "text",
        [
            "**x** __y__",
            "[a](https://evil.example)",
            "<at>Ada</at>",
            "<b>x</b>",
            "# x",
            "1. x",
            "&lt;",
            "\\*",
            "${x}",
            "@{x}",
        ],
    )
    def test_markup_comes_out_as_it_is(self, text):
        content = Content(title=text, text=text, rows=[Row(label=text, value=text, note=text)], notes=[text])
        assert self.reply(content) == [text, text, f"{text}: {text} ({text})", text]

    def test_functions_of_dates_come_out_as_text(self):
        assert "DATE" in self.reply(Content(text="{{DATE(2017-02-14T06:08:00Z,SHORT)}}"))[0]

    def test_a_link_that_is_none_cannot_be_opened(self):
        assert self.reply(Content(links=[Link(label="x", url="javascript:alert(1)")])) == ["x: javascript:alert(1)"]

    def test_a_text_that_is_too_long_is_cut_and_says_so(self):
        assert self.reply(Content(text="wörter " * 5000))[-1] == MISSING

    def test_many_small_rows_fit_into_what_teams_takes(self):
        lines = self.reply(Content(rows=[Row(label="a", value="b")] * 2000, text="😀" * 100))
        assert lines[-1] == MISSING

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(content=st.builds(Content, title=TEXTS, text=TEXTS, notes=st.lists(TEXTS, max_size=3)))
    def test_any_content_is_shown(self, content):
        assert self.reply(content)


class TestSending:
    def test_news_are_posted_to_the_workflow_s_channel(self, workflow, reached):
        assert TEAMS.send(reached, DIALOG, Content(text="Done"), key="in:1:0") == "in:1:0"
        assert workflow.posts == [["Done"]]

    def test_what_was_asked_in_another_channel_is_not_told_there(self, workflow, reached):
        for dialog in ("19:another@thread.tacv2;messageid=1", "a:personal", "", f"x{CHANNEL}"):
            with pytest.raises(PlatformError) as caught:
                TEAMS.send(reached, dialog, Content(text="secret"), key="k")
            assert caught.value.is_permanent
        assert not workflow.requests

    def test_without_a_channel_nothing_is_posted(self, workflow):
        for channel in ("", "General", "https://teams.microsoft.com/l/team/x"):
            wiring = wired({"key": KEY, "workflow_url": workflow.address}, workflow_channel=channel)
            with pytest.raises(PlatformError):
                TEAMS.send(wiring, DIALOG, Content(text="secret"), key="k")
        assert not workflow.requests

    def test_without_a_workflow_it_only_answers(self):
        with pytest.raises(PlatformError, match="only answers") as caught:
            TEAMS.send(WIRED, DIALOG, Content(text="Done"), key="k")
        assert caught.value.is_permanent

    def failed(self, reached) -> PlatformError:
        with pytest.raises(PlatformError) as caught:
            TEAMS.send(reached, DIALOG, Content(text="Done"), key="k")
        assert "sig=" not in str(caught.value)
        return caught.value

    def test_errors_say_whether_to_ask_again(self, workflow, reached):
        for status, outcome in (
            (400, (True, None, False)), (401, (False, None, False)), (404, (False, None, False)),
            (429, (False, 17, False)), (502, (False, None, True)), (302, (False, None, False)),
        ):  # fmt: skip
            workflow.faults = [Given(status=status, headers={"Retry-After": "17"})]
            error = self.failed(reached)
            assert (error.is_permanent, error.retry_after, error.is_unsure) == outcome, status

    def test_after_a_broken_connection_it_is_unsure_and_where_nobody_listens_it_is_sure(self, workflow, reached):
        workflow.faults = [RESET]
        assert self.failed(reached).is_unsure
        gone = f"http://127.0.0.1:{closed_port()}/?sig=x"
        assert not self.failed(wired({"key": KEY, "workflow_url": gone}, workflow_channel=CHANNEL)).is_unsure

    def test_the_workflow_s_address_is_https(self, settings):
        settings.CHAT_PRIVATE_NETWORKS = ["10.0.0.0/8"]
        assert "https" in str(
            self.failed(wired({"key": KEY, "workflow_url": "http://10.0.0.1/"}, workflow_channel=CHANNEL))
        )

    def test_messages_cannot_be_changed_and_files_not_sent(self, reached):
        for act in (
            lambda: TEAMS.edit(reached, DIALOG, "m", Content(text="x")),
            lambda: TEAMS.send_file(reached, DIALOG, "a", "text/plain", b"x", key="k"),
            lambda: TEAMS.poll(reached, "", seconds=0),
        ):
            with pytest.raises(PlatformError) as caught:
                act()
            assert caught.value.is_permanent


class TestSetUp:
    def test_the_test_button_says_what_is_missing(self, reached):
        assert "only answers" in TEAMS.check(WIRED)
        assert "that channel" in TEAMS.check(reached)
        with pytest.raises(PlatformError, match="channel"):
            TEAMS.check(wired({"key": KEY, "workflow_url": "https://x.example/"}))
        with pytest.raises(PlatformError, match="security token"):
            TEAMS.check(wired({"key": "nonsense"}))

    def test_the_guide_names_this_connection_s_own_values(self):
        steps = " ".join(TEAMS.guide(WIRED))
        assert "link them to their user" in steps and "code" not in steps, (
            "all of it is said to a group, which burns codes"
        )
        assert WIRED.hook_url in steps
        assert "Finance bot" in steps


class TestLoopback:
    """Teams' side of the tests shows the documented answers as the documents say."""

    def test_the_documented_answers_are_shown(self):
        assert shown(json.dumps(payload("answer_text")).encode()) == ["This is a reply!"]
        assert shown(json.dumps(payload("answer_card")).encode())[0] == "Request sent by: Megan"

    def test_markdown_would_be_seen_and_actions_refused(self):
        block = {"type": "TextBlock", "text": "**x**"}
        card = {
            "type": "message",
            "attachments": [{"contentType": other.CARD, "content": {"type": "AdaptiveCard", "body": [block]}}],
        }
        assert shown(json.dumps(card).encode()) == ["<marked up>x<marked up>"]
        run = {"type": "TextRun", "text": "x", "selectAction": {"type": "Action.Submit"}}
        card["attachments"][0]["content"]["body"] = [{"type": "RichTextBlock", "inlines": [run]}]
        with pytest.raises(other.Refused):
            shown(json.dumps(card).encode())
