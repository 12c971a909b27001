"""Approvals in sentences: who may decide, how it ended, what happens if nobody does anything."""

from datetime import datetime
from typing import Any

from apps.core.saying import clock
from apps.tasks.models import Approval, Decider
from apps.tasks.models.approvals import FAIL, ApprovalState


def person(user: Any) -> str:
    return str(user.get_short_name() or user.get_username())


def names(approval: Approval) -> list[str]:
    """People and groups that may decide now; people who asked for the task themselves not under four eyes."""
    people = list(approval.deciders.select_related("user", "group"))
    found = [_name(each) for each in people if _may(each, approval)]
    if approval.delegated_to is not None:
        found.insert(0, person(approval.delegated_to))
    return list(dict.fromkeys(found))


def _may(decider: Decider, approval: Approval) -> bool:
    is_out = approval.is_four_eyes and decider.user_id == approval.task.requester_id
    return not is_out and (not decider.is_escalation or approval.escalated_at is not None)


def _name(decider: Decider) -> str:
    return decider.group.name if decider.group is not None else person(decider.user)


def either(found: list[str]) -> str:
    """'Alice', 'Alice or Finance', 'Alice, Bruno or Finance'."""
    *before, last = found or ["somebody who may decide every approval"]
    return f"{', '.join(before)} or {last}" if before else last


def waits_for(approval: Approval, now: datetime) -> str:
    """“waits for Alice or Finance to decide “Send 14 letters?”, until 17:00:00”: why the task does not run."""
    until = f", until {clock(approval.expires_at, now)}" if approval.expires_at else ""
    return f"waits for {either(names(approval))} to decide “{approval.title}”{until}"


def silence(approval: Approval, now: datetime) -> str:
    """What happens if nobody decides."""
    if approval.expires_at is None:
        return "The task waits until somebody decides."
    at = clock(approval.expires_at, now)
    if approval.at_expiry == FAIL:
        return f"At {at} it expires, and the task is told that nobody decided."
    return f"At {at} “{approval.label(approval.at_expiry)}” is taken as the decision."


def ending(approval: Approval, now: datetime) -> str:
    """How it ended: 'alice decided at 10:31:05: Approve.'"""
    if approval.decided_at is None:
        return ""
    at = clock(approval.decided_at, now)
    if approval.state == ApprovalState.DECIDED:
        return f"{approval.decided_name} decided at {at}: {approval.label(approval.decision)}."
    if approval.state == ApprovalState.EXPIRED:
        taken = f": “{approval.label(approval.decision)}” was taken" if approval.decision else ""
        return f"It expired at {at}, and nobody had decided{taken}."
    why = f": {approval.comment}" if approval.comment else ""
    return f"It was withdrawn at {at}{why}."
