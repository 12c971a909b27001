"""Our calls of Slack's Web API: what people see, and what failures mean. Against a Slack on loopback."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from apps.chat.content import Button, Content, Link, Row
from apps.chat.platforms.contract import PlatformError, Wiring
from apps.chat.platforms.slack.platform import manifest
from tests.platforms import slack as loopback
from tests.unit.chat.platforms.slack_wired import EVERYTHING, failure, platform, wiring


@pytest.fixture
def slack() -> Iterator[loopback.Slack]:
    with loopback.serving() as server:
        yield server


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


def test_a_command_is_answered_at_its_address_to_the_person_alone(slack: loopback.Slack) -> None:
    slack.responses["/commands/T1/1"] = []
    wired = wiring(slack.url)
    assert platform.send(wired, "C1/U1", EVERYTHING, key="k", about=f"{slack.url}commands/T1/1") == ""
    (said,) = slack.responses["/commands/T1/1"]
    assert said["response_type"] == "ephemeral"
    assert not any("<" in text for text in loopback.read_as_markup(said))
    assert "Invoice report" in "\n".join(loopback.seen_texts(said))
    assert slack.calls == [], "not by the app's own token"


def test_a_command_whose_time_is_over_is_given_up_and_takes_no_edits_and_files(slack: loopback.Slack) -> None:
    wired, url = wiring(slack.url), f"{slack.url}commands/T1/gone"
    for call in (
        lambda: platform.send(wired, "C1/U1", EVERYTHING, key="k", about=url),
        lambda: platform.send(wired, "C1/U1", EVERYTHING, key="k"),
        lambda: platform.send(wired, "C1/U1", EVERYTHING, key="k", about="https://evil.example/"),
        lambda: platform.edit(wired, "C1/U1", "1.1", EVERYTHING),
        lambda: platform.send_file(wired, "C1/U1", "a.txt", "text/plain", b"x", key="k"),
    ):
        assert failure(call).is_permanent


def test_an_app_of_before_the_command_passes_the_test_without_its_permission(slack: loopback.Slack) -> None:
    assert "commands" not in slack.scopes
    assert platform.check(wiring(slack.url)) == "Slack knows us as finance in Acme."
    made = manifest(wiring())
    assert "commands" in made["oauth_config"]["scopes"]["bot"]
    assert (
        made["features"]["slash_commands"][0] | {"command": "/chantilly", "url": wiring().hook_url}
        == (made["features"]["slash_commands"][0])
    )


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
