"""What a person's conversation may name: their templates, tasks and approvals, and nothing else."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from apps.catalog.models import TaskTemplate, TemplateRevision
from apps.chat import places
from apps.chat.models import Account, Dialog, Following, Talk
from apps.chat.platforms.contract import GROUP
from apps.console.terminal.asking import card
from apps.core.errors import ChantillyError
from apps.crm.models import Client
from apps.language import wording
from apps.language.contract import Choice, Interpretation, TemplateCard
from apps.language.conversation import Estimate, KnownApproval, KnownTask, World
from apps.tasks.making import costs, pace, submission
from apps.tasks.models import Approval, Task

MOST_NAMED = 8
MOST_TASKS = 50
MOST_RECENT = 20
MOST_APPROVALS = 50
YES, NO = ("approve", "yes", "accept", "ok", "agree", "release"), ("reject", "no", "decline", "refuse", "deny", "stop")


def of(user: Any, account: Account, dialog: Dialog, talk: Talk, now: datetime, *, has_model: bool) -> World:
    """In a group only what was asked there is named: a title can say more than its readers may know."""
    mine = Task.objects.filter(requester=user).wholes()
    if not places.is_discreet(dialog):
        mine = mine.filter(pk__in=_followed(dialog, account))
    return World(
        name=f"{talk.pk}",
        cards=cards(user, dialog),
        tasks=[_known(each) for each in mine.open().order_by("-pk")[:MOST_TASKS]],
        recent=[_known(each) for each in mine.filter(finished_at__isnull=False).order_by("-pk")[:MOST_RECENT]],
        approvals=[_asked(each) for each in _approvals(user, dialog)],
        find_task=lambda number: _find(number, user, dialog, account),
        estimate=lambda key, parameters: _estimate(user, key, parameters),
        lookup=(lambda kind, words: _named(user, kind, words)) if places.is_discreet(dialog) else None,
        has_model=has_model,
    )


def with_reading(world: World, reading: Interpretation | None) -> World:
    """The same world, with what the model made of the message."""
    return replace(world, has_model=False, reading=reading)


def cards(user: Any, dialog: Dialog) -> list[TemplateCard]:
    """Of templates whose tools the person may use: any other would be offered, chosen and then refused."""
    templates = places.sayable(TaskTemplate.objects.runnable_by(user), dialog).order_by("key")
    return [card(each) for each in templates if each.published_id and not submission.lacking(each.published_id, user)]


def contexts(dialog: Dialog) -> list[str]:
    return [str(each) for each in (*dialog.connection.contexts, *dialog.contexts)]


def zone() -> str:
    return timezone.get_current_timezone_name()


def _known(task: Task) -> KnownTask:
    return KnownTask(id=task.pk, title=task.title, status=task.status, is_open=not task.is_final)


def _followed(dialog: Dialog, account: Account) -> list[int]:
    followed = Following.objects.filter(dialog=dialog, account=account).order_by("-id")
    return list(followed.values_list("task_id", flat=True)[: MOST_TASKS + MOST_RECENT])


def _find(number: int, user: Any, dialog: Dialog, account: Account) -> KnownTask | None:
    seen = Task.objects.visible_to(user).filter(pk=number)
    if not places.is_discreet(dialog):
        seen = seen.filter(pk__in=_followed(dialog, account))
    task = seen.first()
    return None if task is None else _known(task)


def _approvals(user: Any, dialog: Dialog) -> list[Approval]:
    """In a group, if it is open, those of tasks that were asked for there."""
    if not places.is_discreet(dialog):
        return []
    awaited = Approval.objects.awaited().for_decision_by(user).select_related("task")
    if dialog.kind == GROUP:
        there = Following.objects.filter(dialog__in=places.of_channel(dialog).values("pk")).values("task_id")
        awaited = awaited.filter(Q(task_id__in=there) | Q(task__parent_id__in=there))
    return list(awaited.order_by("-pk")[:MOST_APPROVALS])


def _asked(approval: Approval) -> KnownApproval:
    names = [str(choice["name"]) for choice in approval.choices]
    return KnownApproval(
        id=approval.pk,
        task_id=approval.task_id,
        title=approval.title,
        approve=next((name for name in names if name.lower() in YES), ""),
        reject=next((name for name in names if name.lower() in NO), ""),
    )


def _named(user: Any, kind: str, words: str) -> list[Choice]:
    """What the words may name, for parameters with `x-lookup`; nothing of what this person may not look at."""
    if kind != "clients" or not user.has_perm("crm.view_client"):
        return []
    text = " ".join(words.split())[:100]
    found = Client.objects.filter(Q(name__icontains=text) | Q(code__iexact=text)).order_by("name")[:MOST_NAMED]
    exact = [client for client in found if text.casefold() in (client.name.casefold(), client.code.casefold())]
    return [Choice(label=_label(client), value=client.code) for client in (exact or found)]


def _label(client: Client) -> str:
    return f"{client.name}, {client.city}" if client.city else client.name


def _estimate(user: Any, key: str, parameters: Mapping[str, Any]) -> Estimate | None:
    template = TaskTemplate.objects.runnable_by(user).filter(key=key).first()
    if template is None or template.published is None:
        return None
    try:
        expected = pace.expected(template.published, parameters)
    except ChantillyError:  # half read parameters: the card then says nothing of time
        return None
    return Estimate(seconds=expected.seconds, steps=expected.steps, cost=_cost(template.published, parameters))


def _cost(revision: TemplateRevision, parameters: Mapping[str, Any]) -> str:
    """In the language that is spoken; empty where the template does not say what it uses of the model, or there is none."""
    cost = costs.expected(revision, parameters)
    if cost is None or not cost.has_model:
        return ""
    used = cost.tokens
    return wording.cost(used.total, cost.money, cost.currency, used.known, used.count)
