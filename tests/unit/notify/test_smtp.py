"""Against a real mail server on loopback: what it accepts, refuses, keeps silent about, and when it is not there."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib.auth.models import User

from apps.core import clock
from apps.notify import posting
from apps.notify.mail import NotDelivered
from apps.tasks import outbox
from apps.tasks.models import Notice, Task
from tests import postbox
from tests.chaos.rig import test_database
from tests.postbox import Postbox
from tests.unit.tasks.asked import asked

pytestmark = pytest.mark.django_db(transaction=True)
SENDER = "import django; django.setup(); from apps.notify import posting; posting.turn(lambda: 'https://chantilly.example.org')"


@pytest.fixture
def box(settings: Any) -> Iterator[Postbox]:
    with postbox.opened() as box:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", box.port, 5
        yield box


def turn(after: timedelta = timedelta(0)) -> int:
    with clock.frozen(clock.now() + after):
        return posting.turn(lambda: "https://chantilly.example.org")


def test_a_mail_arrives_as_it_was_written(box: Postbox, waiting: Task, ivan: User) -> None:
    asked(waiting, users=["ivan"], title="Grüße an 14 Kunden?", text=".\r\n.\r\nQUIT\r\nein Punkt allein ist kein Ende")
    assert turn() == 1
    ((to, message),) = box.accepted
    assert to == ["ivan@example.org"]
    assert (
        message["Subject"] == "To decide: Grüße an 14 Kunden?"
        and message["From"] == "Chantilly <chantilly@example.org>"
    )
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None and html is not None
    assert "ein Punkt allein ist kein Ende" in text.get_content() and "ein Punkt allein" in html.get_content()
    assert Notice.objects.get().state == "sent"


def test_a_refused_recipient_is_given_up_and_the_next_gets_theirs(box: Postbox, waiting: Task, ivan: User) -> None:
    box.rcpt["ivan@example.org"] = "550 no such user"
    asked(waiting, users=["ivan", "alice"])
    assert turn() == 2
    assert [to for to, _ in box.accepted] == [["alice@example.org"]]
    failed = Notice.objects.get(person=ivan)
    assert (failed.state, failed.remark) == ("failed", "The mail server answered 550 no such user")


def test_a_greylisted_recipient_gets_it_later(box: Postbox, waiting: Task, ivan: User) -> None:
    box.rcpt["ivan@example.org"] = "451 come again"
    asked(waiting, users=["ivan"])
    assert turn() == 1 and box.accepted == []
    box.rcpt.clear()
    assert [turn(), turn(timedelta(minutes=2))] == [0, 1]
    assert len(box.accepted) == 1


def test_a_message_that_is_not_wanted_is_given_up(box: Postbox, waiting: Task, ivan: User) -> None:
    box.data = "554 not wanted"
    asked(waiting, users=["ivan"])
    assert turn() == 1
    assert Notice.objects.get().state == "failed"


def test_nobody_listens_and_then_somebody_does(box: Postbox, waiting: Task, ivan: User, settings: Any) -> None:
    asked(waiting, users=["ivan"])
    port, settings.EMAIL_PORT = box.port, 1
    with pytest.raises(NotDelivered, match="refused") as down:
        turn()
    assert down.value.is_down and Notice.objects.get().tries == 0
    settings.EMAIL_PORT = port
    assert turn() == 1 and len(box.accepted) == 1


def test_a_server_that_does_not_answer_is_not_waited_for_longer_than_said(
    box: Postbox, waiting: Task, ivan: User, settings: Any
) -> None:
    settings.EMAIL_TIMEOUT = 1
    box.is_silent = True
    asked(waiting, users=["ivan"])
    with pytest.raises(NotDelivered, match=r"(?i)time(d )?out"):
        turn()
    assert Notice.objects.get().state == "waiting", "put off"


def test_a_sender_killed_before_it_hears_the_servers_answer_leaves_a_mail_that_comes_again_with_its_number(
    box: Postbox, waiting: Task, ivan: User
) -> None:
    box.is_silent = True
    asked(waiting, users=["ivan"])
    environment = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test", "DATABASE_URL": test_database(),
        "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(box.port), "EMAIL_TIMEOUT": "60",
        "DEFAULT_FROM_EMAIL": configured.DEFAULT_FROM_EMAIL,
    }  # fmt: skip
    sender = subprocess.Popen([sys.executable, "-c", SENDER], env=environment, cwd=configured.BASE_DIR)
    try:
        assert box.has_message.wait(30), "it sends"
    finally:
        sender.send_signal(signal.SIGKILL)
        sender.wait(10)
    assert Notice.objects.get().state == "taken"
    box.is_silent = False
    assert [turn(), turn(outbox.TAKEN + timedelta(minutes=1)), turn(timedelta(days=1))] == [0, 1, 0]
    assert len(box.accepted) == 2
    assert len({message["Message-ID"] for _, message in box.accepted}) == 1
