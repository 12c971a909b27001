"""The generic webhook: other programs talk to us by signed JSON, whoever they are."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.chat.content import Button, Content, Link, Row
from apps.chat.platforms import outward, signing
from apps.chat.platforms.contract import MAX_TEXT, PlatformError, Refused
from apps.chat.platforms.webhook import Webhook
from tests.platforms import webhook as other
from tests.platforms.loopback import RESET, Given, closed_port
from tests.platforms.mutated import mutated
from tests.unit.chat.platforms.hooks import hook, wired

WEBHOOK = Webhook()
WIRED = wired({"secret": other.SECRET})
FULL = {
    "id": "e-1", "kind": "message", "dialog": "d-1", "dialog_kind": "group", "dialog_title": "Accounts", "sender": "u-1",
    "sender_name": "Ada", "is_from_bot": False, "text": "hello", "message_id": "m-1", "about": "m-0", "locale": "en",
    "at": "2026-11-22T09:00:00Z",
}  # fmt: skip


@pytest.fixture
def program():
    with other.serving() as serving:
        yield serving


@pytest.fixture
def reached(program):
    return wired({"secret": other.SECRET}, url=f"{program.url}/said")


def receive(body: bytes, headers=None, wiring=WIRED, **more):
    return WEBHOOK.receive(wiring, hook(body, other.signed(body) if headers is None else headers, **more))


def refused(body: bytes, headers=None, wiring=WIRED, **more) -> Refused:
    with pytest.raises(Refused) as caught:
        receive(body, headers, wiring, **more)
    return caught.value


class TestReceiving:
    def test_a_signed_message_arrives_with_all_that_it_says(self):
        [arrived] = receive(json.dumps(FULL).encode()).arrived
        assert (arrived.event_id, arrived.dialog, arrived.dialog_kind, arrived.sender) == ("e-1", "d-1", "group", "u-1")
        assert (arrived.text, arrived.message_id, arrived.about, arrived.sender_name) == ("hello", "m-1", "m-0", "Ada")
        assert arrived.at == datetime(2026, 11, 22, 9, tzinfo=UTC)

    def test_a_pressed_button_arrives_with_its_value(self):
        body = json.dumps({"id": "e", "kind": "button", "dialog": "d", "sender": "u", "button": "yes:1", "about": "m"})
        [arrived] = receive(body.encode()).arrived
        assert (arrived.kind, arrived.button, arrived.about) == ("button", "yes:1", "m")

    def test_two_who_name_the_same_private_dialog_have_one_each_and_a_group_has_one(self):
        def dialog(sender, kind):
            body = json.dumps({"id": "e", "dialog": "d", "sender": sender, "text": "hi", "dialog_kind": kind})
            [arrived] = receive(body.encode()).arrived
            return arrived.dialog

        assert dialog("ada", "private") == dialog("ada", "private") != dialog("bob", "private")
        assert dialog("ada", "group") == dialog("bob", "group") == "d"
        assert "d" not in (dialog("ada", "private"), dialog("bob", "private"))

    @pytest.mark.parametrize("length", [199, 200])
    def test_ids_of_a_private_dialog_that_are_too_long_together_are_refused_and_never_cut(self, length):
        body = json.dumps({"id": "e", "dialog": "d" * (length - 100), "sender": "u" * 100, "text": "hi"}).encode()
        if length == 199:
            [arrived] = receive(body).arrived
            assert len(arrived.dialog) == 200
        else:
            assert "199 characters together" in refused(body).message

    def test_what_a_bot_wrote_is_marked(self):
        [arrived] = receive(other.said("hello", is_from_bot=True)).arrived
        assert arrived.is_from_bot

    def test_the_previous_secret_is_accepted_while_it_changes(self):
        body = other.said("hello")
        changing = wired({"secret": "new" * 10, "previous_secret": other.SECRET})
        assert receive(body, wiring=changing).arrived
        assert receive(body, other.signed(body, secret="new" * 10), changing).arrived

    def test_a_request_may_be_signed_with_two_secrets_at_once(self):
        body = other.said("hello")
        now = int(time.time())
        marks = [
            other.signed(body, secret=secret, at=now)[other.HEADER].split(",")[1] for secret in ("a" * 32, other.SECRET)
        ]
        assert receive(body, {other.HEADER: f"t={now},{','.join(marks)}"}).arrived


class TestRefusing:
    @pytest.mark.parametrize(
        "secrets",
        [{}, {"secret": ""}, {"secret": "short"}, {"previous_secret": ""}],
        ids=["none", "empty", "short", "old"],
    )
    def test_everything_is_refused_without_a_secret(self, secrets):
        body = other.said("hello")
        for secret in ("", "short", other.SECRET):
            assert refused(body, other.signed(body, secret=secret), wired(secrets)).status == 401

    @pytest.mark.parametrize(
        "bend",
        [
            lambda value: "",
            lambda value: value[:-1],
            lambda value: value[:-1] + ("0" if value[-1] != "0" else "1"),
            lambda value: value.upper(),
            lambda value: value.replace("t=", "t=1"),
            lambda value: value.replace("t=", "t=-"),
            lambda value: value.replace("t=", "t=٣"),
            lambda value: value.split(",")[0],
            lambda value: value.split(",")[1],
            lambda value: value + "," + value,
            lambda value: value.replace("v1=", "v0="),
            lambda value: value + "é",
            lambda value: base64.b64encode(value.encode()).decode(),
        ],
        ids=range(13),
    )
    def test_a_bent_signature_is_refused(self, bend):
        body = other.said("hello")
        value = other.signed(body)[other.HEADER]
        assert refused(body, {other.HEADER: bend(value)}).status == 401
        assert receive(body, {other.HEADER: value}).arrived

    def test_a_missing_signature_is_refused(self):
        assert refused(other.said("hello"), {}).status == 401

    def test_an_altered_byte_a_cut_and_another_encoding_are_refused(self):
        body = other.said("pay 100 to Zoë")
        headers = other.signed(body)
        altered = body.replace(b"100", b"900")
        for bent in (
            altered,
            body[:-1],
            body + b" ",
            json.dumps(json.loads(body), ensure_ascii=False).encode("utf-16"),
        ):
            assert refused(bent, headers).status == 401

    @pytest.mark.parametrize("minutes", [-6, 6, 60 * 24 * 365])
    def test_a_signature_of_another_time_is_refused_and_says_so(self, minutes):
        body = other.said("hello")
        error = refused(body, other.signed(body), now=datetime.now(UTC) + timedelta(minutes=minutes))
        assert (error.status, "five minutes" in error.message) == (401, True)

    def test_nothing_is_read_before_the_signature_is_right(self):
        assert refused(b"[" * 200_000, {other.HEADER: "t=1,v1=" + "0" * 64}).status == 401

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"dialog": None}, "dialog: This is needed."),
            ({"sender": 5}, "sender: Give text"),
            ({"texts": "x"}, "Did you mean “text”?"),
            ({"text": ""}, "text: A message needs it."),
            ({"text": "x" * (MAX_TEXT + 1)}, "20,000"),
            ({"text": "a\x00b"}, "NUL"),
            ({"text": "a\ud800b"}, "surrogate"),
            ({"kind": "shout"}, "message, button, joined, left"),
            ({"kind": "button"}, "button: A button needs it."),
            ({"id": "x" * 201}, "200 characters"),
            ({"id": "a\nb"}, "line breaks"),
            ({"at": "yesterday"}, "2024-12-31T09:00:00Z"),
        ],
    )
    def test_what_does_not_fit_the_schema_is_refused_in_words(self, change, says):
        document = {name: value for name, value in {**FULL, **change}.items() if value is not None}
        error = refused(json.dumps(document).encode())
        assert error.status == 400
        assert says in error.message

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"null", b"{", b"\xff\xfe", b'{"id": NaN}', b"[" * 200_000, b'{"id": 1' + b"0" * 5000]
    )
    def test_what_is_no_json_object_is_refused(self, body):
        assert refused(body).status == 400

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(body=mutated(FULL))
    def test_bent_documents_are_refused_or_understood_and_nothing_else(self, body):
        try:
            [arrived] = receive(body).arrived
        except Refused as error:
            assert error.status in (400, 401)
        else:
            arrived.text.encode()

    @settings(max_examples=100, deadline=None)
    @given(value=st.text(max_size=200))
    def test_any_text_in_the_place_of_a_signature_is_refused(self, value):
        assert refused(other.said("hello"), {other.HEADER: value}).status == 401


class TestSending:
    def test_what_we_say_is_taken_with_a_signature_that_the_other_side_checks(self, program, reached):
        content = Content(
            title="Invoices", text="Shall I?", rows=[Row(label="Year", value="2023", note="last year")],
            links=[Link(label="Task", url="https://c.example/1")], buttons=[Button(label="Yes", value="yes:1")],
        )  # fmt: skip
        assert WEBHOOK.send(reached, "d-1", content, key="in:1:0", about="m-7") == "m-0"
        [said] = program.messages.values()
        assert (said["dialog"], said["about"], said["key"], said["connection"]) == ("d-1", "m-7", "in:1:0", "finance")
        assert Content.from_json(said["content"]) == Content.from_json(content.to_json())
        assert said["text"] == content.plain()

    def test_what_is_said_to_one_alone_names_the_dialog_and_the_person(self, program, reached):
        [arrived] = receive(other.said("hello", dialog="d-1", sender="ada")).arrived
        WEBHOOK.send(reached, arrived.dialog, Content(text="hi"), key="k")
        WEBHOOK.edit(reached, arrived.dialog, "m-0", Content(text="ho"))
        WEBHOOK.send_file(reached, arrived.dialog, "a.txt", "text/plain", b"x", key="f")
        WEBHOOK.send(reached, "g-1", Content(text="all"), key="g")
        places = [(said["type"], said["dialog"], said["to"]) for said in program.messages.values()]
        assert places == [
            ("message", "d-1", "ada"),
            ("edit", "d-1", "ada"),
            ("file", "d-1", "ada"),
            ("message", "g-1", ""),
        ]

    def test_how_far_a_task_is_is_in_the_text_too(self, program, reached):
        WEBHOOK.send(reached, "d-1", Content(text="Reading", percent=45.4), key="k")
        assert program.texts == ["Reading\n\n▰▰▰▰▰▱▱▱▱▱ 45 %"]

    def test_the_same_post_again_has_the_same_key_so_that_it_counts_once(self, program, reached):
        for _ in range(2):
            WEBHOOK.send(reached, "d-1", Content(text="once"), key="in:1:0")
        assert (program.texts, len(program.requests)) == (["once"], 2)

    def test_an_edit_names_the_message_and_what_was_shown_before_is_shown_again(self, program, reached):
        for text in ("Running", "Paused", "Running"):
            WEBHOOK.edit(reached, "d-1", "m-0", Content(text=text))
        shown = [(said["message_id"], said["text"]) for said in program.messages.values()]
        assert shown == [("m-0", "Running"), ("m-0", "Paused"), ("m-0", "Running")]

    def test_a_file_is_inline(self, program, reached):
        data = bytes(range(256)) * 40
        WEBHOOK.send_file(reached, "d-1", "r\x00eport.pdf", "application/pdf", data, key="in:1:1")
        [said] = program.messages.values()
        assert base64.b64decode(said["file"]["base64"]) == data
        assert (said["file"]["name"], said["file"]["size"]) == ("r␀eport.pdf", len(data))

    def test_a_file_that_is_too_large_is_not_sent(self, program, reached):
        with pytest.raises(PlatformError) as caught:
            WEBHOOK.send_file(reached, "d-1", "r", "text/plain", b"x" * 5_000_001, key="k")
        assert caught.value.is_permanent
        assert not program.requests

    def test_markup_comes_out_as_it_is_and_what_no_database_takes_is_replaced(self, program, reached):
        WEBHOOK.send(reached, "d-1", Content(text="<script>*x* {{a}}\x00\ud800"), key="k")
        assert program.texts == ["<script>*x* {{a}}␀\ufffd"]

    def test_the_test_button_pings_the_address(self, program, reached):
        assert "200" in WEBHOOK.check(reached)
        assert [said["type"] for said in program.messages.values()] == ["ping"]

    def test_another_secret_on_the_other_side_is_told(self, program, reached):
        program.secret = "another" * 5
        with pytest.raises(PlatformError, match="401"):
            WEBHOOK.check(reached)

    @pytest.mark.parametrize("secrets", [{}, {"secret": "short"}])
    def test_nothing_is_sent_without_a_secret(self, program, secrets):
        with pytest.raises(PlatformError, match="secret"):
            WEBHOOK.send(wired(secrets, url=program.url), "d", Content(text="x"), key="k")
        assert not program.requests


class TestErrors:
    def failed(self, reached, text="hello") -> PlatformError:
        with pytest.raises(PlatformError) as caught:
            WEBHOOK.send(reached, "d-1", Content(text=text), key="k")
        assert other.SECRET not in str(caught.value)
        return caught.value

    @pytest.mark.parametrize(
        ("status", "is_permanent"), [(400, True), (401, False), (404, False), (410, True), (413, True)]
    )
    def test_a_refusal_is_for_good_only_where_it_says_so(self, program, reached, status, is_permanent):
        program.faults = [Given(status=status)]
        assert self.failed(reached).is_permanent is is_permanent

    @pytest.mark.parametrize("status", [429, 503])
    def test_a_wait_is_honoured_in_seconds_and_as_a_moment(self, program, reached, status):
        later = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
        program.faults = [
            Given(status=status, headers={"Retry-After": said}) for said in ("17", later, "soon", "9" * 30)
        ]
        waits = [self.failed(reached).retry_after for _ in range(4)]
        assert waits[0] == 17
        assert 35 < waits[1] <= 40
        assert waits[2:] == [None, 3600]

    def test_a_redirect_is_not_followed(self, program, reached):
        program.faults = [Given(status=307, headers={"Location": f"{program.url}/elsewhere"})]
        assert "redirect" in self.failed(reached).message
        assert [request.path for request in program.requests] == ["/said"]

    def test_after_a_broken_connection_it_is_unsure(self, program, reached):
        program.faults = [RESET]
        error = self.failed(reached)
        assert (error.is_unsure, error.is_permanent) == (True, False)

    def test_where_nobody_listens_it_is_sure(self):
        error = self.failed(wired({"secret": other.SECRET}, url=f"http://127.0.0.1:{closed_port()}/x"))
        assert (error.is_unsure, error.is_permanent) == (False, False)

    def test_an_answer_that_trickles_is_given_up(self, program, reached):
        program.faults = [Given(is_slow=True)]
        started = time.monotonic()
        with pytest.raises(PlatformError) as caught:
            outward.post(f"{program.url}/said", content=b"{}", seconds=0.3)
        assert caught.value.is_unsure
        assert time.monotonic() - started < 5

    def test_an_answer_that_does_not_end_is_read_no_further(self, program, reached):
        program.faults = [Given(body=b"x" * 3_000_000)]
        assert WEBHOOK.send(reached, "d-1", Content(text="hello"), key="k") == "k"

    @pytest.mark.parametrize(
        "body", [b"", b"[1]", b"{", b'{"message_id": 5}', b'{"message_id": "a\\nb"}', b"[" * 90_000]
    )
    def test_an_answer_without_an_id_leaves_our_own(self, program, reached, body):
        program.faults = [Given(body=body)]
        assert WEBHOOK.send(reached, "d-1", Content(text="hello"), key="k") == "k"


class TestAddresses:
    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:1/", "https://localhost/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://0/",
            "https://2130706433/", "https://[fec0::1]/", "https://224.0.0.1/",
        ],
    )  # fmt: skip
    def test_private_addresses_are_not_called(self, settings, url):
        settings.CHAT_PRIVATE_NETWORKS = []
        with pytest.raises(PlatformError, match=r"private address|cannot be found"):
            WEBHOOK.check(wired({"secret": other.SECRET}, url=url))

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "ftp://x.example/",
            "//x",
            "https://",
            "https://u:p@x.example/",
            "file:///etc/passwd",
            "http://[::",
            "x" * 3000,
        ],
    )
    def test_what_is_no_https_address_is_refused(self, url):
        with pytest.raises(PlatformError) as caught:
            WEBHOOK.check(wired({"secret": other.SECRET}, url=url))
        assert caught.value.is_permanent

    def test_an_address_that_stands_for_a_public_one_is_public(self, settings):
        settings.CHAT_PRIVATE_NETWORKS = []
        found = {
            address: outward._may_be_reached(address) for address in ("64:ff9b::808:808", "2002:808:808::", "8.8.8.8")
        }
        assert all(found.values())
        assert not outward._may_be_reached("64:ff9b::a00:1")

    def test_a_network_that_is_none_says_where_it_is_written(self, settings, program, reached):
        settings.CHAT_PRIVATE_NETWORKS = ["127.0.0.1/8 "]
        assert WEBHOOK.check(reached)
        settings.CHAT_PRIVATE_NETWORKS = ["localhost"]
        with pytest.raises(PlatformError, match="CHAT_PRIVATE_NETWORKS"):
            WEBHOOK.check(reached)

    def test_plain_http_goes_to_this_machine_alone(self, settings):
        settings.CHAT_PRIVATE_NETWORKS = ["10.0.0.0/8"]
        with pytest.raises(PlatformError, match="https"):
            WEBHOOK.check(wired({"secret": other.SECRET}, url="http://10.0.0.1/"))

    def test_the_name_is_sent_though_the_address_is_called(self, program):
        url = program.url.replace("127.0.0.1", "localhost")
        WEBHOOK.check(wired({"secret": other.SECRET}, url=url))
        assert program.requests[0].headers["host"] == url.removeprefix("http://")

    def test_where_the_first_address_is_dead_the_next_is_called(self, program, monkeypatch):
        port = int(program.url.rpartition(":")[2])
        # No name of this machine has two addresses: the answer of the resolver is the one thing here that is not real.
        found = [(2, 1, 6, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]
        monkeypatch.setattr(outward.socket, "getaddrinfo", lambda *given, **more: found)
        assert "200" in WEBHOOK.check(wired({"secret": other.SECRET}, url=f"http://two.example:{port}/"))

    def test_cookies_are_not_kept(self, program, reached):
        program.faults = [Given(headers={"Set-Cookie": "a=b; Path=/"})]
        for _ in range(2):
            WEBHOOK.check(reached)
        assert "cookie" not in program.requests[1].headers


def test_the_signature_is_that_of_openssl():
    """Computed with openssl, as docs/chat/webhook.md shows."""
    at = datetime.fromtimestamp(1_700_000_000, UTC)
    mark = "d5f5834972cbc6cf5590800c46ccaa0cd6c16f19c0c73dbdf9b4c56390cbc2a3"
    assert signing.sign("0123456789abcdef", b'{"id":"1"}', at) == f"t=1700000000,v1={mark}"
