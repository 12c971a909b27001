"""The outbox's rounds: what is sent, put off, dropped and given up, and that nothing is sent twice or lost."""

import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail as sent
from django.db import DatabaseError

from apps.core import clock
from apps.notify import mail, posting
from apps.notify.mail import NotDelivered
from apps.tasks import approvals, lifecycle, outbox
from apps.tasks.models import Notice, Task
from tests.unit.tasks.asked import asked, person

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def turn(after: timedelta = timedelta(0)) -> int:
    """A round so much later."""
    with clock.frozen(clock.now() + after):
        return posting.turn(lambda: "https://chantilly.example.org")


def states() -> list[str]:
    return list(Notice.objects.order_by("pk").values_list("state", flat=True))


def addresses() -> list[str]:
    return [message.to[0] for message in sent.outbox]


@contextmanager
def answering(monkeypatch: pytest.MonkeyPatch, answer: Callable[[Any], object]) -> Iterator[None]:
    """The mail server says this to every message."""
    with monkeypatch.context() as patch:
        backend = type(mail.get_connection())
        patch.setattr(backend, "send_messages", lambda self, messages: answer(messages))
        yield


def raising(error: BaseException) -> Callable[..., object]:
    def answer(*_: Any) -> object:
        raise error

    return answer


def test_what_is_due_is_sent_once(waiting: Task, ivan: User) -> None:
    asked(waiting, users=["ivan", "alice"])
    assert [turn(), turn(), turn(MINUTE * 60)] == [2, 0, 0]
    assert sorted(addresses()) == ["alice@example.org", "ivan@example.org"]
    assert states() == ["sent", "sent"]


def test_an_empty_outbox_does_not_ask_the_mail_server(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "get_connection", raising(AssertionError("not needed")))
    assert turn() == 0


def test_while_the_server_is_down_everything_waits_untouched(
    waiting: Task, ivan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(waiting, users=["ivan"])
    with monkeypatch.context() as patch:
        patch.setattr(type(mail.get_connection()), "open", raising(ConnectionRefusedError("refused")))
        with pytest.raises(NotDelivered) as down:
            turn()
    assert down.value.is_down
    assert Notice.objects.get().tries == 0
    assert turn() == 1 and addresses() == ["ivan@example.org"]


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPRecipientsRefused({"ivan@example.org": (550, b"no such user")}),
        smtplib.SMTPDataError(554, b"not wanted"),
    ],
)
def test_what_the_server_refuses_for_good_is_given_up_and_keeps_no_other_back(
    error: Exception, waiting: Task, ivan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(waiting, users=["ivan", "alice"])
    backend = type(mail.get_connection())
    plain = backend.send_messages

    def choosy(self: Any, messages: Any) -> int:
        if messages[0].to == ["ivan@example.org"]:
            raise error
        return plain(self, messages)

    monkeypatch.setattr(backend, "send_messages", choosy)
    assert turn() == 2
    assert addresses() == ["alice@example.org"]
    failed = Notice.objects.get(person=ivan)
    assert failed.state == "failed" and failed.remark.startswith("The mail server answered 55"), failed.remark
    assert turn(MINUTE * 999) == 0


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPRecipientsRefused({"ivan@example.org": (451, b"greylisted")}),
        smtplib.SMTPDataError(452, b"full"),
        smtplib.SMTPSenderRefused(550, b"who are you", "chantilly@example.org"),
    ],
)
def test_what_it_refuses_for_now_is_tried_again_after_longer_and_longer_pauses(
    error: Exception, waiting: Task, ivan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(waiting, users=["ivan"])
    pauses = []
    with answering(monkeypatch, raising(error)):
        at = timedelta(0)
        for _ in range(8):
            with clock.frozen(clock.now() + at) as _:
                now = clock.now()
                assert posting.turn(lambda: "") == 1
                due = Notice.objects.get().due_at
                assert due is not None
                pauses.append(round((due - now) / MINUTE))
            at += due - now + timedelta(seconds=1)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert turn(at) == 1 and states() == ["sent"]


def test_after_two_days_it_is_given_up(waiting: Task, ivan: User, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(waiting, users=["ivan"])
    with answering(monkeypatch, raising(smtplib.SMTPDataError(452, b"full"))):
        turn()
        turn(outbox.MAX_AGE - MINUTE)
    notice = Notice.objects.get()
    assert notice.state == "failed" and "Given up after 2 tries" in notice.remark and "452" in notice.remark


def test_what_has_lain_for_too_long_is_not_told_any_more(waiting: Task, ivan: User) -> None:
    asked(waiting, users=["ivan"])
    assert turn(outbox.MAX_AGE + MINUTE) == 1
    assert states() == ["failed"] and sent.outbox == []


def test_a_server_that_goes_away_in_the_middle_ends_the_round_and_loses_nothing(
    waiting: Task, ivan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(waiting, users=["ivan", "alice"])
    with answering(monkeypatch, raising(smtplib.SMTPServerDisconnected("gone"))), pytest.raises(NotDelivered):
        turn()
    assert sorted(Notice.objects.values_list("tries", flat=True)) == [0, 1]
    assert turn(MINUTE * 2) == 2 and states() == ["sent", "sent"]


def test_killed_after_the_server_has_it_and_before_that_is_written_it_is_sent_again_with_the_same_number(
    waiting: Task, ivan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(waiting, users=["ivan"])
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "sent", raising(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            turn()
    assert states() == ["taken"] and len(sent.outbox) == 1
    assert turn(outbox.TAKEN - MINUTE) == 0, "whoever has it may still be at it"
    assert turn(outbox.TAKEN + MINUTE) == 1
    first, second = sent.outbox
    assert first.message()["Message-ID"] == second.message()["Message-ID"]
    assert states() == ["sent"]


def test_killed_before_the_server_has_it_it_is_sent_once(
    waiting: Task, ivan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(waiting, users=["ivan"])
    with answering(monkeypatch, raising(SystemExit())), pytest.raises(SystemExit):
        turn()
    assert states() == ["taken"] and sent.outbox == []
    assert turn(outbox.TAKEN + MINUTE) == 1 and len(sent.outbox) == 1


def test_whoever_was_given_up_settles_nothing_any_more(waiting: Task, ivan: User) -> None:
    asked(waiting, users=["ivan"])
    now = clock.now()
    (seen,) = outbox.due(now, 9)
    slow = outbox.take(seen, now)
    assert slow is not None and outbox.take(seen, now) is None
    later = now + outbox.TAKEN + MINUTE
    (again,) = outbox.due(later, 9)
    assert outbox.take(again, later) is not None
    assert not outbox.put_off(slow, "slow", later) and not outbox.sent(slow, later)
    assert states() == ["taken"]


def test_two_that_look_at_the_same_moment_send_it_once(
    waiting: Task, ivan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(waiting, users=["ivan"])
    plain = outbox.due

    def overtaken(now: Any, most: int) -> list[Notice]:
        found = plain(now, most)
        monkeypatch.setattr(outbox, "due", plain)
        turn()  # the other one, between our look and our taking it
        return found

    monkeypatch.setattr(outbox, "due", overtaken)
    assert turn() == 0
    assert len(sent.outbox) == 1


def test_a_database_that_goes_away_in_the_middle_holds_up_no_other_mail(
    waiting: Task, ivan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(waiting, users=["ivan", "alice"])
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "sent", raising(DatabaseError("away")))
        with pytest.raises(DatabaseError):
            turn()
    assert sorted(states()) == ["taken", "waiting"]
    assert turn() == 1, "the other one, at once"


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("decide", "alice decided at"),
        ("cancel", "can decide it any more"),
        ("leave", "disabled"),
        ("moved away", "not among those"),
        ("unwilling", "wants no mails"),
    ],
)
def test_what_is_of_no_use_any_more_is_dropped_and_says_why(what: str, said: str, waiting: Task, alice: User) -> None:
    gina = person("gina", "finance")
    User.objects.filter(pk=gina.pk).update(email="gina@example.org")
    approval = asked(waiting, groups=["finance"])
    if what == "decide":
        approvals.decide(approval.pk, alice, "approve")
    elif what == "cancel":
        lifecycle.cancel(waiting, alice)
    elif what == "leave":
        User.objects.filter(pk=gina.pk).update(is_active=False)
    elif what == "moved away":
        gina.groups.clear()
    else:
        outbox.choose(gina, by_email=False)
    turn()
    notice = Notice.objects.get(person=gina)
    assert notice.state == "dropped" and said in notice.remark, notice.remark
    assert "gina@example.org" not in addresses()


def test_a_round_is_a_bounded_number_and_stops_when_it_is_asked_to(
    waiting: Task, ivan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in range(5):
        asked(waiting, place=str(place), users=["ivan"])
    monkeypatch.setattr(posting, "BATCH", 2)
    assert [turn(), turn()] == [2, 2]
    assert posting.turn(lambda: "", lambda: True) == 0
    assert turn() == 1


def test_errors_that_a_server_answers_hold_no_password(
    waiting: Task, ivan: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.core import masking

    settings.EMAIL_HOST_PASSWORD = "tr0ub4dor&3"
    masking._secrets.cache_clear()
    asked(waiting, users=["ivan"])
    with answering(monkeypatch, raising(smtplib.SMTPDataError(554, b"bad tr0ub4dor&3 here"))):
        turn()
    masking._secrets.cache_clear()
    assert "tr0ub4dor" not in Notice.objects.get().remark
