"""Approvals in the chat: who may decide is asked in private, is reminded there, and sees how it ended.

Pull, not push: a look compares the open questions with what people were told. A question in a group would show its
evidence to all who read there, so it goes to private dialogs only.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.chat import facts, outbox
from apps.chat.content import Button, Content, Link
from apps.chat.models import Account, Dialog, Told
from apps.chat.people import user_of
from apps.chat.platforms.contract import PRIVATE
from apps.chat.wording import language, say
from apps.core.masking import mask
from apps.tasks.approvals import wording
from apps.tasks.models import Approval

PRESSED = "decide:"
"""How the values of these buttons begin: decide:12:approve."""
MOST_TEXT = 2_000
MOST_AT_ONCE = 200


def look(now: datetime) -> int:
    """Ask who has not been asked, and tell how questions ended. Returns how many posts that made or changed."""
    awaited = list(Approval.objects.awaited().select_related("task__requester").order_by("pk")[:MOST_AT_ONCE])
    return _ask(awaited, now) + _close(now)


def _ask(awaited: list[Approval], now: datetime) -> int:
    if not awaited:
        return 0
    marks = {(approval.pk, _mark(approval)) for approval in awaited}
    told = set(
        Told.objects.filter(approval_id__in=[pk for pk, _ in marks]).values_list("account_id", "approval_id", "mark")
    )
    asked = 0
    for account in Account.objects.filter(user__is_active=True).exclude(private_dialog=""):
        for approval in _open_to(account, awaited):
            if (account.pk, approval.pk, _mark(approval)) not in told:
                asked += _tell(account, approval, now)
    return asked


def _open_to(account: Account, awaited: Iterable[Approval]) -> Iterator[Approval]:
    user = user_of(account)
    if user is None:
        return
    mine = set(Approval.objects.awaited().for_decision_by(user).values_list("pk", flat=True))
    yield from (approval for approval in awaited if approval.pk in mine)


def _tell(account: Account, approval: Approval, now: datetime) -> int:
    dialog, _ = Dialog.objects.get_or_create(
        connection_id=account.connection_id, external_id=account.private_dialog, defaults={"kind": PRIVATE}
    )
    if dialog.is_gone:
        return 0
    mark, locale = _mark(approval), _locale(account)
    key = f"approval:{approval.pk}:{account.pk}:{mark}"
    try:
        with transaction.atomic():
            post = outbox.put(dialog, key, _question(approval, locale), now, account=account, task_id=approval.task_id)
            Told.objects.create(approval_id=approval.pk, account=account, post=post, mark=mark)
    except IntegrityError:
        return 0  # another process was first
    return 1


def _close(now: datetime) -> int:
    """Questions that nobody can answer any more say so, and lose their buttons."""
    rows = list(Told.objects.filter(is_over=False).select_related("account", "post")[:MOST_AT_ONCE])
    found = Approval.objects.select_related("task__requester").in_bulk({row.approval_id for row in rows})
    closed = 0
    for row in rows:
        approval = found.get(row.approval_id)
        if approval is not None and approval.is_open and not approval.task.is_final:
            continue
        with transaction.atomic():
            if Told.objects.filter(pk=row.pk, is_over=False).update(is_over=True):
                outbox.change(row.post_id, _over(row, approval, now), now)
                closed += 1
    return closed


def _question(approval: Approval, locale: str) -> Content:
    head = "reminds" if approval.reminded_at or approval.escalated_at else "asks"
    name = wording.person(approval.task.requester)
    lines = [
        say(head, locale, name=name, task=approval.task_id, title=mask(approval.task.title)),
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
