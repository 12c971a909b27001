"""Bitrix24's events in, our calls out: against documented payloads, and a Bitrix24 on loopback."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.chat.platforms import contract
from apps.chat.platforms.bitrix24 import form
from apps.chat.platforms.contract import Arrived, Received, Refused, Wiring
from tests.platforms import bitrix24 as loopback
from tests.platforms.mutated import mutated
from tests.unit.chat.platforms.bitrix24_wired import NOW, PATH, PORTAL, STAMP, hook, installed, merged, platform, wiring


def event(kind: str, **changes: Any) -> dict[str, Any]:
    return loopback.sent(kind, merged(loopback.documented(kind), changes), STAMP, PORTAL)


def received(payload: dict[str, Any], wired: Wiring | None = None, **how: Any) -> Received:
    return platform.receive(wired or wiring(), hook(loopback.form(payload), **how))


def one(kind: str, **changes: Any) -> Arrived:
    (arrived,) = received(event(kind, **changes)).arrived
    return arrived


@pytest.fixture
def portal() -> Iterator[loopback.Bitrix24]:
    with loopback.serving() as server:
        yield server


# What Bitrix24 sends us


def test_a_message_in_a_group_arrives() -> None:
    arrived = one("ONIMBOTV2MESSAGEADD")
    assert arrived == Arrived(
        event_id=arrived.event_id, dialog="chat5", dialog_kind="group", sender="1", text="Hello bot!", message_id="789",
        sender_name="John Smith", dialog_title="Support Chat", locale="en",
        at=datetime.fromisoformat("2025-01-15T10:30:00+03:00"),
    )  # fmt: skip


def test_a_private_message_arrives() -> None:
    arrived = one("ONIMBOTV2MESSAGEADD", chat={"dialogId": "1", "type": "private", "name": ""})
    assert (arrived.dialog, arrived.dialog_kind) == ("1", "private")


def test_the_same_event_again_has_the_same_id_and_another_has_another() -> None:
    ids = [one("ONIMBOTV2MESSAGEADD").event_id for _ in range(2)]
    assert ids[0] == ids[1] != one("ONIMBOTV2MESSAGEADD", message={"id": 790}).event_id


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("[USER=456]Finance bot[/USER], report for March", "report for March"),
        ("ask [user=7]Kim[/user][br]and [b]hurry[/b]", "ask Kim\nand hurry"),
        ("see [url=https://a.org]the page[/url] or [URL]https://b.org[/URL]", "see the page or https://b.org"),
        ("[2023] and [x] stay", "[2023] and [x] stay"),
        ("[user=4567]Eve[/user] pays", "Eve pays"),
    ],
)
def test_bb_code_becomes_what_people_see_and_our_mention_is_left_out(said: str, meant: str) -> None:
    assert one("ONIMBOTV2MESSAGEADD", message={"text": said}).text == meant


@pytest.mark.parametrize(
    "changes",
    [
        {"user": {"bot": True}},
        {"user": {"type": "bot"}},
        {"user": {"id": 456}},
        {"message": {"authorId": 456}},
        {"message": {"authorId": 0}},
        {"message": {"isSystem": True}},
    ],
)
def test_what_bots_and_the_system_write_is_marked(changes: dict[str, Any]) -> None:
    assert one("ONIMBOTV2MESSAGEADD", **changes).is_from_bot
    assert not one("ONIMBOTV2MESSAGEADD").is_from_bot


def test_a_command_that_was_typed_is_a_message() -> None:
    arrived = one("ONIMBOTV2COMMANDADD")
    assert (arrived.kind, arrived.text, arrived.message_id) == ("message", "/help topic", "790")


def pressed(**changes: Any) -> dict[str, Any]:
    """The message is our own, with the keyboard."""
    command = {"command": "/chantilly", "params": "confirm:7", "context": "keyboard"}
    return event("ONIMBOTV2COMMANDADD", command=command, message={"authorId": 456}, **changes)


def test_a_pressed_button_arrives_with_its_value_and_its_message() -> None:
    (arrived,) = received(pressed()).arrived
    assert (arrived.kind, arrived.button, arrived.about) == ("button", "confirm:7", "790")
    assert (arrived.sender, arrived.is_from_bot) == ("1", False)
    (of_a_bot,) = received(pressed(user={"bot": True})).arrived
    assert of_a_bot.is_from_bot


def test_a_button_of_another_command_is_not_ours() -> None:
    payload = pressed()
    payload["data"]["command"]["command"] = "/other"
    assert received(payload).arrived == ()


def test_two_presses_are_two_events_and_one_that_is_repeated_is_one() -> None:
    again = pressed()
    again["ts"] += 2
    ids = [received(payload).arrived[0].event_id for payload in (pressed(), pressed(), again)]
    assert ids[0] == ids[1] != ids[2]


def test_being_added_to_a_chat_is_told_and_reactions_are_not() -> None:
    assert one("ONIMBOTV2JOINCHAT").kind == "joined"
    assert received(event("ONIMBOTV2REACTIONCHANGE")) == Received()
    assert received(loopback.sent("ONIMBOTV2UNHEARDOF", {}, STAMP, PORTAL)) == Received()


# What is refused


@pytest.mark.parametrize("rest", ["", "/", "another", PATH + "x", "é"])
def test_a_request_to_another_address_is_refused_before_it_is_read(rest: str) -> None:
    with pytest.raises(Refused) as refused:
        platform.receive(wiring(), hook(b"%%%", rest=rest))
    assert refused.value.status == 401


@pytest.mark.parametrize(
    "token", ["", "0" * 32, loopback.APPLICATION_TOKEN[:-1], loopback.APPLICATION_TOKEN.upper(), "é"]
)
def test_another_application_token_is_refused(token: str) -> None:
    payload = event("ONIMBOTV2MESSAGEADD")
    payload["auth"]["application_token"] = token
    with pytest.raises(Refused) as refused:
        received(payload)
    assert refused.value.status == 401


def test_the_token_of_the_bot_inside_the_data_proves_nothing() -> None:
    payload = event("ONIMBOTV2MESSAGEADD")
    assert payload["data"]["bot"]["auth"]["application_token"] == loopback.APPLICATION_TOKEN
    del payload["auth"]["application_token"]
    with pytest.raises(Refused):
        received(payload)


@pytest.mark.parametrize(
    "change", [{"domain": "evil.bitrix24.ru"}, {"domain": ""}, {"member_id": "other"}, {"member_id": ""}]
)
def test_another_portal_is_refused(change: dict[str, str]) -> None:
    payload = event("ONIMBOTV2MESSAGEADD")
    payload["auth"] |= change
    with pytest.raises(Refused):
        received(payload)


@pytest.mark.parametrize("ts", ["", "soon", "-1", "1" * 30, "٣", str(int(STAMP) - 90_000), str(int(STAMP) + 90_000)])
def test_old_events_and_such_without_a_time_are_refused(ts: str) -> None:
    with pytest.raises(Refused):
        received(event("ONIMBOTV2MESSAGEADD") | {"ts": ts})
    assert received(event("ONIMBOTV2MESSAGEADD"), now=NOW + timedelta(hours=23)).arrived


@pytest.mark.parametrize(
    "wired",
    [
        wiring(secrets={"path_secret": ""}),
        wiring(secrets={"application_token": ""}),
        wiring(mode="fetch"),
        wiring(mode=""),
        wiring(url=""),
        wiring(url="https://evil.example.org/not/a/webhook"),
    ],
)
def test_a_connection_that_lacks_a_secret_or_fetches_refuses_everything(wired: Wiring) -> None:
    for rest in (PATH, ""):
        with pytest.raises(Refused):
            received(event("ONIMBOTV2MESSAGEADD"), wired, rest=rest)


def waiting() -> Wiring:
    return wiring(secrets={"application_token": ""}, installation="waiting", member_id="")


@pytest.mark.parametrize("kind", ["ONAPPINSTALL", "ONIMBOTV2MESSAGEADD"])
def test_the_first_request_that_the_installation_waits_for_tells_the_token(kind: str) -> None:
    payload = loopback.documented(kind) if kind == "ONAPPINSTALL" else event(kind)
    payload |= {"ts": str(int(STAMP))}
    found = received(payload, waiting())
    assert found.secrets == {"application_token": payload["auth"]["application_token"]}
    assert found.settings == {"installation": "", "member_id": payload["auth"]["member_id"]}
    assert len(found.arrived) == (kind != "ONAPPINSTALL")


def test_no_later_request_overwrites_the_token() -> None:
    payload = loopback.documented("ONAPPINSTALL") | {"ts": str(int(STAMP))}
    for wired in (wiring(), wiring(installation="waiting"), wiring(secrets={"application_token": ""})):
        same_portal = replace(wired, settings=wired.settings | {"member_id": payload["auth"]["member_id"]})
        with pytest.raises(Refused):
            received(payload, same_portal)


def test_an_installation_is_not_taken_from_another_portal_or_address() -> None:
    payload = loopback.documented("ONAPPINSTALL") | {"ts": str(int(STAMP))}
    with pytest.raises(Refused):
        received(payload, waiting(), rest="guessed")
    payload["auth"]["domain"] = "evil.bitrix24.ru"
    with pytest.raises(Refused):
        received(payload, waiting())


def test_a_removal_that_is_verified_forgets_the_token_and_a_forged_one_does_not() -> None:
    auth = {"application_token": loopback.APPLICATION_TOKEN, "member_id": loopback.MEMBER}
    payload = merged(loopback.documented("ONAPPUNINSTALL"), {"ts": str(int(STAMP)), "auth": auth})
    assert received(payload).secrets == {"application_token": ""}
    assert received(event("ONIMBOTV2DELETE")).secrets == {"application_token": ""}
    assert received(event("ONIMBOTV2DELETE"), wiring(bot_id="7")) == Received()
    payload["auth"]["application_token"] = "0" * 32
    with pytest.raises(Refused):
        received(payload)


def test_a_huge_body_and_another_method_are_refused() -> None:
    with pytest.raises(Refused) as refused:
        platform.receive(wiring(), hook(b"a=" + b"x" * 300_000))
    assert refused.value.status == 413
    with pytest.raises(Refused) as refused:
        platform.receive(wiring(), hook(b"", method="GET"))
    assert refused.value.status == 405


def test_forms_are_read_as_php_writes_them() -> None:
    assert form.read(b"event=X&data[bot][id]=456&data%5Ba%5D%5B%5D=1&data[a][]=2&ts=&d[k]=a%20b+c%C3%A9") == {
        "event": "X", "data": {"bot": {"id": "456"}, "a": {"0": "1", "1": "2"}}, "ts": "", "d": {"k": "a b cé"},
    }  # fmt: skip
    document = {"a": {"b": [True, None, {"c": 1.5}], "d": "x&y=[z]"}}
    assert form.read(loopback.form(document)) == {"a": {"b": {"0": "1", "1": "", "2": {"c": "1.5"}}, "d": "x&y=[z]"}}
    assert form.read(b"") == {}


@pytest.mark.parametrize(
    "body",
    [
        b"a" + b"[b]" * 11 + b"=1",
        b"a" + b"[b]" * 20_000 + b"=1",
        b"&".join(b"a%d=1" % number for number in range(1_001)),
        b"a=1&a[b]=2",
        b"a[b]=2&a=1",
        b"a[b][c]=2&a[b]=1",
        b"[a]=1",
        b"=1",
        b"a[b=1",
        b"a]b=1",
        b"a[b]c=1",
        b"a=%FF%FE",
        b"\xff\xfe=1",
        b"a" * 200 + b"=1",
        b"no pairs at all",
    ],
)
def test_a_form_that_is_deep_or_contradicts_itself_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        form.read(body)
    assert refused.value.status == 400


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_changed_events_are_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    payload = event(data.draw(st.sampled_from(loopback.EVENTS)))
    try:
        changed = json.loads(data.draw(mutated(payload)))
        body = loopback.form(changed) if isinstance(changed, dict) else b"x"
    except (ValueError, RecursionError):
        body = data.draw(st.binary(max_size=300))
    try:
        found = platform.receive(wiring(), hook(body))
    except Refused as refused:
        assert refused.status in (400, 401, 413)
    else:
        for arrived in found.arrived:
            assert arrived.dialog and arrived.sender and arrived.event_id
            assert "\0" not in arrived.text


def test_changed_events_that_are_fetched_hold_up_nothing(portal: loopback.Bitrix24) -> None:
    wired = installed(portal)

    @settings(max_examples=100, deadline=None)
    @given(st.data())
    def fetch(data: st.DataObject) -> None:
        portal.events, changed = [], data.draw(st.none() | st.text() | st.integers())
        with suppress(ValueError, RecursionError):
            changed = json.loads(data.draw(mutated(loopback.documented(data.draw(st.sampled_from(loopback.EVENTS))))))
        portal.happened(data.draw(st.sampled_from(loopback.EVENTS)), changed)
        portal.happened("ONIMBOTV2MESSAGEADD", loopback.documented("ONIMBOTV2MESSAGEADD"))
        polled = platform.poll(wired, "", seconds=0)
        assert polled.arrived[-1].text == "Hello bot!"
        assert polled.cursor == "1003"

    fetch()


# What we fetch


def test_events_are_fetched_once_and_acknowledged_by_the_next_look(portal: loopback.Bitrix24) -> None:
    wired = installed(portal)
    for number in range(130):
        portal.happened(
            "ONIMBOTV2MESSAGEADD", merged(loopback.documented("ONIMBOTV2MESSAGEADD"), {"message": {"id": number}})
        )
    first = platform.poll(wired, "", seconds=1)
    again = platform.poll(wired, "", seconds=1)
    assert [each.event_id for each in again.arrived] == [each.event_id for each in first.arrived]
    assert (len(first.arrived), first.cursor, first.wait) == (100, "1101", 2.0)
    second = platform.poll(wired, first.cursor, seconds=1)
    assert (len(second.arrived), second.cursor, second.wait) == (30, "1131", 5.0)
    assert {each.message_id for each in (*first.arrived, *second.arrived)} == {str(number) for number in range(130)}
    assert portal.events[0]["eventId"] == 1101
    assert platform.poll(wired, second.cursor, seconds=1).arrived == []
    assert platform.poll(wired, second.cursor, seconds=1).cursor == "1131"


def test_an_event_has_the_same_contents_fetched_or_sent(portal: loopback.Bitrix24) -> None:
    for kind in loopback.EVENTS:
        portal.happened(kind, loopback.documented(kind))
    fetched = platform.poll(installed(portal), "", seconds=1).arrived
    by_sending = [arrived for kind in loopback.EVENTS for arrived in received(event(kind)).arrived]
    assert [replace(each, event_id="") for each in fetched] == [replace(each, event_id="") for each in by_sending]


def test_a_connection_to_which_events_are_sent_fetches_none() -> None:
    assert platform.poll(wiring(), "7", seconds=1) == contract.Polled(arrived=(), cursor="7", wait=60.0)
