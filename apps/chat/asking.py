"""Approvals in the chat: who may decide is asked in private, is reminded there, and sees how it ended.

Pull, not push: a look compares the open questions with what people were told. All who read in a group would read the
question, so it goes to private dialogs; whom the platform gives none is asked where the task was asked for, if an
administrator has opened that group.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from apps.chat import facts, outbox
from apps.chat.content import Button, Content, Link
from apps.chat.models import Account, Dialog, Following, Told
from apps.chat.people import user_of
from apps.chat.platforms.contract import GROUP, PRIVATE
from apps.chat.wording import language, say
from apps.core.masking import mask
from apps.tasks.approvals import wording
from apps.tasks.models import Approval, Decider

PRESSED = "decide:"
"""How the values of these buttons begin: decide:12:approve."""
IN_FORCE = Q(is_escalation=False) | Q(approval__escalated_at__isnull=False)
MOST_TEXT = 2_000
MOST_AT_ONCE = 200
_News = tuple[Approval, Dialog | None]
"""A question, and the thread where it is put; None: in private."""


def look(now: datetime) -> int:
    """Ask who has not been asked, and tell how questions ended. Returns how many posts that made or changed."""
    awaited = {each.pk: each for each in Approval.objects.awaited().select_related("task__requester").order_by("pk")}
    return _ask(awaited, now) + _close(now)


def _ask(awaited: Mapping[int, Approval], now: datetime) -> int:
    """A few queries for all who were asked already; two more for each who was not."""
    told = set(Told.objects.filter(approval_id__in=awaited).values_list("account_id", "approval_id", "mark"))
    accounts, threads = _reachable(), _threads(awaited)
    news: dict[int, list[_News]] = defaultdict(list)
    for user_id, approval_id in sorted(_named(awaited)):
        for account in accounts.get(user_id, ()):
            approval = awaited[approval_id]
            thread = threads.get((account.connection_id, approval_id))
            has_place = account.private_dialog or thread is not None
            if has_place and (account.pk, approval_id, _mark(approval)) not in told:
                news[account.pk].append((approval, None if account.private_dialog else thread))
    by_number = {account.pk: account for several in accounts.values() for account in several} if news else {}
    return sum(_tell_some(by_number[pk], asked, now) for pk, asked in news.items())


def _named(awaited: Mapping[int, Approval]) -> set[tuple[int, int]]:
    """User and approval: who may have to decide. Whether they may now, is asked for each who was not told yet."""
    if not awaited:
        return set()
    deciders = Decider.objects.filter(approval__in=awaited).filter(IN_FORCE)
    alone = deciders.filter(user__isnull=False).values_list("user_id", "approval_id")
    together = deciders.filter(group__user__is_active=True).values_list("group__user", "approval_id")
    handed = ((each.delegated_to_id, each.pk) for each in awaited.values() if each.delegated_to_id is not None)
    return {*alone, *together, *handed}


def _reachable() -> dict[int, list[Account]]:
    """By their users."""
    found: dict[int, list[Account]] = defaultdict(list)
    served = {"connection__is_enabled": True, "connection__platform__in": list(settings.CHAT_PLATFORMS)}
    for account in Account.objects.filter(user__is_active=True, **served):
        if account.user_id is not None:
            found[account.user_id].append(account)
    return found


def _threads(awaited: Mapping[int, Approval]) -> dict[tuple[int, int], Dialog]:
    """By connection and approval: the opened group where its task, or the workflow that this is a part of, was asked for."""
    if not awaited:
        return {}
    of_task: dict[int, list[int]] = defaultdict(list)
    for each in awaited.values():
        of_task[each.task.parent_id or each.task_id].append(each.pk)
    there = Following.objects.filter(
        task_id__in=of_task, dialog__kind=GROUP, dialog__is_open=True, dialog__is_gone=False
    )
    found: dict[tuple[int, int], Dialog] = {}
    for row in there.select_related("dialog").order_by("pk"):
        for approval_id in of_task[row.task_id]:
            found.setdefault((row.dialog.connection_id, approval_id), row.dialog)
    return found


def _tell_some(account: Account, asked: list[_News], now: datetime) -> int:
    user = user_of(account)
    if user is None:
        return 0
    numbers = [approval.pk for approval, _ in asked]
    mine = set(Approval.objects.awaited().for_decision_by(user).filter(pk__in=numbers).values_list("pk", flat=True))
    return sum(_tell(account, approval, thread, now) for approval, thread in asked if approval.pk in mine)


def _tell(account: Account, approval: Approval, thread: Dialog | None, now: datetime) -> int:
    """In the thread once, however many there may decide it."""
    dialog = thread or _private(account)
    if dialog is None:
        return 0
    mark, locale = _mark(approval), _locale(account)
    key = f"approval:{approval.pk}:{f'in-{thread.pk}' if thread else account.pk}:{mark}"
    question = _question(approval, locale, is_private=thread is None)
    about = account if thread is None else None
    try:
        with transaction.atomic():
            post = outbox.put(dialog, key, question, now, account=about, task_id=approval.task_id)
            Told.objects.create(approval_id=approval.pk, account=account, post=post, mark=mark)
    except IntegrityError:
        return 0  # another process was first
    return 1


def _private(account: Account) -> Dialog | None:
    dialog, _ = Dialog.objects.get_or_create(
        connection_id=account.connection_id, external_id=account.private_dialog, defaults={"kind": PRIVATE}
    )
    is_alone = dialog.kind == PRIVATE and not dialog.is_gone  # others may have come in since
    return dialog if is_alone else None


def _close(now: datetime) -> int:
    """Questions that nobody can answer any more say so, and lose their buttons."""
    live = Approval.objects.awaited().filter(pk=OuterRef("approval_id"))
    ended = Told.objects.filter(~Exists(live), is_over=False).select_related("account", "post").order_by("pk")
    rows = list(ended[:MOST_AT_ONCE])
    found = Approval.objects.select_related("task__requester").in_bulk({row.approval_id for row in rows})
    closed = 0
    for row in rows:
        approval = found.get(row.approval_id)
        with transaction.atomic():
            if Told.objects.filter(pk=row.pk, is_over=False).update(is_over=True):
                outbox.change(row.post_id, _over(row, approval, now), now)
                closed += 1
    return closed


def _question(approval: Approval, locale: str, *, is_private: bool) -> Content:
    head = "reminds" if approval.reminded_at or approval.escalated_at else "asks"
    about = {
        "name": wording.person(approval.task.requester), "task": approval.task_id, "title": mask(approval.task.title),
    }  # fmt: skip
    who = ", ".join(wording.names(approval))
    lines = [
        say(head, locale, **about) if is_private else say(f"{head}_there", locale, who=who, **about),
        mask(approval.text, MOST_TEXT).strip(),
    ]
    if approval.expires_at is not None:
        local = timezone.localtime(approval.expires_at)
        lines.append(say("until", locale, moment=f"{local:%d.%m.%Y %H:%M %Z}"))
    return Content(
        title=mask(approval.title),
        text="\n\n".join(line for line in lines if line),
        links=[Link(label=say("approval_page", locale), url=facts.approval_page(approval.pk))],
        buttons=_buttons(approval),
    )


def _buttons(approval: Approval) -> list[Button]:
    """Choices whose form is filled in already can be pressed here; the page has the others."""
    missing = [name for name in approval.form.get("required", []) if name not in approval.data]
    choices: list[dict[str, Any]] = [each for each in approval.choices if not (each.get("takes_data") and missing)]
    return [
        Button(label=str(each["label"])[:60], value=f"{PRESSED}{approval.pk}:{each['name']}"[:60]) for each in choices
    ]


def _over(row: Told, approval: Approval | None, now: datetime) -> Content:
    locale = _locale(row.account)
    before = Content.from_json(row.post.content)
    ending = wording.ending(approval, now) if approval is not None else say("removed", locale, task=row.post.task_id)
    return Content(title=before.title, text=say("is_over", locale, ending=ending), links=before.links)


def _mark(approval: Approval) -> str:
    """Which asking it is: the first, each reminder, an escalation, a hand-over."""
    moments = [approval.reminded_at, approval.escalated_at]
    latest = max((moment for moment in moments if moment is not None), default=approval.asked_at)
    return f"{int(latest.timestamp())}.{approval.delegated_to_id or 0}"


def _locale(account: Account) -> str:
    """In which language the person has talked to us last."""
    talk = account.talks.order_by("-updated_at").first()
    return language(talk.state.get("language", "") if talk else "")
