"""Slack's requests in, our calls out: against documented payloads, and a Slack on loopback."""

import copy
import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.chat.content import Button, Content, Link, Row
from apps.chat.platforms import contract
from apps.chat.platforms.contract import Arrived, Hook, PlatformError, Received, Refused, Wiring
from apps.chat.platforms.slack import Slack
from apps.chat.platforms.slack.platform import manifest
from tests.platforms import slack as loopback

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
STAMP = NOW.timestamp()
platform: contract.Platform = Slack()
EVERYTHING = Content(
    title="Invoice report",
    text="March is **done**.\n\n<!channel> _look_ :tada: & <@U1>",
    rows=(Row(label="Client", value="Meyer & Sons <gmbh>", note='from "meyer"'), Row(label="Paid", value="")),
    notes=("Takes about a minute.",),
    links=(Link(label="Open", url="https://example.org/t/7"), Link(label="Odd", url="javascript:alert(1)")),
    buttons=(Button(label="Yes", value="confirm:7", style="primary"), Button(label="No", value="x", style="danger")),
    percent=40,
)


def wiring(url: str = "", **settings: str) -> Wiring:
    return Wiring(
        id=1, key="finance", name="Finance bot", hook_url="https://chantilly.example.org/chat/hook/finance",
        settings={"api_url": f"{url}api/", "bot_user_id": loopback.BOT} | settings,
        secrets={"signing_secret": loopback.SECRET, "bot_token": loopback.TOKEN},
    )  # fmt: skip


def hook(body: bytes, headers: dict[str, str], now: datetime = NOW, method: str = "POST") -> Hook:
    return Hook(method=method, headers=headers, query={}, body=body, now=now)


def received(payload: dict[str, Any], wired: Wiring | None = None) -> Received:
    make = loopback.action_request if payload.get("type") == "block_actions" else loopback.event_request
    return platform.receive(wired or wiring(), hook(*make(payload, STAMP)))


def one(payload: dict[str, Any], wired: Wiring | None = None) -> Arrived:
    (arrived,) = received(payload, wired).arrived
    return arrived


def changed(name: str, **event: Any) -> dict[str, Any]:
    payload = loopback.documented(name)
    payload["event"] |= event
    return payload


@pytest.fixture
def slack() -> Iterator[loopback.Slack]:
    with loopback.serving() as server:
        yield server


# What Slack tells us


def test_the_challenge_is_answered_as_plain_text_once_the_signature_is_right() -> None:
    found = received(loopback.documented("url_verification"))
    assert found.answer.body == b"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
    assert found.answer.content_type.startswith("text/plain")
    assert found.arrived == ()


def test_a_private_message_arrives() -> None:
    assert one(loopback.documented("message.im")) == Arrived(
        event_id="Ev0PV52K21", dialog="D024BE91L", dialog_kind="private", sender="U2147483697",
        text="Hello hello can you hear me?", message_id="1355517523.000005",
        at=datetime(2012, 12, 14, 20, 38, 43, 5, tzinfo=UTC),
    )  # fmt: skip


def test_a_thread_in_a_private_chat_is_the_same_dialog_and_says_what_is_answered() -> None:
    arrived = one(changed("message.im", thread_ts="1355517000.000001", parent_user_id=loopback.BOT))
    assert (arrived.dialog, arrived.about, arrived.is_overheard) == ("D024BE91L", "1355517000.000001", False)
    pressed = loopback.documented("block_actions") | {"channel": {"id": "D024BE91L"}, "message": {"thread_ts": "1.1"}}
    assert (one(pressed).dialog, one(pressed).dialog_kind) == ("D024BE91L", "private")


def test_a_mention_arrives_without_our_name_and_is_answered_in_a_thread_below_it() -> None:
    arrived = one(loopback.documented("app_mention"))
    assert arrived.text == "is it everything a river should be?"
    assert (arrived.dialog, arrived.dialog_kind) == ("C123ABC456:1515449522.000016", "group")
    assert not arrived.is_overheard


def test_a_mention_arrives_without_our_name_before_we_know_who_we_are() -> None:
    arrived = one(loopback.documented("app_mention"), wiring(bot_user_id=""))
    assert arrived.text == "is it everything a river should be?"


def test_what_is_said_in_a_channel_and_not_to_us_does_not_arrive() -> None:
    assert received(loopback.documented("message.channels")).arrived == ()
    assert received(loopback.documented("message.mpim")).arrived == ()


def test_a_reply_in_a_thread_is_overheard_and_goes_to_the_dialog_of_the_mention_that_began_it() -> None:
    payload = changed("message.channels", thread_ts="1515449522.000016", channel="C123ABC456", parent_user_id="W111")
    arrived = one(payload)
    assert arrived.dialog == one(loopback.documented("app_mention")).dialog
    assert arrived.is_overheard
    assert arrived.about == "1515449522.000016"


def test_a_reply_in_a_thread_below_our_own_message_is_meant_for_us() -> None:
    payload = changed("message.channels", thread_ts="1515449522.000016", parent_user_id=loopback.BOT)
    assert not one(payload).is_overheard


def test_a_mention_in_a_thread_arrives_once_though_slack_tells_it_twice() -> None:
    said = {"thread_ts": "1515449522.000016", "text": f"<@{loopback.BOT}> stop", "ts": "1515449600.000100"}
    assert received(changed("message.channels", **said)).arrived == ()
    assert one(changed("app_mention", **said)).text == "stop"


def test_what_bots_write_is_marked() -> None:
    assert one(loopback.documented("message.bot")).is_from_bot
    assert one(loopback.documented("message.classic_bot")).is_from_bot
    assert one(changed("message.im", user=loopback.BOT)).is_from_bot
    assert one(changed("app_mention", bot_id="B7")).is_from_bot
    assert not one(loopback.documented("message.im")).is_from_bot


def test_we_know_ourselves_by_the_authorization_before_the_installation() -> None:
    payload = changed("message.channels", channel_type="im", channel="D1")
    assert one(payload, wiring(bot_user_id="")).is_from_bot


@pytest.mark.parametrize("subtype", ["message_changed", "message_deleted", "channel_topic", "channel_join", ["x"], 7])
def test_edits_deletions_and_notices_are_no_messages(subtype: Any) -> None:
    assert received(loopback.documented("message_changed")).arrived == ()
    assert received(changed("message.im", subtype=subtype)).arrived == ()


def test_a_message_with_a_file_is_a_message() -> None:
    assert one(changed("message.im", subtype="file_share", files=[{"id": "F1"}])).text


def test_a_pressed_button_arrives_with_its_value_and_its_message() -> None:
    arrived = one(loopback.documented("block_actions"))
    assert (arrived.kind, arrived.button, arrived.about) == ("button", "click_me_123", "111.222")
    assert (arrived.dialog, arrived.dialog_kind, arrived.sender) == ("C111", "group", "W111")
    assert "valid" not in arrived.event_id


def test_a_button_in_a_thread_is_answered_there_and_two_presses_are_two_events() -> None:
    payload = loopback.documented("block_actions") | {"message": {"ts": "111.222", "thread_ts": "100.1"}}
    again = copy.deepcopy(payload)
    again["actions"][0]["action_ts"] = "1596530399.000000"
    assert one(payload).dialog == "C111:100.1"
    assert one(payload).event_id == one(payload).event_id != one(again).event_id


def test_a_pressed_link_is_only_acknowledged() -> None:
    payload = loopback.documented("block_actions")
    del payload["actions"][0]["value"]
    assert received(payload) == Received()


def test_joining_is_told_of_us_only() -> None:
    assert one(loopback.documented("member_joined_channel"), wiring(bot_user_id="W23456789")).kind == "joined"
    assert received(loopback.documented("member_joined_channel")).arrived == ()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("overdue &gt; 5 &amp;&amp; &lt;b&gt;", "overdue > 5 && <b>"),
        ("see <https://example.org/a|example.org/a> and <https://b.org>", "see example.org/a and https://b.org"),
        ("mail <mailto:kim@acme.org|kim@acme.org>", "mail kim@acme.org"),
        ("ask <@U7|kim> in <#C9|sales>, <!here>", "ask @kim in #sales, @here"),
        ("<!subteam^S1|@ops> at <!date^139^{time}|nine>", "@ops at nine"),
        (f"<@{loopback.BOT}>, stop <@{loopback.BOT}|finance>: now", "stop now"),
        ("&amp;lt;", "&lt;"),
        ("nul \0 here", "nul ␀ here"),
    ],
)
def test_references_and_entities_become_what_people_see(said: str, meant: str) -> None:
    assert one(changed("message.im", text=said)).text == meant


def test_half_a_surrogate_pair_is_made_storable() -> None:
    body = json.dumps(changed("message.im", text="half \ud83d of it")).encode()
    headers = {"content-type": "application/json", **loopback.signed(body, STAMP)}
    (arrived,) = platform.receive(wiring(), hook(body, headers)).arrived
    assert arrived.text == "half \ufffd of it"


def test_events_that_we_do_not_know_are_acknowledged() -> None:
    assert received({"type": "event_callback", "event_id": "Ev1", "event": {"type": "reaction_added"}}) == Received()
    assert received({"type": "app_rate_limited"}) == Received()
    body = b"ssl_check=1&token=x"
    assert platform.receive(wiring(), hook(body, loopback.signed(body, STAMP))) == Received()


# What is refused


def test_the_loopback_signs_as_slack_documents_it() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name="
        b"foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks"
        b".slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121"
        b".803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = loopback.signed(body, 1531420618)
    assert headers["x-slack-signature"] == "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    at = datetime.fromtimestamp(1531420618, UTC)
    assert platform.receive(wiring(), hook(body, headers, at)) == Received()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-slack-signature": ""},
        {"x-slack-signature": "v0="},
        {"x-slack-signature": "v0=" + "0" * 64},
        {"x-slack-signature": "v0=" + "é" * 64},
        {"x-slack-request-timestamp": "now"},
        {"x-slack-request-timestamp": "１７６３８０００００"},
        {"x-slack-request-timestamp": "9" * 5000},
        {"x-slack-request-timestamp": f"{int(STAMP)}.0"},
    ],
)
def test_a_request_without_a_right_signature_is_refused(headers: dict[str, str]) -> None:
    body, right = loopback.event_request(loopback.documented("message.im"), STAMP)
    with pytest.raises(Refused) as refused:
        platform.receive(wiring(), hook(body, (right | headers) if headers else {}))
    assert refused.value.status == 401


@pytest.mark.parametrize("change", [lambda body: body + b" ", lambda body: body[:-1], lambda body: b"", bytes.swapcase])
def test_a_changed_body_is_refused(change: Callable[[bytes], bytes]) -> None:
    body, headers = loopback.event_request(loopback.documented("message.im"), STAMP)
    with pytest.raises(Refused):
        platform.receive(wiring(), hook(change(body), headers))


def test_another_encoding_of_the_same_text_is_refused() -> None:
    body, headers = loopback.event_request(loopback.documented("message.im"), STAMP)
    with pytest.raises(Refused):
        platform.receive(wiring(), hook(body.decode().encode("utf-16"), headers))


@pytest.mark.parametrize(("late", "is_taken"), [(299, True), (301, False), (-301, False)])
def test_a_request_is_taken_for_five_minutes(late: int, is_taken: bool) -> None:
    asked = hook(*loopback.event_request(loopback.documented("message.im"), STAMP), NOW + timedelta(seconds=late))
    if is_taken:
        assert platform.receive(wiring(), asked).arrived
    else:
        with pytest.raises(Refused):
            platform.receive(wiring(), asked)


@pytest.mark.parametrize("secret", ["", "   "])
def test_a_connection_without_its_secret_refuses_everything(secret: str) -> None:
    bare = Wiring(id=1, key="k", name="n", settings={}, secrets={"signing_secret": secret})
    for payload in ("url_verification", "message.im"):
        body, headers = loopback.event_request(loopback.documented(payload), STAMP, secret or "any")
        with pytest.raises(Refused) as refused:
            platform.receive(bare, hook(body, headers))
        assert refused.value.status == 403


def test_the_signature_of_another_app_is_refused_before_the_body_is_read() -> None:
    body = b"[" * 500_000
    with pytest.raises(Refused) as refused:
        platform.receive(wiring(), hook(body, loopback.signed(body, STAMP, "another")))
    assert refused.value.status == 401


@pytest.mark.parametrize(
    "body", [b"[" * 500_000, b'{"a":' * 100_000, b"nonsense", b"[]", b"7", b"null", b"{", b"\x00", b""]
)
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_signed_nonsense_is_refused_or_ignored(body: bytes, kind: str) -> None:
    body = body if kind == "application/json" else b"payload=" + body
    headers = {"content-type": kind, **loopback.signed(body, STAMP)}
    try:
        assert platform.receive(wiring(), hook(body, headers)) == Received()
    except Refused as refused:
        assert refused.status == 400


def test_a_huge_body_and_another_method_are_refused() -> None:
    body = b"x" * 1_000_001
    with pytest.raises(Refused) as refused:
        platform.receive(wiring(), hook(body, loopback.signed(body, STAMP)))
    assert refused.value.status == 413
    with pytest.raises(Refused) as refused:
        platform.receive(wiring(), hook(b"", loopback.signed(b"", STAMP), method="GET"))
    assert refused.value.status == 405


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=30)
    | st.sampled_from(["D1", "1.2", "message", "\0", "../x"]),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=9), each, max_size=3),
    max_leaves=6,
)


def _places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in entries:
        yield (*path, key)
        yield from _places(value, (*path, key))


NAMES = ("message.im", "app_mention", "message.channels", "block_actions", "member_joined_channel", "url_verification")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_changed_payloads_are_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    payload = loopback.documented(data.draw(st.sampled_from(NAMES)))
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from(list(_places(payload))))
        place: Any = payload
        for key in path:
            place = place[key] if isinstance(place, dict | list) and key in list(_keys(place)) else {}
        if isinstance(place, dict | list) and last in list(_keys(place)):
            place[last] = data.draw(ODD)
    try:
        found = received(payload)
    except Refused as refused:
        assert refused.status == 400
    else:
        for arrived in found.arrived:
            assert arrived.event_id and arrived.dialog and arrived.sender
            assert len(arrived.event_id) <= 200 and "\0" not in arrived.text


def _keys(place: Any) -> Any:
    return place.keys() if isinstance(place, dict) else range(len(place))


# What we say


def test_a_message_is_posted_in_its_thread_and_edited(slack: loopback.Slack) -> None:
    wired = wiring(slack.url)
    ts = platform.send(wired, "C111:100.1", EVERYTHING, key="k")
    assert slack.messages["C111", ts]["thread_ts"] == "100.1"
    platform.edit(wired, "C111:100.1", ts, Content(text="Done"))
    (message,) = slack.shown
    assert loopback.seen_texts(message) == ["Done"]
    assert message["text"] == "Done"


def test_everything_of_the_content_is_seen_as_it_was_written(slack: loopback.Slack) -> None:
    platform.send(wiring(slack.url), "D111", EVERYTHING, key="k")
    (message,) = slack.shown
    assert loopback.seen_texts(message) == [
        "Invoice report",
        "March is **done**.\n\n<!channel> _look_ :tada: & <@U1>",
        'Client\nMeyer & Sons <gmbh>\n(from "meyer")',
        "Paid\n–",
        "████████░░░░░░░░░░░░ 40 %",
        "Takes about a minute.",
        "Open",
        "Odd: javascript:alert(1)",
        "Yes",
        "No",
    ]
    buttons = message["blocks"][-1]["elements"]
    assert [(each["value"], each["style"]) for each in buttons] == [("confirm:7", "primary"), ("x", "danger")]


def test_no_markup_and_no_mention_comes_out(slack: loopback.Slack) -> None:
    evil = "<!channel> <!here> <@U1> <#C1> <https://evil.org|bank> *b* _i_ `c` ~s~ :skull: & &lt;"
    rows, notes = (Row(label=evil, value=evil, note=evil),), (evil,)
    links, buttons = (Link(label=evil, url="https://e.org/<@U1>|x"),), (Button(label=evil, value="v"),)
    content = Content(title=evil, text=evil, rows=rows, notes=notes, links=links, buttons=buttons)
    ts = platform.send(wiring(slack.url), "D111", content, key="k")
    platform.edit(wiring(slack.url), "D111", ts, content)
    for text in loopback.read_as_markup(slack.shown[0]):
        assert "<" not in text and ">" not in text
    for _, args in slack.calls:
        assert (args["parse"], args["link_names"]) == ("none", False)
    post = slack.calls[0][1]
    assert (post["mrkdwn"], post["unfurl_links"], post["unfurl_media"]) == (False, False, False)


def test_the_loopback_sees_markup_where_there_is_some() -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "<!channel>"}}]
    assert "<!channel>" in loopback.read_as_markup({"text": "", "blocks": blocks})


def test_what_is_too_long_is_cut_and_says_so(slack: loopback.Slack) -> None:
    long = "word " * 20_000
    content = Content(
        title=long, text=long, notes=[long] * 30, rows=[Row(label=str(place), value=long) for place in range(600)],
        links=[Link(label=long, url="https://example.org")] * 30,
        buttons=[Button(label=long, value=str(place)) for place in range(40)],
    )  # fmt: skip
    platform.send(wiring(slack.url), "D111", content, key="k")
    blocks = slack.shown[0]["blocks"]
    assert len(blocks) == 50
    assert len(blocks[-1]["elements"]) == 25
    assert blocks[-2]["elements"][0]["text"] == "[…]"
    assert blocks[0]["text"]["text"].endswith("[…]")
    assert [block["type"] for block in blocks[1:6]] == ["section"] * 5
    assert blocks[4]["text"]["text"].endswith("[…]")


@pytest.mark.parametrize("content", [Content(), Content(text="  "), Content(buttons=(Button(label="", value="v"),))])
def test_even_next_to_nothing_can_be_posted(content: Content, slack: loopback.Slack) -> None:
    assert platform.send(wiring(slack.url), "D111", content, key="k")


def test_a_file_is_put_into_the_thread(slack: loopback.Slack) -> None:
    data = bytes(range(256)) * 400
    name = platform.send_file(wiring(slack.url), "C111:100.1", "Bericht\nMärz.pdf", "application/pdf", data, key="k")
    file = slack.files[name]
    assert (file["data"], file["channel"], file["thread_ts"]) == (data, "C111", "100.1")
    assert file["name"] == "Bericht März.pdf"


def test_an_empty_file_is_not_tried(slack: loopback.Slack) -> None:
    with pytest.raises(PlatformError) as raised:
        platform.send_file(wiring(slack.url), "C111", "a.txt", "text/plain", b"", key="k")
    assert raised.value.is_permanent
    assert slack.calls == []


def failure(call: Callable[[], object]) -> PlatformError:
    with pytest.raises(PlatformError) as raised:
        call()
    assert loopback.TOKEN not in str(raised.value)
    return raised.value


def test_a_limit_says_how_long_to_wait(slack: loopback.Slack) -> None:
    slack.faults = [loopback.limited(7), (429, b"too many", {}), (200, b'{"ok":false,"error":"ratelimited"}', {})]
    waits = [
        failure(lambda: platform.send(wiring(slack.url), "D111", EVERYTHING, key="k")).retry_after for _ in range(3)
    ]
    assert waits == [7, 30, 30]
    assert platform.send(wiring(slack.url), "D111", EVERYTHING, key="k")


@pytest.mark.parametrize("dialog", ["C0UNKNOWN", "C0ARCHIVED"])
def test_a_dialog_that_is_gone_is_gone_for_good(dialog: str, slack: loopback.Slack) -> None:
    error = failure(lambda: platform.send(wiring(slack.url), dialog, EVERYTHING, key="k"))
    assert error.is_permanent
    assert not error.is_unsure


def test_a_refused_token_and_a_lost_message_are_permanent(slack: loopback.Slack) -> None:
    other = Wiring(id=1, key="k", name="n", settings={"api_url": f"{slack.url}api/"}, secrets={"bot_token": "xoxb-old"})
    assert failure(lambda: platform.check(other)).message == "Slack refused it: invalid_auth"
    assert failure(lambda: platform.send(other, "D111", EVERYTHING, key="k")).is_permanent
    assert failure(lambda: platform.edit(wiring(slack.url), "D111", "1.2", EVERYTHING)).is_permanent


def test_an_answer_that_was_lost_leaves_it_unsure_and_is_not_asked_again(slack: loopback.Slack) -> None:
    slack.faults = ["lost"]
    error = failure(lambda: platform.send(wiring(slack.url), "D111", EVERYTHING, key="k"))
    assert error.is_unsure
    assert not error.is_permanent
    assert len(slack.calls) == len(slack.shown) == 1


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"<html>oops</html>", {"content-type": "text/html"}),
        (503, b"", {}),
        (200, b"[]", {}),
        (200, b'"text"', {}),
        (200, b"<html>a proxy</html>", {"content-type": "text/html"}),
        (200, b"\xff\xfe", {}),
        (200, b'{"ok":false,"error":"fatal_error"}', {}),
        (200, b'{"ok":false,"error":["odd"]}', {}),
        (302, b"", {"location": "http://127.0.0.1:9/"}),
    ],
)
def test_an_answer_that_says_nothing_is_an_error_of_the_platform(answer: Any, slack: loopback.Slack) -> None:
    slack.faults = [answer]
    failure(lambda: platform.send(wiring(slack.url), "D111", EVERYTHING, key="k"))
    slack.faults = [answer]
    failure(lambda: platform.send_file(wiring(slack.url), "D111", "a.txt", "text/plain", b"a", key="k"))


def test_a_server_that_is_not_there_has_done_nothing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    error = failure(lambda: platform.send(wiring(url), "D111", EVERYTHING, key="k"))
    assert not error.is_unsure
    assert not error.is_permanent


def test_a_token_that_is_missing_is_asked_for() -> None:
    assert failure(lambda: platform.check(Wiring(id=1, key="k", name="n", settings={}, secrets={}))).is_permanent
    assert failure(lambda: platform.poll(wiring(), "", seconds=1)).is_permanent


@pytest.mark.parametrize(
    "url", ["http://8.8.8.8/api/", "https://10.1.2.3/api/", "ftp://127.0.0.1/api/", "https://[::1]/api/"]
)
def test_the_api_is_not_looked_for_at_private_addresses_or_in_the_clear(url: str) -> None:
    wired = Wiring(id=1, key="k", name="n", settings={"api_url": url}, secrets={"bot_token": loopback.TOKEN})
    assert "https://" in (message := failure(lambda: platform.check(wired)).message) or "private" in message


def test_the_check_says_who_we_are_and_which_scopes_are_missing(slack: loopback.Slack) -> None:
    assert platform.check(wiring(slack.url)) == "Slack knows us as finance in Acme."
    assert platform.install(wiring(slack.url)) == {
        "settings": {"bot_user_id": loopback.BOT, "team_id": "T123ABC456"},
        "secrets": {},
    }
    slack.scopes = "chat:write,im:history"
    assert "app_mentions:read, channels:history" in failure(lambda: platform.check(wiring(slack.url))).message


def test_the_guide_has_a_manifest_to_paste_with_our_address() -> None:
    pasted = json.loads(platform.guide(wiring())[1])
    assert pasted == manifest(wiring())
    assert pasted["settings"]["event_subscriptions"]["request_url"] == wiring().hook_url
    assert pasted["settings"]["interactivity"]["request_url"] == wiring().hook_url
    assert loopback.SECRET not in "".join(platform.guide(wiring()))


# The loopback, against what is documented


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update", "auth.test", "files.getUploadURLExternal"])
def test_the_loopback_answers_with_the_documented_fields(method: str, slack: loopback.Slack) -> None:
    ts = platform.send(wiring(slack.url), "D111", EVERYTHING, key="k")
    args = {"channel": "D111", "text": "x", "ts": ts, "filename": "a", "length": 1}
    answer = slack.answer(method, args, f"Bearer {loopback.TOKEN}")
    documented = loopback.documented(method)
    assert documented.keys() <= answer.keys()
    assert documented.get("message", {}).keys() <= answer.get("message", {}).keys()


@pytest.mark.parametrize(
    "block",
    [
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
        {"type": "section", "text": {"type": "plain_text", "text": "x" * 3001}},
        {"type": "section", "text": {"type": "plain_text", "text": ""}},
        {"type": "section", "fields": [{"type": "plain_text", "text": "x"}] * 11},
        {"type": "context", "elements": []},
        {"type": "actions", "elements": []},
        {"type": "unheard of"},
    ],
)
def test_the_loopback_refuses_what_block_kit_does_not_allow(block: dict[str, Any]) -> None:
    with pytest.raises(loopback.Refusal, match="invalid_blocks"):
        loopback.check_blocks([block])
