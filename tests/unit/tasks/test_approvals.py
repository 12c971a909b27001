"""A question is asked once and decided once, by who may, whatever arrives when; and all of it is on record."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import IntegrityError, connections, transaction

from apps.core import clock
from apps.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from apps.tasks import approvals, lifecycle
from apps.tasks.approvals import acts, evidence, wording
from apps.tasks.models import Approval, Artifact, AuditEntry, Decider, Task
from apps.tasks.record import feed
from apps.tasks.record.journal import Batch
from apps.tasks.retention import pruning
from apps.tasks.states import Status
from tests.unit.tasks.asked import AMOUNT, asked, listening, person
from tests.unit.tasks.standing_at import BROKEN, standing, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def ivan(db: None) -> User:
    return person("ivan", "finance")


@pytest.fixture
def vera(db: None) -> User:
    return person("vera", "finance")


@pytest.fixture
def waiting(template: str, alice: User) -> Task:
    """Alice's task, which has left its worker and waits."""
    return listening(template, alice)


def acts_of(approval: Approval) -> list[tuple[str, str]]:
    return [(entry.verb.partition(".")[2], entry.actor_name) for entry in acts.history(approval)]


# Asking


def test_the_same_place_asks_once_however_often_it_is_called(waiting, ivan):
    first = asked(waiting, users=["ivan"])
    again = asked(waiting, users=["ivan"], text="another text")
    assert (first.pk, again.text) == (again.pk, "")
    assert asked(waiting, place="8", users=["ivan"]).pk != first.pk
    assert acts_of(first) == [("asked", "")]
    assert feed.newest(waiting.pk, 1)[0].kind == "task.approval_asked"


def test_without_names_who_asked_for_the_task_decides(waiting, alice):
    approval = asked(waiting)
    assert Approval.objects.of_person(alice).get() == approval


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"users": ["nobody"]}, "users"),
        ({"groups": ["nobody"]}, "groups"),
        ({"users": ["gone"]}, "users"),
        ({"users": ["alice"], "four_eyes": True}, "users"),
        ({"users": ["ivan"], "escalate_after": "1 h", "escalate_to": {"users": ["nobody"]}}, "escalate_to.users"),
    ],
)
def test_who_cannot_decide_is_not_asked(given, field, waiting, ivan):
    person("gone", is_active=False)
    with pytest.raises(InvalidInput) as refused:
        asked(waiting, **given)
    assert list(refused.value.fields) == [field]
    assert not Approval.objects.exists()


def test_a_task_that_has_ended_asks_nothing(template, alice):
    with pytest.raises(Conflict, match="it has ended"):
        asked(standing("completed", template, alice).task)


# Deciding


def test_a_decision_is_kept_with_who_when_and_why_and_wakes_the_task(waiting, ivan):
    approval = asked(waiting, users=["ivan"], form=AMOUNT, data={"amount": 40})
    assert approvals.answer_of(waiting.pk, "7") is None
    approvals.decide(approval.pk, ivan, "approve", {"amount": 50, "note": ""}, "fine")
    answer = approvals.answer_of(waiting.pk, "7")
    assert answer is not None and answer.is_decided
    assert (answer.decision, answer.by, answer.data, answer.comment) == (
        "approve",
        "ivan",
        {"amount": 50, "note": ""},
        "fine",
    )
    waiting.refresh_from_db()
    assert waiting.status == Status.PENDING
    entry = AuditEntry.objects.get(verb="approval.decided")
    assert (entry.subject, entry.actor, entry.reason) == (f"approval:{approval.pk}", ivan, "fine")
    assert (entry.data["decision"], entry.data["edited"]) == ("approve", ["amount", "note"])


def test_prefilled_data_are_decided_with_where_none_are_given(waiting, ivan):
    approval = asked(waiting, users=["ivan"], form=AMOUNT, data={"amount": 40})
    assert approvals.decide(approval.pk, ivan, "approve").decided_data == {"amount": 40}


def test_rejecting_needs_no_valid_data(waiting, ivan):
    approval = asked(waiting, users=["ivan"], form=AMOUNT)
    done = approvals.decide(approval.pk, ivan, "reject", {"amount": "much"})
    assert (done.decision, done.decided_data) == ("reject", {})


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"decision": "maybe"}, "decision"),
        ({"decision": ""}, "decision"),
        ({"decision": "approve", "data": {"amount": 501}}, "data.amount"),
        ({"decision": "approve", "data": {}}, "data.amount"),
        ({"decision": "approve", "data": {"amount": 1, "mount": 1}}, "data.mount"),
        ({"decision": "approve", "data": [1]}, "data"),
        ({"decision": "approve", "data": {"amount": 1}, "comment": "x" * 2001}, "comment"),
        ({"decision": "approve", "data": {"amount": 1}, "comment": "a\0b"}, "comment"),
    ],
)
def test_what_does_not_fit_decides_nothing(given, field, waiting, ivan):
    approval = asked(waiting, users=["ivan"], form=AMOUNT)
    with pytest.raises(InvalidInput) as refused:
        approvals.decide(approval.pk, ivan, **given)
    assert field in refused.value.fields
    approval.refresh_from_db()
    waiting.refresh_from_db()
    assert (approval.state, waiting.status) == ("open", Status.WAITING)


def test_data_for_a_question_without_a_form_are_refused(waiting, ivan):
    approval = asked(waiting, users=["ivan"])
    with pytest.raises(InvalidInput):
        approvals.decide(approval.pk, ivan, "approve", {"amount": 1})


def test_declared_choices_take_the_place_of_the_usual_ones(waiting, ivan):
    choices = [{"name": "north"}, {"name": "south", "label": "The southern one"}]
    approval = asked(waiting, users=["ivan"], choices=choices)
    with pytest.raises(InvalidInput, match="no such choice"):
        approvals.decide(approval.pk, ivan, "approve")
    approvals.decide(approval.pk, ivan, "south")
    approval.refresh_from_db()
    assert wording.ending(approval, clock.now()).endswith(": The southern one.")


# Who may


def test_only_who_is_named_decides(waiting, ivan, vera, bob):
    group = asked(waiting, groups=["finance"])
    own = asked(waiting, place="8", users=["ivan"])
    stranger = person("stranger")
    for user, approval in ((stranger, group), (vera, own), (bob, own)):
        with pytest.raises(NotPermitted, match=r"not among those who may decide it: (finance|ivan)"):
            approvals.decide(approval.pk, user, "approve")
    assert approvals.decide(group.pk, vera, "approve").decided_by == vera
    with pytest.raises(NotFound):
        approvals.decide(10_000, ivan, "approve")


def test_under_four_eyes_not_who_asked_for_the_task_not_even_a_superuser(waiting, alice, ivan):
    alice.groups.add(Group.objects.get(name="finance"))
    approval = asked(waiting, users=["alice"], groups=["finance"], four_eyes=True)
    with pytest.raises(NotPermitted, match="four eyes"):
        approvals.decide(approval.pk, alice, "approve")
    assert not Approval.objects.for_decision_by(alice).exists()
    assert Approval.objects.visible_to(alice).get() == approval
    approvals.decide(approval.pk, ivan, "approve")


def test_who_may_decide_every_approval_may(waiting, ivan):
    approval = asked(waiting, users=["ivan"])
    deputy = person("deputy")
    deputy.user_permissions.set(Permission.objects.filter(codename="decide_approval"))
    assert Approval.objects.visible_to(deputy).exists() and not Approval.objects.for_decision_by(deputy).exists()
    assert approvals.decide(approval.pk, deputy, "reject").decided_name == "deputy"


def test_a_disabled_account_decides_and_sees_nothing(waiting, ivan):
    approval = asked(waiting, users=["ivan"])
    ivan.is_active = False
    ivan.save()
    with pytest.raises(NotPermitted, match="disabled"):
        approvals.decide(approval.pk, ivan, "approve")
    assert not Approval.objects.visible_to(ivan).exists()


def test_deciders_requesters_and_who_sees_all_tasks_see_a_question_and_nobody_else(template, ivan, vera, bob, charlie):
    olga = person("olga")
    olga.user_permissions.set(Permission.objects.filter(codename="run_tasktemplate"))
    approval = asked(submitted(template, olga), users=["ivan"])
    sees = {user.username for user in User.objects.all() if Approval.objects.visible_to(user).exists()}
    assert sees == {"olga", "ivan", "alice", "bob"}
    assert not Task.objects.visible_to(ivan).exists(), "he sees the question and not the task"
    assert Approval.objects.of_person(ivan).get() == approval and not Approval.objects.of_groups(ivan).exists()


def test_a_question_to_a_group_is_in_the_groups_list_and_not_in_ones_own(waiting, ivan):
    approval = asked(waiting, groups=["finance"])
    assert Approval.objects.of_groups(ivan).get() == approval
    assert not Approval.objects.of_person(ivan).exists()
    both = asked(waiting, place="8", users=["ivan"], groups=["finance"])
    assert Approval.objects.of_groups(ivan).get() == approval and Approval.objects.of_person(ivan).get() == both
    assert set(Approval.objects.for_decision_by(ivan)) == {approval, both}


# Once


def test_the_same_decision_of_the_same_person_again_answers_the_same(waiting, ivan):
    approval = asked(waiting, users=["ivan"], form=AMOUNT, data={"amount": 40})
    first = approvals.decide(approval.pk, ivan, "approve", {"amount": 50})
    again = approvals.decide(approval.pk, ivan, "approve", {"amount": 50.0})
    assert (again.decided_at, again.decided_data) == (first.decided_at, {"amount": 50})
    assert acts_of(approval) == [("asked", ""), ("decided", "ivan")]
    for decision, data in (("reject", None), ("approve", {"amount": 51}), ("approve", {"amount": 900})):
        with pytest.raises(Conflict, match=r"ivan decided at .*: Approve\. Nothing was changed"):
            approvals.decide(approval.pk, ivan, decision, data)


def test_the_second_is_told_who_decided_what(waiting, ivan, vera):
    approval = asked(waiting, groups=["finance"])
    approvals.decide(approval.pk, vera, "reject")
    for decision in ("approve", "reject"):
        with pytest.raises(Conflict, match=r"vera decided at .*: Reject") as refused:
            approvals.decide(approval.pk, ivan, decision)
        assert refused.value.code == "already_decided"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_the_same_moment_one_wins_and_the_other_hears_of_it(template, alice):
    for number in range(8):
        people = [person(f"one{number}", "finance"), person(f"two{number}", "finance")]
        task = listening(template, alice)
        approval = asked(task, groups=["finance"])
        heard = _at_once(approval, people)
        approval.refresh_from_db()
        assert sorted(type(each).__name__ for each in heard.values()) == ["Approval", "Conflict"]
        [loser] = [name for name, each in heard.items() if isinstance(each, Conflict)]
        assert approval.decided_name != loser
        assert f"{approval.decided_name} decided" in heard[loser].message
        assert [act for act, _ in acts_of(approval)] == ["asked", "decided"]
        kinds = [entry.kind for entry in feed.newest(task.pk, 10)]
        assert kinds.count("task.approval_decided") == kinds.count("task.woken") == 1
        lifecycle.cancel(task, alice)  # the next one waits alone


def _at_once(approval: Approval, people: list[User]) -> dict[str, Any]:
    """What each of them got: the approval or the error."""
    heard: dict[str, Any] = {}
    start = threading.Barrier(len(people))

    def decide(user: User, decision: str) -> None:
        try:
            start.wait(10)
            heard[user.username] = approvals.decide(approval.pk, user, decision)
        except Exception as error:
            heard[user.username] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=decide, args=pair) for pair in zip(people, ("approve", "reject"), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return heard


# Out of order (S6)


def test_a_decision_before_the_task_falls_asleep_is_not_slept_through(template, alice, ivan):
    made = standing("running", template, alice)
    approval = asked(made.task, users=["ivan"])
    approvals.decide(approval.pk, ivan, "approve")
    lifecycle.suspend(made.lease, None, "waits for ivan", Batch(), is_listening=True)
    assert made.task.status == Status.PENDING


def test_a_decision_while_the_task_is_paused_lets_it_go_on_when_it_is_resumed(template, alice, ivan):
    task = lifecycle.pause(listening(template, alice), alice)
    approval = asked(task, users=["ivan"])
    approvals.decide(approval.pk, ivan, "approve")
    task.refresh_from_db()
    assert task.status == Status.PAUSED
    assert lifecycle.resume(task, alice).status == Status.PENDING


def test_a_cancelled_tasks_question_can_no_longer_be_decided_and_is_withdrawn(waiting, alice, ivan):
    approval = asked(waiting, users=["ivan"])
    lifecycle.cancel(waiting, alice)
    with pytest.raises(Conflict, match="needs no answer any more"):
        approvals.decide(approval.pk, ivan, "approve")
    assert not Approval.objects.awaited().exists(), "it has left the inbox at once"
    assert approvals.due() == 1
    approval.refresh_from_db()
    assert (approval.state, approval.comment) == ("withdrawn", "the task is cancelled")
    with pytest.raises(Conflict, match="withdrawn"):
        approvals.decide(approval.pk, ivan, "approve")
    assert approvals.due() == 0


def test_a_task_withdraws_what_it_asked_at_one_place(waiting, ivan):
    one, other = asked(waiting, users=["ivan"]), asked(waiting, place="8", users=["ivan"])
    assert approvals.withdraw(waiting.pk, "the region was cancelled", place="7") == 1
    assert [Approval.objects.get(pk=each.pk).state for each in (one, other)] == ["withdrawn", "open"]
    answer = approvals.answer_of(waiting.pk, "7")
    assert answer is not None and (answer.state, answer.is_decided) == ("withdrawn", False)
    assert approvals.withdraw(10_000, "no such task") == 0


def test_what_ended_without_an_answer_is_put_anew_once_the_task_is_tried_again(template, alice, ivan):
    made = standing("running", template, alice)
    old, decided = asked(made.task, users=["ivan"]), asked(made.task, place="8", users=["ivan"])
    approvals.decide(decided.pk, ivan, "approve")
    lifecycle.fail(made.lease, BROKEN, Batch())
    approvals.due()
    assert asked(made.task, users=["ivan"]).state == "withdrawn", "the same answer until somebody acts"
    lifecycle.retry_failed(made.task, alice)
    assert approvals.answer_of(made.task_id, "7") is None
    new = asked(made.task, users=["ivan"])
    assert (new.state, new.pk == old.pk, asked(made.task, users=["ivan"]).pk) == ("open", False, new.pk)
    assert Approval.objects.get(pk=old.pk).place == f"7/{old.pk}"
    answer = approvals.answer_of(made.task_id, "8")
    assert answer is not None and answer.decision == "approve", "what was decided stays decided"


# Handing over


def test_who_may_decide_hands_over_and_the_other_finds_it_among_their_own(waiting, ivan):
    approval, helper = asked(waiting, groups=["finance"]), person("helper")
    approvals.delegate(approval.pk, ivan, "helper", "she knows the clients")
    approvals.delegate(approval.pk, ivan, "helper")
    assert Approval.objects.of_person(helper).get() == approval
    assert acts_of(approval) == [("asked", ""), ("delegated", "ivan")]
    assert approvals.decide(approval.pk, helper, "approve").decided_name == "helper"
    with pytest.raises(Conflict):
        approvals.delegate(approval.pk, ivan, "helper")


@pytest.mark.parametrize("to", ["nobody", "gone", "ivan", "alice", ""])
def test_it_is_not_handed_over_to_who_may_not_decide(to, waiting, ivan):
    person("gone", is_active=False)
    approval = asked(waiting, users=["ivan"], four_eyes=True)
    with pytest.raises(InvalidInput) as refused:
        approvals.delegate(approval.pk, ivan, to)
    assert list(refused.value.fields) == ["to"]


def test_who_may_not_decide_hands_nothing_over(waiting, ivan, vera):
    with pytest.raises(NotPermitted):
        approvals.delegate(asked(waiting, users=["ivan"]).pk, vera, "vera")


# The rows


def test_the_database_refuses_impossible_approvals(waiting, ivan):
    approval = asked(waiting, users=["ivan"])
    for wrong in (
        {"state": "maybe"}, {"state": "decided", "decided_at": clock.now()}, {"decision": "approve"},
        {"decided_at": clock.now()}, {"state": "decided", "decision": "approve"},
        {"state": "withdrawn", "decided_at": clock.now(), "due_at": clock.now()},
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            Approval.objects.filter(pk=approval.pk).update(**wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        Decider.objects.create(approval=approval, task=waiting)
    with pytest.raises(IntegrityError), transaction.atomic():
        Decider.objects.create(approval=approval, task=waiting, user=ivan)


def test_a_removed_task_takes_its_questions_along_and_the_audit_stays(template, alice, ivan):
    task = submitted(template, alice)
    approvals.decide(asked(task, users=["ivan"]).pk, ivan, "approve")
    lifecycle.cancel(task, alice)
    later = clock.now() + timedelta(days=4000)
    assert pruning.remove(pruning.Choice(now=later)) == 1
    assert not Approval.objects.exists() and not Decider.objects.exists()
    assert AuditEntry.objects.filter(verb__startswith="approval.").count() == 2


def test_evidence_names_files_of_the_same_requester_only(template, alice, ivan):
    task, sibling = submitted(template, alice), submitted(template, alice)
    foreign = submitted(template, User.objects.create_superuser("eve"))
    for each in (task, sibling, foreign):
        fields = {"kind": "pdf", "content_type": "application/pdf", "size": 1, "sha256": "", "path": "x"}
        Artifact.objects.create(task=each, index=0, name="a.pdf", created_at=each.created_at, **fields)
    items = [{"file": "a.pdf"}, {"file": "a.pdf", "task": sibling.pk}, {"file": "a.pdf", "task": foreign.pk},
             {"file": "b.pdf"}]  # fmt: skip
    found = evidence.files(asked(task, users=["ivan"], evidence=items))
    assert {index: file.task_id for index, file in found.items()} == {0: task.pk, 1: sibling.pk}
