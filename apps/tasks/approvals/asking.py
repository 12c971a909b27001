"""A task asks, and reads what was decided."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction

from apps.core import clock
from apps.core.errors import InvalidInput
from apps.tasks.approvals import acts
from apps.tasks.approvals.questions import Question, Who
from apps.tasks.lifecycle.moving import illegal, locked
from apps.tasks.models import Approval, Decider, Event, Task


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How it ended. `decision` is empty when it expired without a default, or was withdrawn; `by`: a user's name."""

    state: str
    decision: str
    by: str
    data: dict[str, Any]
    comment: str
    at: datetime

    @property
    def is_decided(self) -> bool:
        """By a person, or by the default that silence has."""
        return bool(self.decision)


def answer_of(task_id: int, place: str) -> Answer | None:
    """None: not asked, or not answered yet; also where nobody had answered, and somebody has the task tried again."""
    row = _standing(task_id, place)
    if row is None or row.is_open:
        return None
    assert row.decided_at is not None  # the database refuses one that has ended without it
    return Answer(
        state=row.state, decision=row.decision, by=row.decided_name, data=row.decided_data, comment=row.comment,
        at=row.decided_at,
    )  # fmt: skip


def ask(task_id: int, place: str, question: Question) -> Approval:
    """Put the question, or find it put already: one for each place of a task, however often this is called.

    Once a person has the task tried again, what had ended there without an answer is put anew, and stays on record.
    Raises InvalidInput (nobody has a name that is given; only the requester could decide under four eyes) and Conflict
    (the task has ended).
    """
    if (known := _standing(task_id, place)) is not None:
        return known
    now = clock.now()
    with transaction.atomic():
        task = locked(Task(pk=task_id))
        if (known := _standing(task_id, place)) is not None:
            return known
        if task.is_final:
            raise illegal(task, "asked about", "it has ended")
        deciders = _deciders(question, task)
        for void in Approval.objects.filter(task_id=task_id, place=place):
            Approval.objects.filter(pk=void.pk).update(place=f"{place[:80]}/{void.pk}")
        approval = Approval.objects.create(**_fields(question, task, place, now))
        for decider in deciders:
            decider.approval = approval
        Decider.objects.bulk_create(deciders)
        acts.note(approval, "asked", now)
    return approval


def _standing(task_id: int, place: str) -> Approval | None:
    row = Approval.objects.filter(task_id=task_id, place=place).first()
    return None if row is None or _is_void(row) else row


def _is_void(row: Approval) -> bool:
    """It ended without an answer, and a person has had the task tried again since."""
    if row.is_open or row.decision:
        return False
    return Event.objects.filter(task_id=row.task_id, kind="task.retried", at__gte=row.decided_at).exists()


def _fields(question: Question, task: Task, place: str, now: datetime) -> dict[str, Any]:
    def after(span: timedelta | None) -> datetime | None:
        return None if span is None else now + span

    moments = {
        "expires_at": after(question.expires_after),
        "remind_at": after(question.remind_after),
        "escalate_at": after(question.escalate_after),
    }
    every = question.remind_every
    names = ("title", "text", "evidence", "form", "data", "choices", "is_four_eyes", "at_expiry")
    return {
        "task": task,
        "place": place,
        **{name: getattr(question, name) for name in names},
        **moments,
        "remind_every": None if every is None else max(1, int(every.total_seconds())),
        "asked_at": now,
        "due_at": min((moment for moment in moments.values() if moment is not None), default=None),
    }


def _deciders(question: Question, task: Task) -> list[Decider]:
    who = question.who or Who(users=(task.requester.get_username(),))
    found = [*_named(who, task, "", is_escalation=False)]
    found += _named(question.escalate_to, task, "escalate_to.", is_escalation=True)
    others = [each for each in found if each.group_id is not None or each.user_id != task.requester_id]
    if question.is_four_eyes and not others:
        said = f"{task.requester.get_username()} asked for the task and may not decide. Name somebody else."
        raise InvalidInput(f"users: {said}", fields={"users": said})
    return found


def _named(who: Who, task: Task, path: str, *, is_escalation: bool) -> list[Decider]:
    users = get_user_model().objects.filter(username__in=who.users, is_active=True)
    people = {user.get_username(): user for user in users}
    groups = {group.name: group for group in Group.objects.filter(name__in=who.groups)}
    wrong = {}
    if unknown := [name for name in who.users if name not in people]:
        wrong[f"{path}users"] = f"There is no active user {', '.join(unknown)}."
    if unknown := [name for name in who.groups if name not in groups]:
        wrong[f"{path}groups"] = f"There is no group {', '.join(unknown)}."
    if wrong:
        raise InvalidInput(" ".join(wrong.values()), fields=wrong)
    given: list[dict[str, Any]] = [{"user": people[name]} for name in who.users]
    given += [{"group": groups[name]} for name in who.groups]
    return [Decider(task=task, is_escalation=is_escalation, **each) for each in given]
