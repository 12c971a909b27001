"""Bitrix24's events in, our calls out: against documented payloads, and a Bitrix24 on loopback."""

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.chat.content import Button, Content, Link, Row
from apps.chat.platforms import contract
from apps.chat.platforms.bitrix24 import Bitrix24, form
from apps.chat.platforms.contract import Arrived, Hook, PlatformError, Received, Refused, Wiring
from tests.platforms import bitrix24 as loopback
from tests.platforms.loopback import RESET, Given, closed_port
from tests.platforms.mutated import mutated

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
STAMP = NOW.timestamp()
PORTAL = "some-domain.bitrix24.ru"
PATH = "a-secret-path-of-24-bytes"
platform: contract.Platform = Bitrix24()
EVERYTHING = Content(
    title="Invoice report",
    text="March is [b]done[/b].\n>> not a quote\n[2023] stays",
    rows=(Row(label="Client", value="Meyer [user=all]x[/user]", note="from [i]you[/i]"), Row(label="Paid", value="")),
    notes=("Takes about a minute.",),
    links=(Link(label="Open]", url="https://example.org/[7]"), Link(label="Odd", url="javascript:alert(1)")),
    buttons=(Button(label="Yes", value="confirm:7", style="primary"), Button(label="No", value="x", style="danger")),
    percent=40,
)


def wiring(*, url: str = f"https://{PORTAL}/rest/1/{loopback.CODE}/", secrets: Any = None, **settings: str) -> Wiring:
    """A connection that is installed, and to which events are sent."""
    kept = {"bot_token": "t" * 40, "path_secret": PATH, "application_token": loopback.APPLICATION_TOKEN}
    known = {"mode": "webhook", "bot_id": "456", "member_id": loopback.MEMBER, "installation": ""}
    return Wiring(
        id=1, key="finance", name="Finance bot", hook_url="https://chantilly.example.org/chat/hooks/finance",
        settings=known | settings, secrets={"webhook_url": url} | kept | (secrets or {}),
    )  # fmt: skip


def hook(body: bytes, *, rest: str = PATH, now: datetime = NOW, method: str = "POST") -> Hook:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Hook(method=method, headers=headers, query={}, body=body, now=now, rest=rest)


def event(kind: str, **changes: Any) -> dict[str, Any]:
    return loopback.sent(kind, merged(loopback.documented(kind), changes), STAMP, PORTAL)


def merged(tree: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    tree = copy.deepcopy(tree)
    for name, value in changes.items():
        tree[name] = (
            merged(tree[name], value) if isinstance(value, dict) and isinstance(tree.get(name), dict) else value
        )
    return tree


def received(payload: dict[str, Any], wired: Wiring | None = None, **how: Any) -> Received:
    return platform.receive(wired or wiring(), hook(loopback.form(payload), **how))


def one(kind: str, **changes: Any) -> Arrived:
    (arrived,) = received(event(kind, **changes)).arrived
    return arrived


@pytest.fixture
def portal() -> Iterator[loopback.Bitrix24]:
    with loopback.serving() as server:
        yield server


def installed(portal: loopback.Bitrix24, mode: str = "fetch") -> Wiring:
    """As an administrator does it: the address of the webhook, then Install."""
    bare = Wiring(
        id=1, key="finance", name="Finance bot", hook_url="https://chantilly.example.org/chat/hooks/finance",
        settings={"mode": mode}, secrets={"webhook_url": portal.webhook_url},
    )  # fmt: skip
    found = platform.install(bare)
    kept = {name: value for name, value in found["secrets"].items() if value}
    return replace(bare, settings={"mode": mode} | found["settings"], secrets=bare.secrets | kept)


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


# What we say


def test_a_message_is_sent_with_a_keyboard_and_edited_without_one(portal: loopback.Bitrix24) -> None:
    wired = installed(portal)
    number = platform.send(wired, "chat5", EVERYTHING, key="k", about="700")
    message = portal.messages[int(number)]
    assert [each["COMMAND_PARAMS"] for each in message["keyboard"]["BUTTONS"]] == ["confirm:7", "x"]
    assert [each["BG_COLOR_TOKEN"] for each in message["keyboard"]["BUTTONS"]] == ["primary", "alert"]
    assert message["replyId"] == 700
    platform.edit(wired, "chat5", number, Content(text="Done"))
    assert (message["message"], message["keyboard"]) == ("Done", "N")
    alone = platform.send(wired, "1", Content(text="Hello"), key="k", about="700")
    assert "replyId" not in portal.messages[int(alone)]


def test_everything_of_the_content_is_seen_as_it_was_written(portal: loopback.Bitrix24) -> None:
    number = platform.send(installed(portal), "1", EVERYTHING, key="k")
    text = portal.messages[int(number)]["message"]
    assert text.replace("\u2060", "") == (
        "[b]Invoice report[/b]\n\nMarch is [b]done[/b].\n>> not a quote\n[2023] stays\n\n"
        "[b]Client:[/b] Meyer [user=all]x[/user] (from [i]you[/i])\n[b]Paid:[/b] –\n\n"
        "████████░░░░░░░░░░░░ 40 %\n\nTakes about a minute.\n\n"
        "[url=https://example.org/%5B7%5D]Open][/url]\nOdd: javascript:alert(1)"
    )
    assert loopback.read_as_markup(text) == [
        "[b]", "[/b]", "[b]", "[/b]", "[b]", "[/b]", "[url=https://example.org/%5B7%5D]", "[/url]",
    ]  # fmt: skip
    assert "[2023]" in text


def test_no_markup_of_texts_comes_out(portal: loopback.Bitrix24) -> None:
    evil = "[b]x[/b] [user=all]x[/user] [PUT=/pay]x[/PUT] [send=x]y[/send] [[url=http://e.org]] [br] [disk=1] [icon=http://e.org]"
    evil += "\n>>quote\n------------------------------------------------------\n[/url][/b]"
    rows, notes = (Row(label=evil, value=evil, note=evil),), (evil,)
    links, buttons = (Link(label=evil, url="https://e.org/][b]x"),), (Button(label=evil, value="v"),)
    content = Content(title=evil, text=evil, rows=rows, notes=notes, links=links, buttons=buttons)
    wired = installed(portal)
    number = platform.send(wired, "1", content, key="k")
    ours = ["[b]", "[/b]", "[b]", "[/b]", "[url=https://e.org/%5D%5Bb%5Dx]", "[/url]"]
    assert loopback.read_as_markup(portal.messages[int(number)]["message"]) == ours
    platform.edit(wired, "1", number, content)
    assert loopback.read_as_markup(portal.messages[int(number)]["message"]) == ours


def test_the_loopback_sees_markup_where_there_is_some() -> None:
    assert loopback.read_as_markup("[b]x[/b] [USER=all]y[/user]\n>>z") == ["[b]", "[/b]", "[USER=all]", "[/user]", ">>"]


@pytest.mark.parametrize("word", ["word ", "[b]", "[a", "\U0001f600"])
def test_what_is_too_long_is_cut_and_says_so(word: str, portal: loopback.Bitrix24) -> None:
    long = word * 20_000
    links = [Link(label="x", url=f"https://example.org/{'я' * 300}") for _ in range(30)]
    buttons = [Button(label=long, value=str(place)) for place in range(40)]
    platform.send(installed(portal), "1", Content(title="x", links=links), key="k")
    assert portal.messages[789]["message"].endswith("[…]")
    number = platform.send(installed(portal), "1", Content(title=long, text=long, buttons=buttons), key="k")
    message = portal.messages[int(number)]
    assert "[…]" in message["message"]
    assert len(message["message"]) <= 20_000
    assert "(...)" not in message["message"]
    assert len(message["keyboard"]["BUTTONS"]) == 20


@pytest.mark.parametrize("content", [Content(), Content(text="  "), Content(buttons=(Button(label="", value="v"),))])
def test_even_next_to_nothing_can_be_sent(content: Content, portal: loopback.Bitrix24) -> None:
    assert platform.send(installed(portal), "1", content, key="k")


def test_a_file_is_uploaded_into_the_chat(portal: loopback.Bitrix24) -> None:
    data = bytes(range(256)) * 400
    number = platform.send_file(installed(portal), "chat5", "Bericht\n/März.pdf", "application/pdf", data, key="k")
    assert portal.files == [{"dialogId": "chat5", "name": "Bericht März.pdf", "data": data}]
    assert int(number) in portal.messages


def failure(call: Callable[[], object]) -> PlatformError:
    with pytest.raises(PlatformError) as raised:
        call()
    assert loopback.CODE not in str(raised.value)
    return raised.value


def said(status: int, body: Any, **headers: str) -> Given:
    return Given(status=status, body=body if isinstance(body, bytes) else json.dumps(body).encode(), headers=headers)


def test_an_empty_file_is_not_tried(portal: loopback.Bitrix24) -> None:
    wired = installed(portal)
    assert failure(lambda: platform.send_file(wired, "1", "a.txt", "text/plain", b"", key="k")).is_permanent


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (said(503, {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}), 5),
        (said(429, {"error": "OPERATION_TIME_LIMIT"}), 60),
        (said(429, {"error": "OPERATION_TIME_LIMIT"}, **{"Retry-After": "9"}), 9),
        (said(429, b""), 5),
        (said(503, {"error": "OVERLOAD_LIMIT"}), 300),
    ],
)
def test_a_limit_says_how_long_to_wait(answer: Given, seconds: float, portal: loopback.Bitrix24) -> None:
    wired = installed(portal)
    portal.faults = [answer]
    error = failure(lambda: platform.send(wired, "1", EVERYTHING, key="k"))
    assert (error.retry_after, error.is_permanent, error.is_unsure) == (seconds, False, False)


def test_the_bucket_of_the_portal_runs_over_and_is_said_to() -> None:
    with loopback.serving(loopback.Bitrix24(limit=10)) as portal:
        wired = installed(portal)
        errors = []
        for _ in range(20):
            try:
                platform.send(wired, "1", Content(text="x"), key="k")
            except PlatformError as error:
                errors.append(error.retry_after)
        assert errors
        assert set(errors) == {5.0}


@pytest.mark.parametrize(
    "error", ["NO_AUTH_FOUND", "BOT_NOT_FOUND", "ACCESS_DENIED", "EMPTY_MESSAGE", "insufficient_scope"]
)
def test_a_refusal_is_permanent(error: str, portal: loopback.Bitrix24) -> None:
    wired = installed(portal)
    portal.faults = [said(403, {"error": error, "error_description": "no"})]
    found = failure(lambda: platform.send(wired, "1", EVERYTHING, key="k"))
    assert found.is_permanent
    assert error in found.message


def test_a_dialog_that_is_gone_and_a_message_of_others_are_refused_for_good(portal: loopback.Bitrix24) -> None:
    wired = installed(portal)
    assert failure(lambda: platform.send(wired, "chat9", EVERYTHING, key="k")).is_permanent
    assert failure(lambda: platform.edit(wired, "chat5", "1", EVERYTHING)).is_permanent
    assert failure(lambda: platform.edit(wired, "chat5", "what", EVERYTHING)).is_permanent


def test_an_answer_that_was_lost_leaves_it_unsure_and_is_not_asked_again(portal: loopback.Bitrix24) -> None:
    wired = installed(portal)
    portal.faults, before = [RESET], len(portal.requests)
    error = failure(lambda: platform.send(wired, "1", EVERYTHING, key="k"))
    assert error.is_unsure
    assert not error.is_permanent
    assert len(portal.requests) == before + 1


@pytest.mark.parametrize(
    ("answer", "is_unsure"),
    [
        (said(500, {"error": "INTERNAL_SERVER_ERROR"}), True),
        (said(502, b"<html>"), True),
        (said(200, b"<html>"), True),
        (said(200, b"[" * 100_000), True),
        (said(200, b"[]"), True),
        (said(200, {"result": None}), True),
        (said(200, {"result": {"id": "x"}}), True),
        (said(400, {"error": "SENDING_FAILED"}), False),
        (said(302, b"", Location="https://evil.example.org/rest/1/x/"), False),
        (said(400, {"error": ["odd"]}), False),
    ],
)
def test_an_answer_that_says_nothing_is_an_error_of_the_platform(
    answer: Given, is_unsure: bool, portal: loopback.Bitrix24
) -> None:
    wired = installed(portal)
    portal.faults = [answer]
    assert failure(lambda: platform.send(wired, "1", EVERYTHING, key="k")).is_unsure == is_unsure


def test_a_portal_that_has_moved_is_not_followed_with_our_secret(portal: loopback.Bitrix24) -> None:
    wired, before = installed(portal), len(portal.requests)
    portal.faults = [said(302, b"", Location=f"{portal.webhook_url}imbot.v2.Chat.Message.send")]
    error = failure(lambda: platform.send(wired, "1", EVERYTHING, key="k"))
    assert error.is_permanent
    assert "moved" in error.message
    assert len(portal.requests) == before + 1


def test_a_portal_that_is_not_there_has_done_nothing() -> None:
    wired = wiring(url=f"http://127.0.0.1:{closed_port()}/rest/1/{loopback.CODE}/")
    error = failure(lambda: platform.send(wired, "1", EVERYTHING, key="k"))
    assert not error.is_unsure
    assert not error.is_permanent


@pytest.mark.parametrize(
    "url", ["", "https://acme.bitrix24.com", "ftp://a/rest/1/x/", "https://a/rest/1/../x", "https://a b/rest/1/x"]
)
def test_an_address_that_is_no_webhook_is_said_to_be_none(url: str) -> None:
    for call in (platform.check, platform.install, lambda wired: platform.send(wired, "1", EVERYTHING, key="k")):
        error = failure(lambda call=call: call(wiring(url=url)))
        assert error.is_permanent
        assert "incoming webhook" in error.message


# Installing


def test_an_installation_may_be_repeated_and_changes_the_way_of_events(portal: loopback.Bitrix24) -> None:
    wired = installed(portal)
    assert platform.check(wired) == f"{portal.host} knows our bot as number 456; its events are fetched."
    sent = installed(portal, "webhook")
    (bot,) = portal.bots.values()
    assert (bot["eventMode"], bot["properties"]) == ("webhook", {"name": "Finance bot"})
    assert bot["webhookUrl"] == f"https://chantilly.example.org/chat/hooks/finance/{sent.secrets['path_secret']}"
    assert len(sent.secrets["path_secret"]) >= 32
    assert "Write to it once" in platform.check(sent)
    assert "press Install" in failure(lambda: platform.check(wired)).message
    installed(portal)
    assert bot["eventMode"] == "fetch"


def test_an_installation_whose_answer_was_lost_finds_its_bot_again(portal: loopback.Bitrix24) -> None:
    portal.faults = [RESET]
    failure(lambda: installed(portal))
    first = installed(portal)
    assert installed(portal).secrets["bot_token"] == first.secrets["bot_token"]
    assert len(first.secrets["bot_token"]) == 40
    assert len(portal.bots) == 1


def test_after_the_installation_a_sent_event_is_taken_and_its_token_is_kept(portal: loopback.Bitrix24) -> None:
    wired = installed(portal, "webhook")
    payload = loopback.sent("ONIMBOTV2MESSAGEADD", loopback.documented("ONIMBOTV2MESSAGEADD"), STAMP, portal.host)
    asked = hook(loopback.form(payload), rest=wired.secrets["path_secret"])
    found = platform.receive(wired, asked)
    assert found.arrived[0].text == "Hello bot!"
    learned = replace(wired, settings=wired.settings | found.settings, secrets=wired.secrets | found.secrets)
    assert platform.receive(learned, asked) == Received(arrived=found.arrived)
    assert "its events are sent to us" in platform.check(learned)


def test_a_bot_is_unregistered_once_and_again(portal: loopback.Bitrix24) -> None:
    wired = installed(portal)
    platform.uninstall(wired)
    assert portal.bots == {}
    platform.uninstall(wired)
    platform.uninstall(wiring(url=portal.webhook_url, bot_id=""))
    error = failure(lambda: platform.send(wiring(url=portal.webhook_url, bot_id=""), "1", EVERYTHING, key="k"))
    assert "press Install" in error.message


def test_the_guide_tells_no_secrets() -> None:
    told = " ".join(platform.guide(wiring()))
    assert "https://chantilly.example.org/chat/hooks/finance" in told
    for secret in wiring().secrets.values():
        assert secret not in told


# The loopback, against what is documented

ARGS = {
    "botId": 456, "dialogId": "chat5", "code": "chantilly_finance", "messageId": 789,
    "fields": {"message": "x", "name": "a.txt", "content": "YQ==", "command": "help", "title": {"en": "Help"}},
}  # fmt: skip


@pytest.mark.parametrize("method", [path.stem for path in sorted(loopback.PAYLOADS.glob("imbot.v2.*.json"))])
def test_the_loopback_answers_with_the_documented_fields(method: str, portal: loopback.Bitrix24) -> None:
    wired = installed(portal)
    platform.send(wired, "chat5", Content(text="x"), key="k")
    portal.happened("ONIMBOTV2MESSAGEADD", {})
    args = copy.deepcopy(ARGS | {"botToken": wired.secrets["bot_token"]})
    if method.endswith("Bot.register"):
        args["fields"] = {"code": "chantilly_finance", "botToken": args["botToken"], "properties": {"name": "x"}}
    found = json.loads(portal.answer(_request(method, args)).body)
    assert shape(loopback.documented(method)["result"]) <= shape(found["result"])


def _request(method: str, args: dict[str, Any]) -> Any:
    return loopback.Request(path=f"/rest/1/{loopback.CODE}/{method}", headers={}, body=json.dumps(args).encode())


def shape(value: Any, path: str = "") -> set[str]:
    """The paths of all fields, and the kinds of their values."""
    if isinstance(value, dict):
        return {each for name, child in value.items() for each in shape(child, f"{path}.{name}")} | {path}
    if isinstance(value, list):
        return {each for child in value for each in shape(child, f"{path}[]")} | {path}
    return {f"{path}: {type(value).__name__}"}


@pytest.mark.parametrize(
    ("method", "changes", "error"),
    [
        ("imbot.v2.Chat.Message.send", {"botToken": ""}, "BOT_TOKEN_NOT_SPECIFIED"),
        ("imbot.v2.Chat.Message.send", {"botId": 0}, "BOT_ID_REQUIRED"),
        ("imbot.v2.Chat.Message.send", {"botId": 7}, "BOT_NOT_FOUND"),
        ("imbot.v2.Chat.Message.send", {"botToken": "other"}, "BOT_OWNERSHIP_ERROR"),
        ("imbot.v2.Chat.Message.send", {"fields": {"message": ""}}, "EMPTY_MESSAGE"),
        ("imbot.v2.Chat.Message.send", {"dialogId": "chat77"}, "ACCESS_DENIED"),
        ("imbot.v2.File.upload", {"fields": {"name": "a", "content": "?"}}, "FILE_INVALID_CONTENT"),
        ("imbot.v2.Command.register", {"fields": {"command": "x"}}, "COMMAND_TITLE_REQUIRED"),
        ("imbot.v2.Bot.update", {"fields": {"eventMode": "push"}}, "BOT_INVALID_EVENT_MODE"),
        ("imbot.v2.Bot.register", {"fields": {"code": "a", "botToken": "t" * 41}}, "BOT_TOKEN_INVALID_LENGTH"),
        ("imbot.v2.Unheard.of", {}, "ERROR_METHOD_NOT_FOUND"),
    ],
)
def test_the_loopback_refuses_as_documented(method: str, changes: Any, error: str, portal: loopback.Bitrix24) -> None:
    args = ARGS | {"botToken": installed(portal).secrets["bot_token"]} | changes
    given = portal.answer(_request(method, args))
    assert json.loads(given.body)["error"] == error
    assert loopback.documented("error").keys() == json.loads(given.body).keys()
