"""A report through Microsoft Teams, as docs/chat/teams.md says: asked in a channel, answered in the request's own answer,
told by the channel's workflow when it is done."""

import json
import re
import threading
import time
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connection as database

from apps.chat import connecting, people, turns
from apps.chat.connecting import Wish
from apps.chat.models import Account, Connection, Dialog, Incoming
from apps.core import clock
from apps.tasks.models import Task
from tests.flows.chatting import deliver, serve
from tests.platforms import teams as loopback

pytestmark = pytest.mark.django_db(transaction=True)
MEGAN = "7faf8ab2-3d56-4244-b585-20c8a42ed2b8"


@pytest.fixture
def workflow() -> Iterator[loopback.Workflow]:
    with loopback.serving() as server:
        yield server


@pytest.fixture
def finance(chat_site: str, workflow: loopback.Workflow, alice: User) -> Connection:
    """The guide's steps; Megan is linked by an administrator."""
    wish = Wish(
        name="Finance bot", values={"workflow_channel": loopback.LINK},
        secrets={"key": loopback.KEY, "workflow_url": workflow.address},
    )  # fmt: skip
    made = connecting.add(alice, "teams", "finance", wish)
    assert "that channel" in connecting.check(alice, made, chat_site)
    made.refresh_from_db()
    account = Account.objects.create(connection=made, external_id=MEGAN, shown_name="Megan Bowen")
    people.link(account, alice, alice, clock.now())
    return made


@pytest.fixture
def attending() -> Iterator[None]:
    """The service's turns, beside the web server: the request waits for what they say."""
    ends = threading.Event()

    def attend() -> None:
        while not ends.wait(0.02):
            for row in turns.due(clock.now(), 100):
                turns.attend(row)
        database.close()

    thread = threading.Thread(target=attend, daemon=True)
    thread.start()
    yield
    ends.set()
    thread.join(20)


def mention(finance: Connection, text: str, number: int = 1, **changes: object) -> list[str]:
    """What is shown below the message."""
    body = loopback.mentioned(text, id=str(1485983408511 + number), **changes)
    headers = {"content-type": "application/json", "Authorization": loopback.signed(body)["Authorization"]}
    started = time.monotonic()
    answer = deliver("/chat/hooks/finance", body, headers)
    assert answer.status_code == 200
    assert time.monotonic() - started < 5
    return loopback.shown(answer.content) if answer.content else []


def test_a_question_is_answered_below_it(finance, attending, workflow):
    assert mention(finance, "help")
    serve(finance)
    assert workflow.posts == []  # it has been said


def test_a_report_is_asked_for_and_told_in_the_channel_where_all_may_see_it(finance, attending, workflow):
    mention(finance, "help")
    Dialog.objects.update(is_open=True)
    lines = mention(finance, "Generate the invoice report for last year", 2)
    assert "Invoice report" in "\n".join(lines)
    if not Task.objects.exists():
        assert mention(finance, "1", 3)
    serve(finance)
    assert Task.objects.get().status == "completed"
    told = "\n".join("\n".join(post) for post in workflow.posts)
    assert "100 %" in told
    assert re.search(r"invoice_report_\S+\.pdf, \d+ KB: https://chantilly\.example\.org/", told)


def test_the_same_delivery_again_asks_for_nothing_more(finance, attending):
    at = clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    for _ in range(2):
        mention(finance, "Generate the invoice report for last year", timestamp=at)
    assert Incoming.objects.count() == 1


def test_recordings_forgeries_and_bots_get_nothing_done(finance):
    body = loopback.mentioned("Generate the invoice report for last year")
    old = json.dumps({**json.loads(body), "timestamp": "2017-02-01T21:10:07.437Z"}).encode()
    for forged, signed in ((body, old), (old, old), (body[:-2] + b" }", body)):
        headers = {"content-type": "application/json", "Authorization": loopback.signed(signed)["Authorization"]}
        assert deliver("/chat/hooks/finance", forged, headers).status_code in (400, 401)
    assert mention(finance, "status", **{"from": {"id": "28:another-bot", "name": "Bot"}}) == []
    assert not Incoming.objects.exists()
