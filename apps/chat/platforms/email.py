"""E-mail: it tells how tasks ended, where their template wants that. Nobody asks for anything by mail.

The server is the site's own (EMAIL_HOST; docs/operators/mail.md). A mail cannot be changed, so progress is not mailed.
"""

from collections.abc import Mapping, Sequence
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from apps.chat.content import Content
from apps.chat.platforms import texts
from apps.chat.platforms.contract import Answer, Field, Hook, Limits, PlatformError, Polled, Received, Refused, Wiring
from apps.notify import mail

MOST_SUBJECT = 120


class Email:
    key = "email"
    name = "E-mail"
    limits = Limits(text=20_000, buttons=0, file_bytes=0, per_second=5.0, burst=20, dialog_seconds=0.0, can_edit=False)
    fields: Sequence[Field] = ()
    polls = False

    def receive(self, wiring: Wiring, hook: Hook) -> Received:
        raise Refused("Nobody asks for anything by e-mail: an address on a mail proves nothing.", status=404)

    def reply(self, wiring: Wiring, content: Content) -> Answer:
        return Answer()

    def send(self, wiring: Wiring, dialog: str, content: Content, *, key: str, about: str = "") -> str:
        """`dialog` is the address. The same post always has the same Message-ID: a server that gets it twice can tell."""
        message = self._written(dialog, content, key)
        try:
            with mail.opened() as connection:
                mail.deliver(connection, message)
        except mail.NotDelivered as error:
            raise PlatformError(error.message, is_permanent=error.is_permanent) from error
        return str(message.extra_headers["Message-ID"])

    def edit(self, wiring: Wiring, dialog: str, message_id: str, content: Content) -> None:
        raise PlatformError("A mail that was sent cannot be changed.", is_permanent=True)

    def send_file(self, wiring: Wiring, dialog: str, name: str, media_type: str, data: bytes, *, key: str) -> str:
        raise PlatformError("Files are mailed as links.", is_permanent=True)

    def poll(self, wiring: Wiring, cursor: str, *, seconds: float) -> Polled:
        raise PlatformError("There is no mailbox to be asked.", is_permanent=True)

    def check(self, wiring: Wiring) -> str:
        if not settings.EMAIL_HOST:
            raise PlatformError("No mail server is set: set EMAIL_HOST.", is_permanent=True)
        try:
            with mail.opened():
                return f"The mail server {settings.EMAIL_HOST} takes our mails, from {settings.DEFAULT_FROM_EMAIL}."
        except mail.NotDelivered as error:
            raise PlatformError(error.message) from error

    def install(self, wiring: Wiring) -> Mapping[str, Any]:
        return {}

    def uninstall(self, wiring: Wiring) -> None:
        """There is nothing to take back."""

    def guide(self, wiring: Wiring) -> Sequence[str]:
        return [
            "Set EMAIL_HOST and what belongs to it in the environment, and start the processes again.",
            "Name email among the channels of a template's notifications: its requester hears by mail how it ended.",
            "Everybody chooses on the page of approvals whether to get mails.",
        ]

    def _written(self, address: str, content: Content, key: str) -> EmailMultiAlternatives:
        first = content.title or content.text.partition("\n")[0]
        subject = " ".join("".join(each if each.isprintable() else " " for each in first).split())
        domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
        body = texts.cut(content.plain(), self.limits.text)
        message = EmailMultiAlternatives(
            subject=texts.cut(subject, MOST_SUBJECT) or "Chantilly",
            body=body,
            to=[address],
            headers={"Message-ID": f"<{_local(key)}@{domain}>", "Auto-Submitted": "auto-generated"},
        )
        paragraphs = [texts.cut(each, self.limits.text) for each in content.text.split("\n\n") if each]
        told = {"content": content, "paragraphs": paragraphs}
        message.attach_alternative(render_to_string("chat/mail.html", told), "text/html")
        return message


def _local(key: str) -> str:
    """The key as the left side of a Message-ID."""
    return "".join(each if each.isalnum() or each in "._-" else "." for each in key)[:150]
