"""Mails about how tasks ended: to who asked, where the template wants it, once."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail as sent

from apps.chat import facts, mailing
from apps.chat.models import Connection, Post
from apps.chat.sending import Sender
from apps.core import clock, codec
from apps.tasks import lifecycle
from apps.tasks import outbox as notices
from apps.tasks.models import Task
from apps.tasks.record.journal import Batch
from tests import postbox
from tests.making import template
from tests.unit.tasks.standing_at import BROKEN, Standing, running, submitted

pytestmark = pytest.mark.django_db
OUTPUTS = {"attachments": [], "notifications": {"channels": ["email"], "message": "Ready: {summary}"}}


@pytest.fixture(autouse=True)
def server(settings: Any) -> Iterator[None]:
    settings.EMAIL_HOST = "mail.example.org"
    mailing._revisions.cache_clear()
    mailing.look(clock.now() - timedelta(seconds=5))
    mailing._revisions.cache_clear()
    yield
    mailing._revisions.cache_clear()


def asked(alice: User, **fields: Any) -> Standing:
    return running(template("def run(params): return 1", alice, key="report", **fields).key, alice)


def turn() -> None:
    mailing.look(clock.now())
    sender = Sender(Connection.objects.get(key="email").pk)
    while sender.turn() == 0.0:
        pass


def test_the_requester_hears_once_how_a_task_ended(alice: User) -> None:
    made = asked(alice, outputs=OUTPUTS)
    turn()
    assert sent.outbox == []
    lifecycle.complete(made.lease, codec.encode({"summary": "12 invoices."}), Batch())
    turn()
    turn()
    message = sent.outbox[0]
    assert len(sent.outbox) == 1
    assert message.to == [alice.email]
    assert "Ready: 12 invoices." in message.body
    assert f"/tasks/task/{made.task_id}/" in message.body


def test_a_failure_is_mailed_with_its_reason(alice: User) -> None:
    made = asked(alice, outputs=OUTPUTS)
    lifecycle.fail(made.lease, BROKEN, Batch())
    turn()
    assert "Broken." in sent.outbox[0].body


def test_templates_that_do_not_want_it_mail_nothing(alice: User) -> None:
    made = asked(alice)
    lifecycle.complete(made.lease, "1", Batch())
    turn()
    assert sent.outbox == []


def test_who_wants_no_mails_gets_none(alice: User) -> None:
    notices.choose(alice, by_email=False)
    made = asked(alice, outputs=OUTPUTS)
    lifecycle.complete(made.lease, "1", Batch())
    turn()
    assert not Post.objects.exists()


def test_markup_and_line_breaks_of_people_stay_text(alice: User) -> None:
    made = asked(alice, outputs=OUTPUTS)
    lifecycle.complete(made.lease, codec.encode({"summary": "<script>x</script>\r\nBcc: all@example.org"}), Batch())
    turn()
    html = sent.outbox[0].alternatives[0][0]
    assert "<script>" not in html
    assert "Bcc" not in sent.outbox[0].message()
    assert "\n" not in sent.outbox[0].subject


def test_without_a_mail_server_nothing_is_put_in(alice: User, settings: Any) -> None:
    made = asked(alice, outputs=OUTPUTS)
    settings.EMAIL_HOST = ""
    lifecycle.complete(made.lease, "1", Batch())
    assert mailing.look(clock.now()) == 0
    assert not Post.objects.exists()


def test_a_real_server_gets_it_and_one_that_is_away_gets_it_later(alice: User, settings: Any) -> None:
    made = asked(alice, outputs=OUTPUTS)
    lifecycle.complete(made.lease, "1", Batch())
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    with postbox.opened() as box:
        settings.EMAIL_PORT = box.port
        box.data = "451 try again later"
        turn()
        assert Post.objects.get().state == "waiting"
        box.data = ""
        with clock.frozen(clock.now() + timedelta(minutes=1)):
            turn()
        assert [recipients for recipients, _ in box.accepted] == [[alice.email]]
    assert Post.objects.get().state == "sent"


def test_mails_go_on_behind_many_tasks_that_ended_at_once(alice: User, django_assert_num_queries: Any) -> None:
    key = template("def run(params): return 1", alice, key="report", outputs=OUTPUTS).key
    for _ in range(210):
        lifecycle.cancel(submitted(key, alice), alice)
    mailing.look(clock.now())
    lifecycle.cancel(submitted(key, alice), alice)
    mailing.look(clock.now())
    assert Post.objects.count() == 211
    with django_assert_num_queries(3):  # none for each that was told already
        mailing.look(clock.now())


def test_after_a_long_silence_old_ends_are_no_news(alice: User) -> None:
    old, new = asked(alice, outputs=OUTPUTS), asked(alice, outputs=OUTPUTS)
    for made in (old, new):
        lifecycle.complete(made.lease, codec.encode({"summary": "Done."}), Batch())
    now = clock.now()
    Task.objects.filter(pk=old.task_id).update(finished_at=now - timedelta(days=2))
    Connection.objects.filter(key="email").update(cursor=(now - timedelta(days=30)).isoformat())
    turn()
    assert [str(new.task_id) in message.body for message in sent.outbox] == [True]


def test_many_ends_at_once_are_told_in_portions_and_none_is_missed(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "MOST_AT_ONCE", 2)
    for _ in range(5):
        lifecycle.complete(asked(alice, outputs=OUTPUTS).lease, codec.encode({"summary": "Done."}), Batch())
    mailing.look(clock.now())
    assert Post.objects.count() == 2
    mailing.look(clock.now())
    mailing.look(clock.now())
    assert Post.objects.count() == 5


def test_those_who_want_no_mails_hold_up_nobody_elses(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailing, "MOST_AT_ONCE", 2)
    key = template("def run(params): return 1", alice, key="report", outputs=OUTPUTS).key
    quiet = User.objects.create_superuser("quiet", "quiet@example.org")
    notices.choose(quiet, by_email=False)
    for person in (quiet, quiet, quiet, alice):
        lifecycle.cancel(submitted(key, person), person)
    mailing.look(clock.now())
    assert Post.objects.count() == 1


def test_an_end_that_cannot_be_said_is_told_in_few_words_and_holds_up_no_other(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = asked(alice, outputs=OUTPUTS), asked(alice, outputs=OUTPUTS)
    ending, looks = facts.ending, []

    def breaks(task: Task, *args: Any, **kwargs: Any) -> Any:
        looks.append(task.pk)
        if task.pk == bad.task_id:
            raise ValueError("cannot be said")
        return ending(task, *args, **kwargs)

    monkeypatch.setattr(facts, "ending", breaks)
    for made in (bad, good):
        lifecycle.complete(made.lease, codec.encode({"summary": "12 invoices."}), Batch())
    turn()
    turn()
    assert sorted(looks) == [bad.task_id, good.task_id]
    few, full = sorted((message.body for message in sent.outbox), key=len)
    assert f"/tasks/task/{bad.task_id}/" in few
    assert "12 invoices." in full
