"""The channel e-mail, over Django's mail API: a notice becomes a message, and the server's answer one class of error.

1. A message names the question, who asks, until when, and a page; no parameters, no data of its form, no secrets.
2. What people wrote never reaches a header with a line break in it, and is cut.
3. The same notice always has the same Message-ID: a server that gets it twice can tell.
"""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.validators import validate_email
from django.template.loader import render_to_string
from django.utils import timezone

from apps.core.errors import ChantillyError
from apps.core.masking import mask
from apps.tasks.approvals import wording
from apps.tasks.models import Approval, Notice
from apps.tasks.models.approvals import FAIL

PAGE = "/admin/tasks/approval/{}/"
"""Where one decides. Written out: whoever sends may run without the pages."""
MOST_TEXT = 600
MOST_SUBJECT = 120
HEADS = {
    "asked": "To decide",
    "reminded": "Reminder",
    "escalated": "Escalated to you",
    "delegated": "Handed over to you",
    "decided": "Decided",
    "expired": "Nobody decided",
}
LEADS = {
    "asked": "A task asks, and waits for your decision.",
    "reminded": "Nobody has decided yet, and the task still waits.",
    "escalated": "Nobody has decided in time, so you are asked, too.",
    "delegated": "It was handed over to you: you may decide it.",
}


class NotDelivered(ChantillyError):
    """`is_permanent`: this message never will be. `is_down`: the server itself does not work, so no other will be now."""

    code = "not_delivered"

    def __init__(self, message: str, *, is_permanent: bool = False, is_down: bool = False) -> None:
        super().__init__(message)
        self.is_permanent = is_permanent
        self.is_down = is_down


@contextmanager
def opened() -> Iterator[Any]:
    """A connection for several messages. Raises NotDelivered when the server cannot be reached or refuses us."""
    connection = get_connection()
    try:
        connection.open()
    except (smtplib.SMTPException, OSError) as error:
        raise NotDelivered(_said(error), is_down=True) from error
    try:
        yield connection
    finally:
        with suppress(smtplib.SMTPException, OSError):  # what was accepted is accepted
            connection.close()


def deliver(connection: Any, message: EmailMultiAlternatives) -> None:
    """Raises NotDelivered."""
    try:
        validate_email(message.to[0])
        connection.send_messages([message])
    except (ValidationError, ValueError) as error:  # no address, or a header that no server may see
        raise NotDelivered(f"The message cannot be written: {_said(error)}", is_permanent=True) from error
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()), (0, b""))
        raise NotDelivered(_answer(code, said), is_permanent=code >= 500) from error
    except smtplib.SMTPDataError as error:
        raise NotDelivered(_answer(error.smtp_code, error.smtp_error), is_permanent=error.smtp_code >= 500) from error
    except smtplib.SMTPSenderRefused as error:  # our address: a person can mend that
        raise NotDelivered(_answer(error.smtp_code, error.smtp_error)) from error
    except (smtplib.SMTPException, OSError) as error:
        raise NotDelivered(_said(error), is_down=True) from error


def written(notice: Notice, site: str, now: datetime) -> EmailMultiAlternatives:
    """Needs outbox.RELATED. `site`: where people reach the pages."""
    told = _told(notice, site, now)
    subject = " ".join(_plain(f"{HEADS[notice.act]}: {told['title']}").split())
    message = EmailMultiAlternatives(
        subject=subject if len(subject) <= MOST_SUBJECT else subject[: MOST_SUBJECT - 1] + "…",
        body=render_to_string("notify/approval.txt", told),
        to=[notice.person.email],
        headers={**_thread(notice), "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("notify/approval.html", told), "text/html")
    return message


def _told(notice: Notice, site: str, now: datetime) -> dict[str, Any]:
    approval = notice.approval
    text = _plain(mask(approval.text, MOST_TEXT)).strip()
    return {
        "lead": LEADS.get(notice.act) or _ending(approval),
        "title": " ".join(_plain(mask(approval.title)).split()),
        "text": text,
        "task": f"{_line(approval.task.title)}, task {approval.task_id}",
        "asker": _line(wording.person(approval.task.requester)),
        "deciders": _line(wording.either(wording.names(approval))),
        "until": _until(approval),
        "is_open": approval.is_open,
        "is_staff": notice.person.is_staff,
        "page": site + PAGE.format(approval.pk),
        "api": f"{site}/api/v1/approvals/{approval.pk}/decide/",
    }


def _line(text: str) -> str:
    return " ".join(_plain(mask(text)).split())


def _plain(text: str) -> str:
    """Without characters that steer a terminal, a header or the reading direction."""
    kept = (each if each == "\n" or each.isprintable() else " " for each in text.replace("\r\n", "\n"))
    return "".join(kept)


def _ending(approval: Approval) -> str:
    label = _line(approval.label(approval.decision))
    if approval.decided_name:
        return f"{_line(approval.decided_name)} has decided: {label}."
    taken = f" “{label}” was taken." if label else " The task is told so."
    return f"The time for it is over, and nobody had decided.{taken}"


def _until(approval: Approval) -> str:
    if approval.expires_at is None:
        return "No limit."
    after = "the task is told that nobody decided" if approval.at_expiry == FAIL else ""
    after = after or f"“{_line(approval.label(approval.at_expiry))}” is taken as the decision"
    return f"{_moment(approval.expires_at)}; then {after}."


def _moment(moment: datetime) -> str:
    """With date and zone: a mail is read later, and elsewhere."""
    local = timezone.localtime(moment)
    return f"{local.day} {local:%b %Y, %H:%M %Z}"


def _thread(notice: Notice) -> dict[str, str]:
    """All mails about one question are one conversation."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    root = f"{notice.approval.task.uid}.{notice.approval_id}"
    return {"Message-ID": f"<{root}.{notice.pk}@{domain}>", "References": f"<{root}@{domain}>"}


def _answer(code: int, said: Any) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return f"The mail server answered {code} {text}".strip()


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _answer(error.smtp_code, error.smtp_error)
    return f"{type(error).__name__}: {error}"
