"""Questions that a task has put, through the product's own verbs."""

from typing import Any

from django.contrib.auth.models import Group, User

from apps.tasks import approvals, lifecycle
from apps.tasks.models import Approval, Task
from apps.tasks.record.journal import Batch
from tests.unit.tasks.standing_at import running

AMOUNT: dict[str, Any] = {
    "type": "object",
    "required": ["amount"],
    "properties": {"amount": {"type": "integer", "minimum": 1, "maximum": 500}, "note": {"type": "string"}},
}


def asked(task: Task, place: str = "7", **given: Any) -> Approval:
    return approvals.ask(task.pk, place, approvals.read({"title": "Send 14 letters?", **given}))


def person(name: str, *groups: str, **flags: bool) -> User:
    user = User.objects.create_user(name, **flags)
    user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    return user


def listening(template: str, by: User) -> Task:
    """A task that has left its worker and waits for something else than time."""
    made = running(template, by)
    lifecycle.suspend(made.lease, None, "waits for a person", Batch(), is_listening=True)
    return made.task
