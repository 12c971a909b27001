"""Each platform that is installed, with its loopback server: what all of them owe is tried on all of them alike."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from tests import postbox
from tests.platforms import bitrix24, slack, teams, telegram, webhook
from tests.platforms.loopback import closed_port

Seen = Callable[[], list[str]]
Made = Callable[[datetime], tuple[bytes, Mapping[str, str]]]
Address = Mapping[str, Mapping[str, str]]
"""{'settings': …, 'secrets': …} of a connection."""
JOINERS = re.compile("[\u2060\u200b]")


@dataclass(frozen=True, kw_only=True)
class World:
    """`request`: what the platform sends, rightly made with `secrets`. `reached`: a server, and the texts that it shows, as
    people read them; it refuses what would be read as markup. `gone`: where nobody listens. `bots`: what is rightly made
    and says what we or another bot wrote."""

    dialog: str
    secrets: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    rest: str = ""
    request: Made | None = None
    bots: Sequence[Made] = ()
    reached: Callable[[], AbstractContextManager[tuple[Address, Seen]]] | None = None
    gone: Callable[[], Address] | None = None


def _nowhere() -> str:
    return f"http://127.0.0.1:{closed_port()}"


# Slack


@contextmanager
def _slack() -> Iterator[tuple[Address, Seen]]:
    with slack.serving() as server:
        address = {"settings": {"api_url": f"{server.url}api/"}, "secrets": {"bot_token": slack.TOKEN}}

        def seen() -> list[str]:
            assert not any("<" in text for shown in server.shown for text in slack.read_as_markup(shown))
            return [text for shown in server.shown for text in slack.seen_texts(shown)]

        yield address, seen


def _slack_bots(name: str, **changes: Any) -> Made:
    def made(now: datetime) -> tuple[bytes, Mapping[str, str]]:
        event = slack.documented(name)
        event["event"] |= changes
        return slack.event_request(event, now.timestamp())

    return made


SLACK = World(
    dialog="D111",
    secrets={"signing_secret": slack.SECRET, "bot_token": slack.TOKEN},
    request=lambda now: slack.event_request(slack.documented("message.im"), now.timestamp()),
    settings={"bot_user_id": slack.BOT},
    bots=(
        _slack_bots("message.bot"),
        _slack_bots("message.classic_bot"),
        _slack_bots("message.im", user=slack.BOT),
        _slack_bots("message.im", user="USLACKBOT"),
        _slack_bots("message.im", bot_id="B999"),
    ),
    reached=_slack,
    gone=lambda: {"settings": {"api_url": f"{_nowhere()}/"}, "secrets": {"bot_token": slack.TOKEN}},
)

# Bitrix24

FORM = "application/x-www-form-urlencoded"
PORTAL = "some-domain.bitrix24.ru"
PATH = "a-secret-path-of-24-bytes"


@contextmanager
def _bitrix24() -> Iterator[tuple[Address, Seen]]:
    with bitrix24.serving() as server:

        def seen() -> list[str]:
            texts = [message["message"] for message in server.messages.values()]
            ours = re.compile(r"\[/?[bi]\]|\[url=https://x\.example/\]|\[/url\]")
            assert not any(bitrix24.read_as_markup(ours.sub("", text)) for text in texts)
            return [JOINERS.sub("", ours.sub("", text)) for text in texts]

        yield {"settings": {"mode": "fetch"}, "secrets": {"webhook_url": server.webhook_url}}, seen


def _bitrix24_request(now: datetime) -> tuple[bytes, Mapping[str, str]]:
    kind = "ONIMBOTV2MESSAGEADD"
    event = bitrix24.sent(kind, bitrix24.documented(kind), now.timestamp(), PORTAL)
    return bitrix24.form(event), {"Content-Type": FORM}


def _bitrix24_bots(**changes: Mapping[str, Any]) -> Made:
    def made(now: datetime) -> tuple[bytes, Mapping[str, str]]:
        kind = "ONIMBOTV2MESSAGEADD"
        data = bitrix24.documented(kind)
        for name, values in changes.items():
            data[name] |= values
        return bitrix24.form(bitrix24.sent(kind, data, now.timestamp(), PORTAL)), {"Content-Type": FORM}

    return made


BITRIX24 = World(
    dialog="chat5",
    secrets={
        "webhook_url": f"https://{PORTAL}/rest/1/{bitrix24.CODE}/", "bot_token": "t" * 40, "path_secret": PATH,
        "application_token": bitrix24.APPLICATION_TOKEN,
    },
    settings={"mode": "webhook", "bot_id": "456", "member_id": bitrix24.MEMBER, "installation": ""},
    rest=PATH,
    request=_bitrix24_request,
    bots=(
        _bitrix24_bots(user={"bot": True}), _bitrix24_bots(message={"authorId": bitrix24.BOT_ID}),
        _bitrix24_bots(message={"isSystem": True}), _bitrix24_bots(user={"id": bitrix24.BOT_ID}),
    ),
    reached=_bitrix24,
    gone=lambda: {
        "settings": {"bot_id": "456"},
        "secrets": {"webhook_url": f"{_nowhere()}/rest/1/{bitrix24.CODE}/", "bot_token": "t" * 40},
    },
)  # fmt: skip

# Telegram


@contextmanager
def _telegram() -> Iterator[tuple[Address, Seen]]:
    with telegram.serving() as server:
        yield {"settings": {"api_url": server.url}, "secrets": {"token": telegram.TOKEN}}, lambda: server.shown


TELEGRAM_SECRET = "a-secret_of-16-or-more"


def _telegram_bot(number: int) -> Made:
    def made(now: datetime) -> tuple[bytes, Mapping[str, str]]:
        update = telegram.payload("message")
        update["message"]["from"] |= {"id": number, "is_bot": True}
        return json.dumps(update).encode(), {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET}

    return made


TELEGRAM = World(
    dialog="5519214459",
    secrets={"token": telegram.TOKEN, "webhook_secret": TELEGRAM_SECRET},
    bots=(_telegram_bot(1), _telegram_bot(int(telegram.TOKEN.partition(":")[0]))),
    request=lambda now: (
        json.dumps(telegram.payload("message")).encode(), {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET},
    ),
    reached=_telegram,
    gone=lambda: {"settings": {"api_url": _nowhere()}, "secrets": {"token": telegram.TOKEN}},
)  # fmt: skip

# Microsoft Teams


@contextmanager
def _teams() -> Iterator[tuple[Address, Seen]]:
    with teams.serving() as server:
        address = {
            "settings": {"workflow_channel": teams.LINK},
            "secrets": {"key": teams.KEY, "workflow_url": server.address},
        }
        yield address, lambda: [JOINERS.sub("", line) for post in server.posts for line in post]


def _teams_request(now: datetime) -> tuple[bytes, Mapping[str, str]]:
    body = teams.mentioned("hello", at=now.astimezone(UTC))
    return body, teams.signed(body)


def _teams_bot(**who: str) -> Made:
    def made(now: datetime) -> tuple[bytes, Mapping[str, str]]:
        body = teams.mentioned("hello", at=now.astimezone(UTC), **{"from": {"name": "Bot", **who}})
        return body, teams.signed(body)

    return made


TEAMS = World(
    dialog=f"{teams.CHANNEL};messageid=1",
    secrets={"key": teams.KEY},
    request=_teams_request,
    bots=(_teams_bot(id="28:another"), _teams_bot(id="29:x", role="bot")),
    reached=_teams,
    gone=lambda: {
        "settings": {"workflow_channel": teams.LINK}, "secrets": {"key": teams.KEY, "workflow_url": f"{_nowhere()}/x"},
    },
)  # fmt: skip

# The generic webhook


@contextmanager
def _webhook() -> Iterator[tuple[Address, Seen]]:
    with webhook.serving() as server:
        yield {"settings": {"url": server.url}, "secrets": {"secret": webhook.SECRET}}, lambda: server.texts


def _webhook_request(now: datetime) -> tuple[bytes, Mapping[str, str]]:
    body = webhook.said("hello")
    return body, webhook.signed(body, at=now.timestamp())


def _webhook_bot(now: datetime) -> tuple[bytes, Mapping[str, str]]:
    body = webhook.said("hello", is_from_bot=True)
    return body, webhook.signed(body, at=now.timestamp())


WEBHOOK = World(
    dialog="d-1",
    secrets={"secret": webhook.SECRET},
    request=_webhook_request,
    bots=(_webhook_bot,),
    reached=_webhook,
    gone=lambda: {"settings": {"url": _nowhere()}, "secrets": {"secret": webhook.SECRET}},
)

# Mail


@contextmanager
def _mail() -> Iterator[tuple[Address, Seen]]:
    with postbox.opened() as box:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port

        def seen() -> list[str]:
            plain = [message.get_body(("plain",)) for _, message in box.accepted]
            return [part.get_content() for part in plain if part is not None]

        yield {}, seen


def _no_mail() -> Address:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", closed_port()
    return {}


EMAIL = World(dialog="ada@example.org", reached=_mail, gone=_no_mail)

WORLDS: Mapping[str, World] = {
    "page": World(dialog="user-1"), "bitrix24": BITRIX24, "slack": SLACK, "telegram": TELEGRAM, "teams": TEAMS,
    "webhook": WEBHOOK, "email": EMAIL,
}  # fmt: skip


def connection(world: World, address: Address | None = None) -> Mapping[str, Any]:
    """The settings and secrets of a connection: the world's own, or those of an address."""
    return address if address is not None else {"settings": world.settings, "secrets": world.secrets}


def names(having: str) -> Sequence[str]:
    return [key for key, world in WORLDS.items() if getattr(world, having) is not None]
