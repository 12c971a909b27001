"""Slack's requests in, our calls out: against documented payloads, and a Slack on loopback."""

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.chat.platforms.contract import Arrived, Hook, Received, Refused, Wiring
from tests.platforms import slack as loopback
from tests.unit.chat.platforms.slack_wired import platform, wiring

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
STAMP = NOW.timestamp()


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


def commanded(wired: Wiring | None = None, **changes: Any) -> tuple[Arrived, ...]:
    form = {**loopback.documented("slash_command"), **changes}
    return tuple(platform.receive(wired or wiring(), hook(*loopback.command_request(form, STAMP))).arrived)


def test_a_slash_command_arrives_aside_with_the_address_that_answers_it() -> None:
    (arrived,) = commanded()
    assert arrived == Arrived(
        event_id=arrived.event_id, dialog="C2147483705/U2147483697", dialog_kind="private", sender="U2147483697",
        sender_name="Steve", text="94070", message_id="https://hooks.slack.com/commands/1234/5678", is_aside=True,
    )  # fmt: skip
    assert "13345224609" not in arrived.event_id, "a trigger_id opens dialogs in our name"


def test_a_command_is_answered_with_an_empty_200_at_once_and_alone_asks_for_help() -> None:
    form = loopback.documented("slash_command") | {"text": ""}
    found = platform.receive(wiring(), hook(*loopback.command_request(form, STAMP)))
    assert (found.answer.status, found.answer.body, found.arrived[0].text) == (200, b"", "help")


def test_the_same_command_again_is_the_same_event_and_another_is_another() -> None:
    first, again, other = commanded(), commanded(), commanded(trigger_id="13345224610.738474920.8088")
    assert first[0].event_id == again[0].event_id != other[0].event_id


@pytest.mark.parametrize(
    "changes",
    [
        {"response_url": "https://evil.example/commands/1/2"},
        {"response_url": "https://hooks.slack.com.evil.example/commands/1/2"},
        {"response_url": "http://hooks.slack.com/commands/1/2"},
        {"response_url": "https://hooks.slack.com/" + "x" * 200},
        {"response_url": "https://slack.com/api/"},
        {"response_url": ""},
        {"user_id": ""},
        {"channel_id": "C1/U2"},
        {"trigger_id": ""},
    ],
)
def test_a_command_that_leads_elsewhere_or_lacks_its_ids_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        commanded(wiring(api_url="https://slack.com/api/"), **changes)
    assert refused.value.status == 400


def test_a_command_is_only_taken_with_slack_s_signature() -> None:
    body, headers = loopback.command_request(loopback.documented("slash_command"), STAMP)
    with pytest.raises(Refused) as refused:
        platform.receive(wiring(), hook(body.replace(b"94070", b"94071"), headers))
    assert refused.value.status == 401


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
    assert platform.receive(wiring(), hook(body, headers, at)).arrived[0].text == "help"


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
