"""What time does to approvals: it reminds, hands up, ends. Small transactions, one for each, by whoever sweeps."""

from datetime import datetime, timedelta

from django.db import transaction

from apps.core import clock
from apps.core.errors import InvalidInput
from apps.core.schema import validate
from apps.tasks.approvals import acts
from apps.tasks.approvals.deciding import withdraw
from apps.tasks.lifecycle.timers import wake_now
from apps.tasks.models import Approval, Task
from apps.tasks.models.approvals import FAIL, ApprovalState
from apps.tasks.retention import chores

AT_ONCE = 100
CHORE = "approvals"
LOOK_SECONDS = 5.0
"""How often somebody looks for questions of tasks that have ended; until then nobody can decide them either."""


def due() -> int:
    """Do what is due. Returns to how many something happened. Safe in any number of processes at once."""
    now = clock.now()
    ids = list(Approval.objects.due(now).order_by("due_at").values_list("pk", flat=True)[:AT_ONCE])
    done = sum(_attend(approval_id, now) for approval_id in ids)
    return done + _withdraw_ended()


def _withdraw_ended() -> int:
    if not Approval.objects.filter(state=ApprovalState.OPEN).exists() or chores.take(CHORE, LOOK_SECONDS) is None:
        return 0
    ended = Approval.objects.filter(state=ApprovalState.OPEN, task__finished_at__isnull=False)
    tasks = dict(ended.order_by("pk").values_list("task_id", "task__status")[:AT_ONCE])
    return sum(withdraw(task_id, f"the task is {status}") for task_id, status in tasks.items())


def _attend(approval_id: int, now: datetime) -> bool:
    """Whether it was still due. The last thing that time does to it comes first: nobody is reminded of what has expired."""
    task_ids = Approval.objects.filter(pk=approval_id).values("task_id")
    with transaction.atomic():
        if not Task.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=task_ids).exists():
            return False
        approval = Approval.objects.due(now).select_related("task").filter(pk=approval_id).first()
        if approval is None:
            return False
        if approval.task.is_final:
            Approval.objects.filter(pk=approval_id).update(due_at=None)  # it is withdrawn in a moment
        elif approval.expires_at is not None and approval.expires_at <= now:
            _expire(approval, now)
        else:
            _escalate(approval, now)
            _remind(approval, now)
            approval.due_at = approval.next_due()
            approval.save(update_fields=["escalated_at", "reminded_at", "remind_at", "due_at"])
    return True


def _expire(approval: Approval, now: datetime) -> None:
    decision = "" if approval.at_expiry == FAIL else approval.at_expiry
    Approval.objects.filter(pk=approval.pk, state=ApprovalState.OPEN).update(
        state=ApprovalState.EXPIRED, decision=decision, decided_at=now, decided_data=_default_data(approval, decision),
        due_at=None,
    )  # fmt: skip
    acts.note(approval, "expired", now, decision=decision, label=approval.label(decision))
    wake_now(approval.task_id)


def _default_data(approval: Approval, decision: str) -> dict[str, object]:
    """As it was prefilled, which was valid when it was asked."""
    choice = approval.choice(decision)
    if not approval.form or choice is None or not choice["takes_data"]:
        return {}
    try:
        return validate(approval.data, approval.form)
    except InvalidInput:  # a later version reads schemas differently
        return dict(approval.data)


def _escalate(approval: Approval, now: datetime) -> None:
    if approval.escalated_at is None and approval.escalate_at is not None and approval.escalate_at <= now:
        approval.escalated_at = now
        to = [str(each.user or each.group) for each in approval.deciders.filter(is_escalation=True)]
        acts.note(approval, "escalated", now, to=to)


def _remind(approval: Approval, now: datetime) -> None:
    if approval.remind_at is None or approval.remind_at > now:
        return
    approval.reminded_at = now
    approval.remind_at = now + timedelta(seconds=approval.remind_every) if approval.remind_every else None
    acts.note(approval, "reminded", now)
