"""Who is told of what happens to an approval, outside of the pages. Text and sending are `apps.notify`'s."""

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from apps.tasks import outbox
from apps.tasks.models import Approval

TO_DECIDERS = frozenset({"asked", "reminded", "escalated", "delegated"})
TO_REQUESTER = frozenset({"decided", "expired"})


def tell(approval: Approval, act: str, now: datetime, by: Any = None) -> None:
    """In the transaction of the act. Who did it themselves is not told."""
    if not outbox.channels() or act not in TO_DECIDERS | TO_REQUESTER:
        return
    people = outbox.willing(_people(approval, act, now)).exclude(pk=getattr(by, "pk", None))
    if act in TO_DECIDERS and approval.is_four_eyes:
        people = people.exclude(pk=approval.task.requester_id)
    outbox.put(approval, act, now, people.distinct().order_by("pk"))


def _people(approval: Approval, act: str, now: datetime) -> QuerySet[Any]:
    users = get_user_model().objects.all()
    if act in TO_REQUESTER:
        return users.filter(pk=approval.task.requester_id)
    if act == "delegated":
        return users.filter(pk=approval.delegated_to_id or 0)
    if act == "escalated":
        return users.filter(_named(approval, is_escalation=True))
    # Whom it is escalated to at this moment hears of that, and needs no reminder of what is new to them.
    is_up = approval.escalated_at is not None and approval.escalated_at < now
    named = _named(approval) if is_up else _named(approval, is_escalation=False)
    return users.filter(named | Q(pk=approval.delegated_to_id or 0))


def _named(approval: Approval, **which: bool) -> Q:
    deciders = approval.deciders.filter(**which)
    return Q(pk__in=deciders.values("user_id")) | Q(groups__in=deciders.values("group_id"))
