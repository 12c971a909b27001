"""Approvals as rows of a list, and their acts as lines of a history."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.console import words
from apps.core import durations
from apps.tasks.approvals import acts, wording
from apps.tasks.models import Approval, AuditEntry

RELATED = ("task__requester", "delegated_to")
ACTS = ("asked", "reminded", "escalated", "delegated", "decided", "expired", "withdrawn")
_LOOKS = {"open": "person", "decided": "completed", "expired": "paused", "withdrawn": "cancelled"}
_ICONS = {"open": "person", "decided": "completed", "expired": "clock", "withdrawn": "cancelled"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """`about`: of which task it is. `tag`: why it is urgent; mostly empty."""

    approval: Approval
    look: str
    icon: str
    about: str
    when: str
    tag: str


@dataclass(frozen=True, kw_only=True)
class Act:
    at: datetime
    clock: str
    look: str
    icon: str
    text: str
    detail: str


def rows(approvals: Iterable[Approval], now: datetime) -> list[Row]:
    """Needs RELATED."""
    return [_row(approval, now) for approval in approvals]


def _row(approval: Approval, now: datetime) -> Row:
    ago = durations.describe(float(int((now - approval.asked_at).total_seconds())))
    if approval.is_open:
        until = f"by {words.clock(approval.expires_at, now)}" if approval.expires_at else "no limit"
        when, tag = f"asked {ago} ago · {until}", _urgency(approval)
    else:
        when, tag = wording.ending(approval, now), ""
    return Row(
        approval=approval,
        look=_LOOKS[approval.state],
        icon=_ICONS[approval.state],
        about=f"{approval.task.title}, asked for by {words.person(approval.task.requester)}",
        when=when,
        tag=tag,
    )


def _urgency(approval: Approval) -> str:
    if approval.escalated_at is not None:
        return "escalated"
    return "reminded" if approval.reminded_at is not None else ""


def history(approval: Approval, now: datetime) -> list[Act]:
    """Newest first."""
    return [_act(entry, now) for entry in reversed(acts.history(approval))]


def _act(entry: AuditEntry, now: datetime) -> Act:
    act = entry.verb.partition(".")[2]
    text, look, icon = saying(act, entry.actor_name, entry.data)
    detail = f"“{entry.reason}”" if entry.reason else ""
    if edited := entry.data.get("edited"):
        detail = f"{detail} changed: {', '.join(edited)}".strip()
    return Act(at=entry.at, clock=words.clock(entry.at, now), look=look, icon=icon, text=text, detail=detail)


def saying(act: str, by: str, data: dict[str, Any]) -> tuple[str, str, str]:
    """(sentence, look, icon) for an act, here and in the feed of its task."""
    match act:
        case "asked":
            return "The task asked, and waits", "waiting", "waiting"
        case "reminded":
            return "A reminder: nobody has decided yet", "person", "clock"
        case "escalated":
            return f"Escalated to {wording.either([str(name) for name in data.get('to', [])])}", "person", "warning"
        case "delegated":
            return f"{by} handed it over to {data.get('to', '')}", "person", "person"
        case "decided":
            return f"{by} decided: {data.get('label', '')}", "completed", "person"
        case "expired":
            taken = f": “{data.get('label')}” was taken" if data.get("decision") else ""
            return f"It expired, and nobody had decided{taken}", "paused", "clock"
        case "withdrawn":
            return "Withdrawn", "cancelled", "cancelled"
    return act, "pending", "info"
