"""A round of the outbox: what is due is taken, sent and settled, one notice after the other."""

from collections.abc import Callable
from datetime import datetime
from itertools import takewhile
from typing import Any

import structlog

from apps.core import clock
from apps.notify import mail
from apps.notify.mail import NotDelivered
from apps.tasks import approvals, outbox
from apps.tasks.approvals import telling, wording
from apps.tasks.models import Notice

log = structlog.get_logger(__name__)
BATCH = 50
"""Notices for which one connection is kept."""


def turn(site: Callable[[], str], is_ending: Callable[[], bool] = lambda: False) -> int:
    """Settle what is due, at most BATCH. Returns how many. Safe in any number of processes at once.

    A notice that cannot be delivered is put off or given up, and keeps no other back. Raises NotDelivered when nobody
    can be told anything now because the server is down: what is due stays due.
    """
    due = outbox.due(clock.now(), BATCH)
    if not due:
        return 0
    with mail.opened() as connection:
        mine = takewhile(lambda _: not is_ending(), due)
        return sum(_attend(notice, connection, site()) for notice in mine)


def _attend(seen: Notice, connection: Any, site: str) -> bool:
    """False when another process has it."""
    now = clock.now()
    notice = outbox.take(seen, now)
    if notice is None:
        return False
    if why := no_use(notice, now):
        outbox.drop(notice, why, now)
    elif outbox.is_too_old(notice, now):
        outbox.fail(notice, _too_old(notice), now)
    else:
        _send(notice, connection, site)
    return True


def _send(notice: Notice, connection: Any, site: str) -> None:
    try:
        mail.deliver(connection, mail.written(notice, site, clock.now()))
    except NotDelivered as error:
        log.warning("notice_not_delivered", notice_id=notice.pk, tries=notice.tries, error=error.message)
        settle = outbox.fail if error.is_permanent else outbox.put_off
        settle(notice, error.message, clock.now())
        if error.is_down:
            raise
    else:
        outbox.sent(notice, clock.now())


def no_use(notice: Notice, now: datetime) -> str:
    """Why there is nothing left to tell this person, '' when there is. Needs outbox.RELATED."""
    person, approval = notice.person, notice.approval
    if not person.is_active or not person.email:
        return "The account is disabled or has no address."
    if not outbox.wants(person):
        return f"{person.get_username()} wants no mails."
    if notice.act in telling.TO_REQUESTER:
        return ""
    if not approval.is_open:
        return wording.ending(approval, now)
    if approval.task.is_final or (approval.expires_at is not None and approval.expires_at <= now):
        return "Nobody can decide it any more."
    return approvals.objection(approval, person)


def _too_old(notice: Notice) -> str:
    last = f" {notice.remark}" if notice.remark else ""
    return f"It could not be told within {int(outbox.MAX_AGE.total_seconds() // 3600)} hours.{last}"
