"""The inbox: what is asked of me, of my groups, what is late, what was decided. A bounded number of queries."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from django.db.models import Count, Max, Sum
from django.urls import reverse

from apps.console.approvals import rows
from apps.console.approvals.rows import Row
from apps.core import clock
from apps.tasks import outbox
from apps.tasks.models import Approval
from apps.tasks.models.approvals import ApprovalQuerySet, ApprovalState

SHOWN = 100
MOST_COUNTED = 99
TABS = {
    "mine": "For you",
    "groups": "Your groups",
    "overdue": "Overdue",
    "open": "All open",
    "decided": "Decided",
}
EMPTY = {
    "mine": "Nothing is asked of you.",
    "groups": "Nothing is asked of your groups.",
    "overdue": "Nothing that you may decide is late.",
    "open": "No task asks anything that you may see.",
    "decided": "Nothing that you may see has been decided yet.",
}


@dataclass(frozen=True, kw_only=True)
class Tab:
    """`count`: empty where nobody counts."""

    label: str
    url: str
    count: str
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """`mark`: of all open questions that its reader may see, as `standing` has it."""

    tabs: list[Tab]
    rows: list[Row]
    is_more: bool
    empty: str
    mark: str
    mails: "Mails"


@dataclass(frozen=True, kw_only=True)
class Mails:
    """Whether the reader is told by e-mail, in a sentence; `change`: on or off, when they can change it."""

    said: str
    change: str = ""


class Standing(TypedDict):
    """How many questions somebody may decide, empty for none; and a mark that differs when any that they see has changed."""

    count: str
    mark: str


def gather(user: Any, wanted: str) -> Inbox:
    """`wanted`: one of TABS; anything else is the first that has something."""
    now = clock.now()
    counts = {name: _counted(_of(name, user, now)) for name in ("mine", "groups", "overdue", "open")}
    if wanted not in TABS:
        wanted = next((name for name in ("mine", "groups") if counts[name] != "0"), "mine")
    found = list(_of(wanted, user, now).select_related(*rows.RELATED).order_by(*_order(wanted))[: SHOWN + 1])
    return Inbox(
        tabs=[
            Tab(label=label, url=f"{reverse('admin:approvals')}?of={name}", count=counts.get(name, ""),
                is_current=name == wanted)
            for name, label in TABS.items()
        ],
        rows=rows.rows(found[:SHOWN], now),
        is_more=len(found) > SHOWN,
        empty=EMPTY[wanted],
        mark=mark(user),
        mails=_mails(user),
    )  # fmt: skip


def _of(name: str, user: Any, now: datetime) -> ApprovalQuerySet:
    approvals = Approval.objects.all()
    if name == "mine":
        return approvals.of_person(user).awaited()
    if name == "groups":
        return approvals.of_groups(user).awaited()
    if name == "overdue":
        return approvals.for_decision_by(user).overdue(now)
    seen = approvals.visible_to(user)
    return seen.awaited() if name == "open" else seen.exclude(state=ApprovalState.OPEN)


def _order(name: str) -> tuple[str, ...]:
    """What has waited longest comes first; of what is over the newest."""
    return ("-decided_at", "-id") if name == "decided" else ("id",)


def _counted(approvals: ApprovalQuerySet) -> str:
    return _said(approvals.order_by()[: MOST_COUNTED + 1].count())


def _said(number: int) -> str:
    return str(number) if number <= MOST_COUNTED else f"{MOST_COUNTED}+"


def number(user: Any) -> int:
    """How many this person could decide; counted no further than one beyond MOST_COUNTED. One query."""
    return Approval.objects.for_decision_by(user).awaited().order_by()[: MOST_COUNTED + 1].count()


def badge(user: Any) -> str:
    """The number for the menu; empty when there are none."""
    return _said(found) if (found := number(user)) else ""


def standing(user: Any) -> Standing:
    """Two queries."""
    return Standing(count=badge(user), mark=mark(user))


def mark(user: Any = None) -> str:
    """Of all open questions that this user may see, or of all there are. One query, over open ones only."""
    seen = Approval.objects.all() if user is None else Approval.objects.visible_to(user)
    facts = seen.awaited().order_by().aggregate(
        number=Count("pk"), ids=Sum("pk"), newest=Max("pk"), handed_to=Sum("delegated_to_id"),
        reminded=Max("reminded_at"), escalated=Max("escalated_at"),
    )  # fmt: skip
    return hashlib.sha256(repr(sorted(facts.items())).encode()).hexdigest()[:16]


def _mails(user: Any) -> Mails:
    if not outbox.channels():
        return Mails(said="This installation has no mail server, so nobody is told of approvals by e-mail.")
    if not user.email:
        return Mails(said="You are not told of approvals by e-mail: your account has no address.")
    if outbox.wants(user):
        return Mails(said=f"You are told of approvals by e-mail, to {user.email}.", change="off")
    return Mails(said="You are not told of approvals by e-mail, as you wished.", change="on")


def first(user: Any, number: int) -> list[Row]:
    """What this person could decide and has waited longest. One query."""
    found = Approval.objects.for_decision_by(user).awaited().select_related(*rows.RELATED)
    return rows.rows(found.order_by("id")[:number], clock.now())
