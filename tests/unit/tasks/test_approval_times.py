"""What time does to a question: reminders, escalation, the end with or without a default."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.core import clock
from apps.core.errors import Conflict, NotPermitted
from apps.tasks import approvals, lifecycle
from apps.tasks.approvals import acts, timing, wording
from apps.tasks.models import Approval, Task
from apps.tasks.states import Status
from apps.workers import sweep
from tests.unit.tasks.asked import AMOUNT, asked, listening, person

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def ivan(db: None) -> User:
    return person("ivan")


@pytest.fixture
def waiting(template: str, alice: User) -> Task:
    return listening(template, alice)


def later(span: timedelta) -> int:
    """A sweep so much later."""
    with clock.frozen(clock.now() + span):
        return approvals.due()


def acts_of(approval: Approval) -> list[str]:
    return [entry.verb.partition(".")[2] for entry in acts.history(approval)]


def fresh(approval: Approval) -> Approval:
    return Approval.objects.get(pk=approval.pk)


def test_silence_takes_the_declared_default_with_the_prefilled_data(waiting, ivan):
    approval = asked(
        waiting, users=["ivan"], form=AMOUNT, data={"amount": 40}, expires_after="1 h", at_expiry="approve"
    )
    assert later(HOUR / 2) == 0
    assert later(HOUR * 2) == 1
    answer = approvals.answer_of(waiting.pk, "7")
    assert answer is not None and answer.is_decided
    assert (answer.state, answer.decision, answer.by, answer.data) == ("expired", "approve", "", {"amount": 40})
    waiting.refresh_from_db()
    assert waiting.status == Status.PENDING
    assert acts_of(approval) == ["asked", "expired"]
    assert later(HOUR * 3) == 0, "once"


def test_silence_without_a_default_decides_nothing_and_wakes_the_task(waiting, ivan):
    asked(waiting, users=["ivan"], expires_after=3600)
    assert later(HOUR * 2) == 1
    answer = approvals.answer_of(waiting.pk, "7")
    assert answer is not None and (answer.state, answer.decision, answer.is_decided) == ("expired", "", False)
    waiting.refresh_from_db()
    assert waiting.status == Status.PENDING


def test_after_its_end_nobody_decides_also_before_the_sweep_has_come(waiting, ivan):
    approval = asked(waiting, users=["ivan"], expires_after="1 h")
    with clock.frozen(clock.now() + HOUR * 2):
        for act in (lambda: approvals.decide(approval.pk, ivan, "approve"),
                    lambda: approvals.delegate(approval.pk, ivan, "alice")):  # fmt: skip
            with pytest.raises(Conflict, match="It expired at") as refused:
                act()
            assert refused.value.code == "already_expired"
        approvals.due()
        with pytest.raises(Conflict, match="nobody had decided"):
            approvals.decide(approval.pk, ivan, "approve")


def test_people_are_reminded_again_and_again_as_often_as_was_said(waiting, ivan):
    approval = asked(waiting, users=["ivan"], remind_after="1 h", remind_every="2 h")
    assert [later(HOUR * hours) for hours in (0.5, 1.5, 2, 4, 4)] == [0, 1, 0, 1, 0]
    assert acts_of(approval) == ["asked", "reminded", "reminded"]
    assert Approval.objects.overdue(clock.now()).get() == approval


def test_one_reminder_is_one(waiting, ivan):
    approval = asked(waiting, users=["ivan"], remind_after="1 h")
    assert [later(HOUR * 2), later(HOUR * 99)] == [1, 0]
    assert fresh(approval).due_at is None


def test_it_is_handed_up_and_only_then_may_those_decide(waiting, ivan):
    boss = person("boss", "board")
    approval = asked(
        waiting, users=["ivan"], escalate_after="1 h", escalate_to={"users": ["boss"], "groups": ["board"]}
    )
    assert not Approval.objects.visible_to(boss).exists()
    assert wording.names(approval) == ["ivan"]
    with pytest.raises(NotPermitted):
        approvals.decide(approval.pk, boss, "approve")
    assert [later(HOUR * 2), later(HOUR * 3)] == [1, 0]
    assert wording.names(fresh(approval)) == ["ivan", "boss", "board"]
    assert Approval.objects.of_person(boss).get() == approval
    assert approvals.decide(approval.pk, boss, "approve").decided_name == "boss"
    assert acts_of(approval) == ["asked", "escalated", "decided"]


def test_what_is_decided_has_no_times_any_more(waiting, ivan):
    every = {
        "remind_after": "1 h",
        "expires_after": "2 h",
        "escalate_after": "1 h",
        "escalate_to": {"users": ["alice"]},
    }
    approval = asked(waiting, users=["ivan"], **every)
    approvals.decide(approval.pk, ivan, "approve")
    assert later(HOUR * 9) == 0
    assert acts_of(approval) == ["asked", "decided"]


def test_the_question_of_an_ended_task_is_withdrawn_and_not_expired(waiting, alice, ivan):
    approval = asked(waiting, users=["ivan"], expires_after="1 h", at_expiry="approve")
    lifecycle.cancel(waiting, alice)
    with clock.frozen(clock.now() + HOUR * 2):
        approvals.due()
    assert (fresh(approval).state, fresh(approval).decision) == ("withdrawn", "")


def test_a_sweep_attends_to_a_bounded_number(waiting, ivan, monkeypatch):
    monkeypatch.setattr(timing, "AT_ONCE", 3)
    for number in range(5):
        asked(waiting, place=str(number), users=["ivan"], expires_after="1 h")
    with clock.frozen(clock.now() + HOUR * 2):
        assert [approvals.due() for _ in range(3)] == [3, 2, 0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"users": ["ivan"]}, "waits for ivan to decide “Send 14 letters?”"),
        ({"users": ["ivan", "alice"], "groups": ["finance"]}, "waits for ivan, Alice or finance to decide"),
        ({"users": ["ivan", "alice"], "four_eyes": True}, "waits for ivan to decide"),
        ({"users": ["ivan"], "expires_after": "1 h"}, "“Send 14 letters?”, until "),
    ],
)
def test_the_reason_of_a_task_names_who_is_waited_for_and_until_when(given: dict[str, Any], said, waiting, ivan):
    person("fay", "finance")
    assert said in approvals.waits_for(asked(waiting, **given), clock.now())


@pytest.mark.django_db(transaction=True)
def test_the_sweep_of_workers_carries_it_out(waiting, ivan):
    asked(waiting, users=["ivan"], expires_after=1)
    with clock.frozen(clock.now() + HOUR):
        assert sweep.sweep().approvals == 1
    assert sweep.sweep().approvals == 0
