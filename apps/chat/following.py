"""Tasks that are told of in a chat: one message that changes while the task runs, then what came of it and its files.

Pull, not push: a look finds the tasks whose feed has gone on since they were told of, so nothing is missed over a
restart. In a group that is not open, the group sees that a task exists and how it ends; the rest goes to the asker.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from apps.catalog import outputs
from apps.chat import facts, outbox, places
from apps.chat.content import Button, Content
from apps.chat.models import Account, Dialog, Following, Post, PostState
from apps.chat.people import user_of
from apps.chat.platforms import platform
from apps.chat.wording import say
from apps.core.masking import mask
from apps.tasks import standing
from apps.tasks.models import Approval, Artifact, Execution, Task
from apps.tasks.models.approvals import ApprovalState
from apps.tasks.states import Status

log = structlog.get_logger("chantilly.chat")
MOST_FILES = 20
MOST_COMMENT = 500
MOST_AT_ONCE = 200
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=10)
MOST_TRIES = 10
"""Half an hour of pauses that grow: what fails then, fails always."""
REFRESH = timedelta(seconds=20)
"""A task that runs without news is told anew so often: its time goes on."""


def begin(task_id: int, dialog: Dialog, account: Account, locale: str, now: datetime, asked: str) -> None:
    """In the caller's transaction: from now on the dialog is told how the task goes."""
    row, is_new = Following.objects.get_or_create(
        task_id=task_id, dialog=dialog, account=account, defaults={"created_at": now, "locale": locale}
    )
    if not is_new and not row.is_over:
        return
    Following.objects.filter(pk=row.pk).update(is_over=False, seq=-1, locale=locale, tries=0, due_at=None)
    task = Task.objects.select_related(*facts.RELATED).filter(pk=task_id).first()
    user = user_of(account)
    if task is not None and user is not None:
        shown = facts.progress(task, user, locale, now, is_discreet=places.is_discreet(dialog))
        key = f"{asked}:task:{task_id}:{row.pk}"
        post = outbox.put(dialog, key, shown, now, account=account, task_id=task_id)
        Following.objects.filter(pk=row.pk).update(post=post)


def end(task_id: int, dialog: Dialog, account: Account) -> None:
    Following.objects.filter(task_id=task_id, dialog=dialog, account=account).update(is_over=True)


def look(now: datetime) -> int:
    """Tell of all that has moved. Returns how many followings were attended to."""
    moved = list(_moved(now)[:MOST_AT_ONCE])
    for row in moved:
        try:
            _attend(row, now)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # Whatever it is: the other tasks' news do not wait for it.
            log.exception("chat_following_failed", following_id=row.pk, task_id=row.task_id, tries=row.tries + 1)
            _put_off(row, now)
    return len(moved)


@transaction.atomic
def _put_off(row: Following, now: datetime) -> None:
    """Looked at again after a pause; after the last one it is given up, and the person is told where to look."""
    mine = Following.objects.filter(pk=row.pk, tries=row.tries, is_over=False)
    if row.tries + 1 < MOST_TRIES:
        mine.update(tries=row.tries + 1, due_at=now + min(LONGEST_PAUSE, FIRST_PAUSE * 2**row.tries))
    elif mine.update(tries=row.tries + 1, due_at=None, is_over=True):
        told = Content(text=say("untold", row.locale, task=row.task_id), links=[facts.link(row.task_id, row.locale)])
        key = f"untold:{row.pk}:{now.isoformat()}"
        outbox.put(row.dialog, key, told, now, account=row.account, task_id=row.task_id)


def _moved(now: datetime) -> QuerySet[Following]:
    """Those with news, the longest untold first; what is quiet costs nothing, however much of it there is.

    A connection that is off, or whose platform is not installed, is told when it is back.
    """
    feed = Execution.objects.filter(task_id=OuterRef("task_id")).values("seq")
    is_stale = Q(post__state=PostState.SENT, post__sent_at__lt=now - REFRESH)
    served = {"dialog__connection__is_enabled": True, "dialog__connection__platform__in": list(settings.CHAT_PLATFORMS)}
    is_due = Q(due_at__isnull=True) | Q(due_at__lte=now)
    live = Following.objects.filter(is_due, is_over=False, **served).annotate(feed_seq=Subquery(feed))
    news = live.filter(Q(feed_seq__isnull=True) | ~Q(feed_seq=F("seq")) | is_stale)
    ordered = news.order_by(F("post__sent_at").asc(nulls_first=True), "id")
    return ordered.select_related("dialog__connection", "account", "post")


def _attend(row: Any, now: datetime) -> None:
    if row.feed_seq is None:
        _removed(row, now)
    else:
        _tell(row, row.feed_seq, now)


def _tell(row: Following, seq: int, now: datetime) -> None:
    user = user_of(row.account)
    task = Task.objects.select_related(*facts.RELATED).filter(pk=row.task_id).first()
    if task is None:
        return
    if user is None or not Task.objects.visible_to(user).filter(pk=task.pk).exists():
        Following.objects.filter(pk=row.pk).update(is_over=True)  # unlinked, or no longer theirs to see
        return
    with transaction.atomic():
        mine = Following.objects.filter(pk=row.pk, seq=row.seq, is_over=False)
        if not mine.update(seq=seq, is_over=task.is_final, tries=0, due_at=None):
            return
        shown = facts.progress(task, user, row.locale, now, is_discreet=places.is_discreet(row.dialog))
        if row.post_id is not None and not outbox.change(row.post_id, shown, now):
            outbox.still(row.post_id, now)
        _decisions(row, task, now)
        if task.is_final:
            _let_stand(row, now)
            _ended(row, task, user, now)


def _let_stand(row: Following, now: datetime) -> None:
    """What was started by the answer before has ended: the answer no longer offers to take it back."""
    asked, is_started, _ = row.post.key.partition(":task:") if row.post else ("", "", "")
    if not is_started:
        return
    answers = [each for each in row.dialog.posts.filter(key__startswith=f"{asked}:") if _offers_undo(each)]
    if len(answers) == 1:  # of several it is not known which is whose
        content = Content.from_json(answers[0].content)
        outbox.change(
            answers[0].pk, replace(content, buttons=[each for each in content.buttons if not _is_undo(each)]), now
        )


def _offers_undo(post: Post) -> bool:
    return any(map(_is_undo, Content.from_json(post.content).buttons))


def _is_undo(button: Button) -> bool:
    return button.value.endswith(".undo")


def _decisions(row: Following, task: Task, now: datetime) -> None:
    """What others decided for the task, each once, where its asker hears it."""
    asked = Approval.objects.filter(Q(task=task) | Q(task__parent=task), state=ApprovalState.DECIDED)
    decided = list(asked.exclude(decided_by=row.account.user_id).order_by("decided_at", "pk"))
    where = places.for_details(row.dialog, row.account) if decided else None
    if where is None:
        return
    for each in decided:
        values = {"name": each.decided_name, "title": mask(each.title), "label": each.label(each.decision)}
        lines = [say("decided_by", row.locale, task=task.pk, **values)]
        if each.comment:
            lines.append(say("decided_why", row.locale, comment=mask(each.comment, MOST_COMMENT)))
        content = Content(text="\n\n".join(lines))
        outbox.put(where, f"decided:{each.pk}:{row.pk}", content, now, account=row.account, task_id=task.pk)


def _ended(row: Following, task: Task, user: Any, now: datetime) -> None:
    """The summary, the files and links, once, where they may be seen."""
    assert task.finished_at is not None  # it is final
    key = f"task:{task.pk}:{row.pk}:{task.finished_at.isoformat()}"
    where = places.for_details(row.dialog, row.account)
    if where is None:
        return
    content = facts.ending(task, user, row.locale, now, message(task, "origin"))
    files = list(Artifact.objects.of(task)[:MOST_FILES]) if task.status == Status.COMPLETED else []
    sendable, links = _parted(files, where)
    if links:
        offered = facts.file_links(links, row.locale, is_plain=_most(where) == 0)
        content = Content(text=content.text, links=[*content.links, *offered], buttons=content.buttons)
    outbox.put(where, f"{key}:end", content, now, account=row.account, task_id=task.pk)
    for artifact in sendable:
        outbox.put_file(where, f"{key}:file:{artifact.pk}", artifact.pk, task.pk, row.account, now)


def _parted(files: Sequence[Artifact], where: Dialog) -> tuple[list[Artifact], list[Artifact]]:
    """Those that the platform takes, and those that are offered as links."""
    most = _most(where)
    return [each for each in files if each.size <= most], [each for each in files if each.size > most]


def _most(where: Dialog) -> int:
    return platform(where.connection.platform).limits.file_bytes


def message(task: Task, channel: str) -> str:
    """The template's own words for the end, where it wants this channel to be told."""
    wanted = task.revision.outputs.get("notifications", {})
    if task.status != Status.COMPLETED or channel not in wanted.get("channels", []):
        return ""
    values = {
        **dict.fromkeys(task.revision.parameter_schema.get("properties", {}), ""),
        **{name: value for name, value in task.parameters.items() if isinstance(value, str | int | float)},
        "date": f"{timezone.localtime(task.started_at or task.created_at):%Y-%m-%d}",
        "task_id": task.pk,
        "template": task.template.key,
        "summary": standing.summary(task),
        "period": _period(task.parameters.get("period")),
    }
    return mask(outputs.fill(str(wanted.get("message", "")), values), 2_000)


def _period(value: Any) -> str:
    if not isinstance(value, dict) or not {"start", "end"} <= value.keys():
        return ""
    return f"{value['start']} – {value['end']}"


def _removed(row: Following, now: datetime) -> None:
    Following.objects.filter(pk=row.pk).update(is_over=True)
    if row.post_id is not None:
        outbox.change(row.post_id, Content(text=say("removed", row.locale, task=row.task_id)), now)
