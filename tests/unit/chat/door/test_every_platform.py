"""What all platforms' requests meet at the door: W1 (signatures), W2 (the same again), W3 (bots), W4 (who is who)."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.http import HttpResponse
from django.test import Client

from apps.chat import turns
from apps.chat.door import replying
from apps.chat.models import Account, Connection, Dialog, Incoming, Post
from apps.core import clock
from apps.tasks.models import Task
from tests.platforms import worlds
from tests.platforms.worlds import WORLDS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("door")]
CALLED = worlds.names("request")
TIMES = 20
TOKEN = worlds.bitrix24.APPLICATION_TOKEN.encode()


@pytest.fixture(autouse=True)
def _nobody_waits_and_nobody_is_tiresome(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(replying, "LONGEST", 0.0)
    caches["local"].clear()
    yield
    caches["local"].clear()


def connected(key: str) -> Connection:
    world = WORLDS[key]
    made = Connection(key="bot", platform=key, name="Finance bot", settings=dict(world.settings))
    made.put_secrets(dict(world.secrets))
    made.save()
    return made


def deliver(key: str, body: bytes, headers: Mapping[str, str]) -> HttpResponse:
    kind = {name.lower(): value for name, value in headers.items()}.get("content-type", "application/json")
    rest = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    path = "/".join(["/chat/hooks/bot", *filter(None, [WORLDS[key].rest])])
    answer: HttpResponse = Client().post(path, body, content_type=kind, headers=rest)
    return answer


def nothing_happened(made: Connection) -> bool:
    before = made.sealed, made.settings
    made.refresh_from_db()
    rows = (Incoming, Post, Dialog, Account, Task)
    return (made.sealed, made.settings) == before and not any(each.objects.exists() for each in rows)


@pytest.mark.parametrize("key", CALLED)
def test_w2_a_delivery_that_comes_twenty_times_is_one_row(key: str) -> None:
    made, request = connected(key), WORLDS[key].request
    assert request is not None
    body, headers = request(datetime.now(UTC))
    assert {deliver(key, body, headers).status_code for _ in range(TIMES)} == {200}
    assert Incoming.objects.filter(connection=made).count() == 1


@pytest.mark.parametrize("key", [key for key in CALLED if key != "telegram"])
def test_w1_an_altered_truncated_or_recoded_body_is_refused_and_changes_nothing(key: str) -> None:
    """Telegram signs no bodies: its secret comes in a header."""
    made, request = connected(key), WORLDS[key].request
    assert request is not None
    body, headers = request(datetime.now(UTC))
    bent = [body[:-1], body + b" ", body.decode().encode("utf-16"), body[: len(body) // 2], b"", b"\x00"]
    if key != "bitrix24":  # it signs nothing: its token is in the body
        bent += [body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :] for place in range(0, len(body), 97)]
    else:
        bent = [body.replace(TOKEN, TOKEN[:-1] + b"0"), body.replace(TOKEN, b""), *bent[2:]]
    for each in bent:
        assert deliver(key, each, headers).status_code in (400, 401), each[:60]
    assert nothing_happened(made)


@pytest.mark.parametrize("key", CALLED)
def test_w1_an_empty_or_another_signature_is_refused_and_changes_nothing(key: str) -> None:
    made, request = connected(key), WORLDS[key].request
    assert request is not None
    body, headers = request(datetime.now(UTC))
    marks = [name for name in headers if name.lower() not in ("content-type", "x-slack-request-timestamp")]
    for value in ("", " ", "v0=", "HMAC ", "x" * 64, "0" * 5000):
        said = body if marks else body.replace(TOKEN, value.strip().encode())
        assert deliver(key, said, {**headers, **dict.fromkeys(marks, value)}).status_code == 401, value
    assert nothing_happened(made)


@pytest.mark.parametrize("key", CALLED)
def test_w3_what_we_or_another_bot_wrote_is_acknowledged_and_leaves_nothing(key: str) -> None:
    made = connected(key)
    for number, each in enumerate(WORLDS[key].bots):
        assert deliver(key, *each(datetime.now(UTC))).status_code == 200, number
        assert nothing_happened(made), number


def test_w3_every_platform_that_is_called_has_bots_here() -> None:
    assert all(WORLDS[key].bots for key in CALLED)


@pytest.mark.parametrize("key", CALLED)
def test_w4_who_has_a_user_s_name_and_no_link_gets_a_sentence_and_no_task(key: str) -> None:
    made, request = connected(key), WORLDS[key].request
    assert request is not None
    assert deliver(key, *request(datetime.now(UTC))).status_code == 200
    row = Incoming.objects.get()
    for name in (row.sender, row.data.get("sender_name", "")):
        if name and not User.objects.filter(username=name).exists():
            User.objects.create_superuser(name, f"{len(name)}@example.org", "correct horse battery")
    for each in turns.due(clock.now(), 10):
        turns.attend(each)
    assert [account.user for account in Account.objects.filter(connection=made)] == [None]
    assert ["/chat/me/" in str(post.content["text"]) for post in Post.objects.all()] == [True], "how to be known"
    assert not Task.objects.exists()
