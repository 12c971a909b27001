"""Verbs of people: decide, and hand over. One decision, whoever else decides at the same moment; all of it on record."""

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from apps.core import clock
from apps.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from apps.core.saying import clock as told_at
from apps.core.schema import validate
from apps.tasks.approvals import acts, wording
from apps.tasks.lifecycle.moving import locked
from apps.tasks.lifecycle.timers import wake_now
from apps.tasks.models import Approval, Task
from apps.tasks.models.approvals import DECIDE_ANY, ApprovalState

MAX_COMMENT = 2_000


def objection(approval: Approval, by: Any) -> str:
    """Why this person may not decide it, '' when they may. It does not look whether there is anything left to decide."""
    if not by.is_active:
        return "Your account is disabled."
    if approval.is_four_eyes and approval.task.requester_id == by.pk:
        return "You asked for the task, so somebody else has to decide (four eyes)."
    if by.has_perm(DECIDE_ANY) or Approval.objects.for_decision_by(by).filter(pk=approval.pk).exists():
        return ""
    return f"You are not among those who may decide it: {wording.either(wording.names(approval))}."


def decide(approval_id: int, by: Any, decision: str, data: Any = None, comment: str = "") -> Approval:
    """Decide it for good, and wake its task. `data`: what its form was filled in with; None: as it was prefilled.

    The same decision of the same person again changes nothing and answers the same. Raises NotFound, NotPermitted,
    InvalidInput (`fields`: decision, comment, data.…) and Conflict, which says who decided what, when another was first.
    """
    now = clock.now()
    _check_comment(comment)
    with transaction.atomic():
        approval = _held(approval_id, by)
        choice = _choice(approval, decision)
        if not approval.is_open:
            return _once_more(approval, by, choice, data, now)
        _refuse_late(approval, now)
        given = _filled(approval, choice, data)
        changed = Approval.objects.filter(pk=approval.pk, state=ApprovalState.OPEN).update(
            state=ApprovalState.DECIDED, decision=decision, decided_by=by, decided_name=by.get_username(),
            decided_at=now, decided_data=given, comment=comment.strip(), due_at=None,
        )  # fmt: skip
        approval.refresh_from_db()
        if not changed:
            raise _too_late(approval, now)
        edited = sorted(name for name in given if given[name] != approval.data.get(name))
        acts.note(
            approval, "decided", now, by, comment.strip(), decision=decision, label=choice["label"], edited=edited
        )
        wake_now(approval.task_id)
    return approval


def delegate(approval_id: int, by: Any, to: str, comment: str = "") -> Approval:
    """Let another person decide, too: it is then in their own list. Who may decide may hand over.

    Raises NotFound, NotPermitted, InvalidInput (`to`: nobody of that name, or one who may not decide) and Conflict.
    """
    now = clock.now()
    _check_comment(comment)
    with transaction.atomic():
        approval = _held(approval_id, by)
        if not approval.is_open:
            raise _too_late(approval, now)
        _refuse_late(approval, now)
        other = _other(approval, by, to)
        if approval.delegated_to_id == other.pk:
            return approval
        Approval.objects.filter(pk=approval.pk).update(delegated_to=other)
        approval.refresh_from_db()
        acts.note(approval, "delegated", now, by, comment.strip(), to=other.get_username())
    return approval


def withdraw(task_id: int, reason: str, place: str = "") -> int:
    """End what the task has asked, at one place or at all, because nobody needs the answer any more. How many."""
    now = clock.now()
    with transaction.atomic():
        task = Task.objects.select_for_update(of=("self",), no_key=True).filter(pk=task_id).first()
        if task is None:
            return 0
        asked = Approval.objects.filter(task_id=task_id, state=ApprovalState.OPEN)
        ended = list(asked.filter(place=place) if place else asked)
        for approval in ended:
            Approval.objects.filter(pk=approval.pk).update(
                state=ApprovalState.WITHDRAWN, decided_at=now, comment=reason[:MAX_COMMENT], due_at=None
            )
            acts.note(approval, "withdrawn", now, None, reason)
    return len(ended)


def _held(approval_id: int, by: Any) -> Approval:
    """The approval, with its task's row locked, for a person who may decide it."""
    rows = Approval.objects.select_related("task__requester", "delegated_to", "decided_by").filter(pk=approval_id)
    if (seen := rows.first()) is None:
        raise NotFound(f"There is no approval {approval_id} that you may see.")
    locked(Task(pk=seen.task_id))
    approval = rows.get()
    if said := objection(approval, by):
        raise NotPermitted(said)
    return approval


def _choice(approval: Approval, decision: str) -> dict[str, Any]:
    choice = approval.choice(decision)
    if choice is None:
        known = ", ".join(each["name"] for each in approval.choices)
        raise InvalidInput("There is no such choice.", fields={"decision": f"Use one of {known}."})
    return choice


def _filled(approval: Approval, choice: dict[str, Any], data: Any) -> dict[str, Any]:
    """What is decided with: complete and valid by the form. A choice without data leaves what was filled in."""
    if not choice["takes_data"]:
        return {}
    if not approval.form:
        if data:
            raise InvalidInput("This question has no form.", fields={"data": "Leave it out."})
        return {}
    try:
        return validate(approval.data if data is None else data, approval.form)
    except InvalidInput as error:
        fields = {f"data.{path}".rstrip("."): said for path, said in error.fields.items()}
        raise InvalidInput(error.message, fields=fields, code=error.code) from None


def _once_more(approval: Approval, by: Any, choice: dict[str, Any], data: Any, now: datetime) -> Approval:
    """The answer to a repeated request; anything else than the same comes too late."""
    is_same = approval.state == ApprovalState.DECIDED and approval.decided_by_id == by.pk
    if is_same and approval.decision == choice["name"] and (data is None or _is_same_data(approval, choice, data)):
        return approval
    raise _too_late(approval, now)


def _is_same_data(approval: Approval, choice: dict[str, Any], data: Any) -> bool:
    try:
        return _filled(approval, choice, data) == approval.decided_data
    except InvalidInput:
        return False


def _too_late(approval: Approval, now: datetime) -> Conflict:
    said = f"{wording.ending(approval, now)} Nothing was changed."
    return Conflict(said, code=f"already_{approval.state}", why=f"it is {approval.state}")


def _refuse_late(approval: Approval, now: datetime) -> None:
    """Time has passed, or the task has ended, and the sweep has not come by yet."""
    if approval.expires_at is not None and approval.expires_at <= now:
        at = told_at(approval.expires_at, now)
        raise Conflict(f"It expired at {at}. Nothing was changed.", code="already_expired", why="it is expired")
    if approval.task.is_final:
        said = f"Its task is {approval.task.status} and needs no answer any more. Nothing was changed."
        raise Conflict(said, code="already_withdrawn", why="its task has ended")


def _other(approval: Approval, by: Any, name: str) -> Any:
    other = get_user_model().objects.filter(username=name, is_active=True).first()
    if other is None:
        said = f"There is no active user {name[:80]!r}."
    elif other.pk == by.pk:
        said = "That is you. You may decide it already."
    elif approval.is_four_eyes and other.pk == approval.task.requester_id:
        said = f"{name} asked for the task and may not decide (four eyes)."
    else:
        return other
    raise InvalidInput(said, fields={"to": said})


def _check_comment(comment: str) -> None:
    if not isinstance(comment, str) or len(comment) > MAX_COMMENT or "\0" in comment:
        text = f"Use a text of at most {MAX_COMMENT:,} characters."
        raise InvalidInput("The comment cannot be used.", fields={"comment": text})
