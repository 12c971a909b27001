"""Who is told of what happens to a question, in the transaction in which it happens."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from apps.core import clock
from apps.tasks import approvals, lifecycle, outbox
from apps.tasks.models import Notice, Task
from tests.unit.tasks.asked import asked, listening, person

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _mail_server(settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example.org"


def addressed(name: str, *groups: str, **flags: bool) -> User:
    user = person(name, *groups, **flags)
    user.email = f"{name}@example.org"
    user.save()
    return user


@pytest.fixture
def ivan(db: None) -> User:
    return addressed("ivan", "finance")


@pytest.fixture
def waiting(template: str, alice: User) -> Task:
    return listening(template, alice)


def told(act: str) -> list[str]:
    return sorted(Notice.objects.filter(act=act).values_list("person__username", flat=True))


def later(span: timedelta) -> None:
    with clock.frozen(clock.now() + span):
        approvals.due()


def test_the_people_it_names_and_the_members_of_its_groups_are_told_once_each(waiting, ivan):
    addressed("gina", "finance")
    addressed("stranger", "kitchen")
    asked(waiting, users=["ivan"], groups=["finance"])
    assert told("asked") == ["gina", "ivan"]
    notice = Notice.objects.get(person=ivan)
    assert (notice.channel, notice.state, notice.task_id) == ("email", "waiting", waiting.pk)


def test_who_asks_for_a_task_decides_it_alone_and_is_told(waiting, alice):
    asked(waiting)
    assert told("asked") == ["alice"]


def test_under_four_eyes_the_requester_is_not_asked(waiting, alice, ivan):
    asked(waiting, users=["alice", "ivan"], four_eyes=True)
    assert told("asked") == ["ivan"]


def test_those_without_an_address_disabled_or_unwilling_are_passed_over(waiting, ivan):
    person("lost", "finance")
    addressed("gone", "finance", is_active=False)
    outbox.choose(addressed("quiet", "finance"), by_email=False)
    outbox.choose(addressed("keen", "finance"), by_email=True)
    asked(waiting, groups=["finance"])
    assert told("asked") == ["ivan", "keen"]


def test_without_a_mail_server_nothing_is_put_into_the_outbox(waiting, ivan, settings):
    settings.EMAIL_HOST = ""
    asked(waiting, users=["ivan"])
    assert not Notice.objects.exists()


def test_no_mail_of_what_was_rolled_back(waiting, ivan):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        asked(waiting, users=["ivan"])
        raise ZeroDivisionError
    assert not Notice.objects.exists()


def test_asked_twice_at_one_place_is_told_once(waiting, ivan):
    asked(waiting, users=["ivan"])
    asked(waiting, users=["ivan"])
    assert told("asked") == ["ivan"]


def test_each_reminder_is_told_to_those_who_may_decide_then(waiting, ivan):
    helper = addressed("helper")
    approval = asked(waiting, users=["ivan"], remind_after="1 h", remind_every="1 h")
    later(HOUR * 1.5)
    assert told("reminded") == ["ivan"]
    approvals.delegate(approval.pk, ivan, "helper")
    later(HOUR * 3)
    assert told("reminded") == ["helper", "ivan", "ivan"]
    assert Notice.objects.filter(person=helper).count() == 2


def test_whom_it_is_escalated_to_hears_of_that_and_not_of_a_reminder_at_the_same_moment(waiting, ivan):
    addressed("boss")
    asked(waiting, users=["ivan"], remind_after="1 h", escalate_after="1 h", escalate_to={"users": ["boss"]},
          remind_every="1 h")  # fmt: skip
    later(HOUR * 2)
    assert (told("escalated"), told("reminded")) == (["boss"], ["ivan"])
    later(HOUR * 4)
    assert told("reminded") == ["boss", "ivan", "ivan"]


def test_who_gets_it_handed_over_is_told_and_nobody_else(waiting, ivan):
    addressed("helper")
    approval = asked(waiting, users=["ivan"])
    approvals.delegate(approval.pk, ivan, "helper")
    assert told("delegated") == ["helper"]
    approvals.delegate(approval.pk, ivan, "helper")
    assert told("delegated") == ["helper"], "it was theirs already"


def test_the_requester_hears_what_was_decided_unless_they_did_it_themselves(waiting, alice, ivan):
    first, second = asked(waiting, users=["ivan"]), asked(waiting, place="8", users=["alice"])
    approvals.decide(first.pk, ivan, "approve")
    assert told("decided") == ["alice"]
    approvals.decide(second.pk, alice, "approve")
    assert told("decided") == ["alice"]


def test_the_requester_hears_that_its_time_is_over(waiting, ivan):
    asked(waiting, users=["ivan"], expires_after="1 h")
    later(HOUR * 2)
    assert told("expired") == ["alice"]


def test_of_a_cancelled_task_nobody_is_told(waiting, alice, ivan):
    asked(waiting, users=["ivan"])
    lifecycle.cancel(waiting, alice)
    approvals.withdraw(waiting.pk, "cancelled")
    assert set(Notice.objects.values_list("act", flat=True)) == {"asked"}


def test_the_number_of_queries_does_not_grow_with_the_people(waiting, ivan, django_assert_max_num_queries):
    asked(waiting, groups=["finance"])
    for number in range(30):
        addressed(f"p{number}", "finance")
    with django_assert_max_num_queries(26):
        asked(waiting, place="8", groups=["finance"])
    assert Notice.objects.count() == 32
