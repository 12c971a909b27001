"""What a mail says, and what never gets into it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail as sent
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse

from apps.core import clock
from apps.notify import mail
from apps.notify.mail import NotDelivered
from apps.tasks import approvals, outbox
from apps.tasks.models import Approval, Notice, Task
from tests.unit.tasks.asked import AMOUNT, asked

pytestmark = pytest.mark.django_db
SITE = "https://chantilly.example.org"


def written(notice: Notice | None = None) -> EmailMultiAlternatives:
    """As it would be sent now."""
    found = Notice.objects.select_related(*outbox.RELATED)
    return mail.written(found.get(pk=notice.pk) if notice else found.get(), SITE, clock.now())


def test_it_says_what_is_asked_by_whom_until_when_and_where(waiting: Task, ivan: User) -> None:
    with clock.frozen(datetime(2026, 11, 22, 9, 0, tzinfo=UTC)):
        asked(waiting, users=["ivan"], text="14 clients owe us.", expires_after="2 d", at_expiry="reject")
    message = written()
    assert message.subject == "To decide: Send 14 letters?"
    assert message.to == ["ivan@example.org"] and not message.cc and not message.bcc
    for said in ("Send 14 letters?", "14 clients owe us.", f"task {waiting.pk}", "Asked for by: Alice", "May decide: ivan",
                 "Until: 24 Nov 2026, 09:00 UTC; then “Reject” is taken as the decision.",
                 f"{SITE}/admin/tasks/approval/", "Opening a page decides nothing."):  # fmt: skip
        assert said in message.body, said
        assert said in str(message.alternatives[0][0]), said


def test_its_link_is_the_page_of_the_question(waiting: Task, ivan: User) -> None:
    approval = asked(waiting, users=["ivan"])
    assert SITE + reverse("admin:approval", args=[approval.pk]) in written().body


def test_it_has_no_parameters_no_data_and_no_evidence(waiting: Task, ivan: User) -> None:
    Task.objects.filter(pk=waiting.pk).update(parameters={"account": "DE-parameter"})
    asked(waiting, users=["ivan"], form=AMOUNT, data={"amount": 40, "note": "DE-data"},
          evidence=[{"text": "DE-evidence"}])  # fmt: skip
    message = written()
    assert "DE-" not in message.body + str(message.alternatives[0][0]) + message.subject


def test_secrets_are_masked_and_long_texts_cut(waiting: Task, ivan: User, settings: Any) -> None:
    asked(waiting, users=["ivan"], title=f"Use {settings.SECRET_KEY}?", text="password=hunter22222 " + "x" * 5_000)
    message = written()
    everything = message.body + message.subject + str(message.alternatives[0][0])
    assert settings.SECRET_KEY not in everything and "hunter2" not in everything
    assert len(message.body) < 1_500


@pytest.mark.parametrize(
    "title", ["Pay?\r\nBcc: all@example.org", "Pay?\nX-Evil: 1\n\nbody", "Pay?\u2028Bcc: a@b.c", "Pay?\x0b\x85\x00"]
)
def test_a_title_makes_no_header(title: str, waiting: Task, ivan: User) -> None:
    asked(waiting, users=["ivan"])
    Approval.objects.update(title=title.replace("\x00", ""))
    raw = written().message()
    assert raw["Bcc"] is None and raw["X-Evil"] is None
    assert len(str(raw["Subject"]).splitlines()) == 1 and str(raw["Subject"]).startswith("To decide: Pay?")


def test_html_of_people_is_shown_and_not_obeyed(waiting: Task, ivan: User) -> None:
    asked(waiting, users=["ivan"], title="<b>Pay</b>?", text="<script>alert(1)</script>")
    html = str(written().alternatives[0][0])
    assert "<script>" not in html and "&lt;script&gt;" in html and "&lt;b&gt;Pay" in html


@pytest.mark.parametrize(
    "address", ["ivan@example.org\nBcc: all@example.org", "no address", "a@b@c", "ivan@example.org, all@example.org"]
)
def test_an_address_that_is_none_is_refused_for_good(address: str, waiting: Task, ivan: User) -> None:
    asked(waiting, users=["ivan"])
    User.objects.filter(pk=ivan.pk).update(email=address)
    with mail.opened() as connection, pytest.raises(NotDelivered) as refused:
        mail.deliver(connection, written())
    assert refused.value.is_permanent and not refused.value.is_down
    assert sent.outbox == []


def test_all_mails_of_one_question_are_one_conversation_and_each_has_its_own_number(waiting: Task, ivan: User) -> None:
    approval = asked(waiting, users=["ivan"])
    approvals.decide(approval.pk, ivan, "approve")
    first, second = (written(notice).message() for notice in Notice.objects.order_by("pk"))
    assert first["References"] == second["References"] and first["Message-ID"] != second["Message-ID"]
    again = written(Notice.objects.order_by("pk").first()).message()
    assert first["Message-ID"] == again["Message-ID"], "the same notice has the same number"
    assert first["Auto-Submitted"] == "auto-generated"


def test_the_requester_reads_what_was_decided_and_by_whom(waiting: Task, ivan: User) -> None:
    approval = asked(waiting, users=["ivan"], text="14 clients owe us.")
    approvals.decide(approval.pk, ivan, "reject", comment="DE-comment")
    message = written(Notice.objects.get(act="decided"))
    assert message.subject == "Decided: Send 14 letters?" and message.to == ["alice@example.org"]
    assert "ivan has decided: Reject." in message.body
    assert "DE-comment" not in message.body and "Until" not in message.body and "14 clients" not in message.body


def test_who_cannot_open_the_pages_gets_the_address_of_the_api(waiting: Task, ivan: User) -> None:
    User.objects.filter(pk=ivan.pk).update(is_staff=False)
    approval = asked(waiting, users=["ivan"])
    assert f"POST {SITE}/api/v1/approvals/{approval.pk}/decide/" in written().body
    assert "/admin/" not in written().body


@pytest.mark.parametrize("is_staff", [True, False])
def test_it_says_who_can_turn_mails_off(is_staff: bool, waiting: Task, ivan: User) -> None:
    User.objects.filter(pk=ivan.pk).update(is_staff=is_staff)
    asked(waiting, users=["ivan"])
    message = written()
    own, others = (
        "You can turn these mails off on the page Approvals.",
        "An administrator can turn these mails off for you.",
    )
    for text in (message.body, str(message.alternatives[0][0])):
        assert (own in text, others in text) == (is_staff, not is_staff)
