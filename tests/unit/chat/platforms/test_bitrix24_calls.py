"""Our calls of Bitrix24: what people see, what failures mean, how the bot is installed. Against a Bitrix24 on loopback."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from apps.chat.content import Button, Content, Link, Row
from apps.chat.platforms.contract import PlatformError, Received
from tests.platforms import bitrix24 as loopback
from tests.platforms.loopback import RESET, Given, closed_port
from tests.unit.chat.platforms.bitrix24_wired import EVERYTHING, STAMP, failure, hook, installed, platform, wiring


@pytest.fixture
def portal() -> Iterator[loopback.Bitrix24]:
    with loopback.serving() as server:
        yield server


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
