"""The outbox: notices are put in by the transaction of the event that they tell, and sent afterwards by `apps.notify`.

1. `take` marks a notice before it is sent, `sent` afterwards: whoever else looks meanwhile passes it over.
2. A sender that dies between leaves it taken. After TAKEN it is due again, so it may then be sent a second time, with
   the same Message-ID; it is never lost. What is settled after that time, by a sender that still lived, is refused.
3. What fails in a way that may pass is put off, each time for longer, until it is MAX_AGE old.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from apps.core.masking import mask
from apps.tasks.models import Approval, Notice, NoticeChoice
from apps.tasks.models.notices import NoticeState

EMAIL = "email"
TAKEN = timedelta(minutes=10)
"""Longer than a server can hold one up: each of its answers is waited for EMAIL_TIMEOUT at most."""
MAX_AGE = timedelta(hours=48)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
RELATED = ("person", "approval__task__requester", "approval__delegated_to")


def channels() -> list[str]:
    """By what this installation can tell people anything."""
    return [EMAIL] if settings.EMAIL_HOST else []


def put(approval: Approval, act: str, at: datetime, people: Iterable[Any], channel: str = EMAIL) -> None:
    """In the caller's transaction. The same event again puts nothing."""
    Notice.objects.bulk_create(
        [
            Notice(
                task_id=approval.task_id, approval=approval, person=person, channel=channel, act=act, at=at, due_at=at
            )
            for person in people
        ],
        ignore_conflicts=True,
        batch_size=500,
    )


def due(now: datetime, most: int) -> list[Notice]:
    return list(Notice.objects.due(now)[:most])


def take(notice: Notice, now: datetime) -> Notice | None:
    """The notice and all that it tells of, as they are now. None when another was first."""
    mine = Notice.objects.filter(pk=notice.pk, state=notice.state, due_at=notice.due_at)
    if not mine.update(state=NoticeState.TAKEN, due_at=now + TAKEN, tries=notice.tries + 1):
        return None
    return Notice.objects.select_related(*RELATED).get(pk=notice.pk)


def sent(notice: Notice, now: datetime) -> bool:
    return _settle(notice, state=NoticeState.SENT, due_at=None, ended_at=now, remark="")


def drop(notice: Notice, why: str, now: datetime) -> bool:
    return _settle(notice, state=NoticeState.DROPPED, due_at=None, ended_at=now, remark=mask(why, 300))


def fail(notice: Notice, why: str, now: datetime) -> bool:
    return _settle(notice, state=NoticeState.FAILED, due_at=None, ended_at=now, remark=mask(why, 300))


def put_off(notice: Notice, why: str, now: datetime) -> bool:
    """Tried again after a pause; given up when that would be too late."""
    again = now + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(notice.tries - 1, 10))
    if again > notice.at + MAX_AGE:
        return fail(notice, f"Given up after {notice.tries} tries: {why}", now)
    return _settle(notice, state=NoticeState.WAITING, due_at=again, remark=mask(why, 300))


def is_too_old(notice: Notice, now: datetime) -> bool:
    return now > notice.at + MAX_AGE


def _settle(notice: Notice, **values: Any) -> bool:
    """False when this sender was given up meanwhile, and another has it."""
    mine = Notice.objects.filter(pk=notice.pk, state=NoticeState.TAKEN, due_at=notice.due_at)
    return bool(mine.update(**values))


def wants(person: Any, channel: str = EMAIL) -> bool:
    assert channel == EMAIL
    return not NoticeChoice.objects.filter(person=person, by_email=False).exists()


def choose(person: Any, *, by_email: bool) -> None:
    """Whether this person is told by e-mail from now on, also of what is in the outbox already."""
    NoticeChoice.objects.update_or_create(person=person, defaults={"by_email": by_email})


def willing(people: QuerySet[Any]) -> QuerySet[Any]:
    """Of these users those who can be told by e-mail: active, with an address, and not against it."""
    return people.filter(is_active=True).exclude(email="").exclude(notice_choice__by_email=False)
