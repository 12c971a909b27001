"""What every platform owes (apps/chat/platforms/contract.py), tried on all that are installed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings as site

from apps.chat.content import Button, Content, Link, Row
from apps.chat.platforms import names, platform
from apps.chat.platforms.contract import Arrived, Field, Limits, PlatformError, Refused, Wiring
from apps.chat.platforms.texts import CUT
from tests.platforms import worlds
from tests.platforms.worlds import WORLDS
from tests.unit.chat.platforms.hooks import hook

MARKUP = [
    "<b>x</b> <script>alert(1)</script> <img src=x onerror=y>",
    "*x* _y_ ~z~ `c` **d** __e__ ||f||",
    "[a](https://evil.example) <https://evil.example|bank>",
    "[b]x[/b] [url=https://evil.example]y[/url] [user=1]z[/user] [put=/x]p[/put]",
    "<!channel> <!here> <@U1> <at>all</at> <#C1>",
    "{{7*7}} {% x %} ${x} @{x} {{DATE(2017-02-14T06:08:00Z,SHORT)}}",
    "&lt;b&gt; &amp; \\*x\\* \\u0041",
    "# x",
    ">> quoted",
    "1. x\n- y\n***\nz",
]
MUCH = Content(text="word " * 10_000, rows=[Row(label="Row", value="x" * 500)] * 200)
SENT = Content(
    text="hello", buttons=[Button(label="Yes", value="y")], links=[Link(label="a", url="https://x.example/")]
)


def wired(found: Mapping[str, Any]) -> Wiring:
    return Wiring(
        id=1, key="finance", name="Finance bot", settings=found.get("settings", {}), secrets=found.get("secrets", {}),
        hook_url="https://chantilly.example.org/chat/hooks/finance",
    )  # fmt: skip


def installed(key: str, address: worlds.Address) -> Wiring:
    """The connection, and what its installation remembered of it."""
    before = wired(address)
    made = platform(key).install(before) if key == "bitrix24" else {}
    return wired(
        {name: {**getattr(before, name), **made.get(name, {})} for name in ("settings", "secrets")}
    )  # fmt: skip


@pytest.fixture
def reached(settings):
    """A loopback server, the connection to it, and what it shows."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    opened = []

    def open_(key: str):
        world = WORLDS[key].reached()
        opened.append(world)
        address, seen = world.__enter__()
        return installed(key, address), seen

    yield open_
    for world in opened:
        world.__exit__(None, None, None)


def test_every_platform_that_is_installed_is_tried_here():
    assert WORLDS.keys() == site.CHAT_PLATFORMS.keys()
    assert len(set(names().values())) == len(WORLDS)


@pytest.mark.parametrize("key", WORLDS)
def test_a_platform_says_what_it_is_and_takes(key):
    made = platform(key)
    assert made.key == key
    assert isinstance(made.limits, Limits)
    assert made.limits.text >= 1000
    assert made.limits.per_second > 0 < made.limits.burst
    assert all(isinstance(each, Field) and each.label for each in made.fields)
    assert len({each.name for each in made.fields}) == len(made.fields)
    assert all(each.default in dict(each.choices) for each in made.fields if each.choices)


@pytest.mark.parametrize("key", WORLDS)
def test_the_guide_is_sentences_with_or_without_values(key):
    for found in (worlds.connection(WORLDS[key]), {}):
        steps = platform(key).guide(wired(found))
        assert steps
        assert all(isinstance(step, str) and step.strip() for step in steps)
        assert not any(secret in step for step in steps for secret in found.get("secrets", {}).values())


@pytest.mark.parametrize("key", worlds.names("request"))
def test_a_request_that_is_rightly_signed_arrives(key):
    world, now = WORLDS[key], datetime.now(UTC)
    body, headers = world.request(now)
    received = platform(key).receive(wired(worlds.connection(world)), hook(body, headers, now=now, rest=world.rest))
    assert received.arrived
    assert all(isinstance(each, Arrived) and each.dialog and each.sender and each.event_id for each in received.arrived)


@pytest.mark.parametrize("key", WORLDS)
@pytest.mark.parametrize("lacks", ["all", "each", "blank"])
def test_without_its_secrets_everything_is_refused(key, lacks):
    world, now = WORLDS[key], datetime.now(UTC)
    body, headers = world.request(now) if world.request else (b"{}", {})
    kept = {"all": {}, "each": dict.fromkeys(world.secrets, ""), "blank": dict.fromkeys(world.secrets, " ")}[lacks]
    for given in (headers, {}):
        with pytest.raises(Refused) as caught:
            platform(key).receive(
                wired({"settings": world.settings, "secrets": kept}), hook(body, given, now=now, rest=world.rest)
            )
        assert caught.value.status in (401, 403, 404)


@pytest.mark.parametrize("key", worlds.names("request"))
def test_what_does_not_say_who_sends_it_is_refused_whatever_it_is(key):
    world, now = WORLDS[key], datetime.now(UTC)
    body, headers = world.request(now)
    bare = {name: value for name, value in headers.items() if name.lower() == "content-type"}
    for bent in (b"", b"{}", b"[" * 100_000, body[: len(body) // 2]):
        with pytest.raises(Refused) as caught:
            platform(key).receive(wired(worlds.connection(world)), hook(bent, bare, now=now))
        assert caught.value.status in (400, 401, 403)


@pytest.mark.parametrize("text", MARKUP, ids=range(len(MARKUP)))
@pytest.mark.parametrize("key", worlds.names("reached"))
def test_texts_with_markup_come_out_literally(key, text, reached):
    wiring, seen = reached(key)
    line = text.replace("\n", " ")
    content = Content(
        title=line, text=text, rows=[Row(label="Row", value=line, note=line)], notes=[f"note: {line}"],
        links=[Link(label=line, url="https://x.example/")], buttons=[Button(label=line, value="v")],
    )  # fmt: skip
    platform(key).send(wiring, WORLDS[key].dialog, content, key="k")
    shown = "\n".join(seen())
    assert all(part in shown for part in text.split("\n"))
    assert shown.count(line) >= 4


@pytest.mark.parametrize("key", worlds.names("reached"))
def test_a_text_that_is_too_long_is_cut_and_says_so(key, reached):
    wiring, seen = reached(key)
    platform(key).send(wiring, WORLDS[key].dialog, MUCH, key="k")
    assert CUT.strip() in "\n".join(seen())


@pytest.mark.parametrize("key", worlds.names("gone"))
def test_a_server_that_is_gone_is_a_platform_error_and_never_for_good(key, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    wiring, made, dialog = wired(WORLDS[key].gone()), platform(key), WORLDS[key].dialog
    acts = [lambda: made.send(wiring, dialog, SENT, key="k")]
    if made.limits.file_bytes:
        acts.append(lambda: made.send_file(wiring, dialog, "a.txt", "text/plain", b"x", key="k"))
    if made.limits.can_edit:
        acts.append(lambda: made.edit(wiring, dialog, "1", SENT))
    if made.polls:
        acts.append(lambda: made.poll(wiring, "", seconds=0.0))
    for act in acts:
        with pytest.raises(PlatformError) as caught:
            act()
        assert not caught.value.is_permanent
        assert not any(secret in str(caught.value) for secret in wiring.secrets.values())


@pytest.mark.parametrize("key", WORLDS)
def test_a_connection_in_which_nothing_was_entered_raises_nothing_else(key, settings):
    settings.EMAIL_HOST = ""
    made, empty = platform(key), wired({})
    for act in (
        lambda: made.send(empty, "d", SENT, key="k"),
        lambda: made.edit(empty, "d", "m", SENT),
        lambda: made.send_file(empty, "d", "a", "text/plain", b"x", key="k"),
        lambda: made.poll(empty, "", seconds=0.0),
        lambda: made.check(empty),
        lambda: made.install(empty),
        lambda: made.uninstall(empty),
    ):
        try:
            act()
        except PlatformError as error:
            assert error.message


@pytest.mark.parametrize("key", worlds.names("reached"))
def test_odd_dialogs_messages_and_cursors_raise_nothing_else(key, reached):
    wiring, _ = reached(key)
    made = platform(key)
    for odd in ("", "\x00", "x" * 5000, "-1:x:y", "../..", "é\udc80"):
        for act in (
            lambda odd=odd: made.send(wiring, odd, SENT, key="k", about=odd),
            lambda odd=odd: made.edit(wiring, odd, odd, SENT),
            lambda odd=odd: made.send_file(wiring, odd, odd, odd, b"x", key="k"),
            lambda odd=odd: made.poll(wiring, odd, seconds=0.0),
        ):
            try:
                act()
            except PlatformError as error:
                assert error.message
