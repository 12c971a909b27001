"""What `manage.py check --deploy` says of mails."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Info, Warning, register


@register(deploy=True)
def mails(**_: Any) -> list[CheckMessage]:
    if not settings.EMAIL_HOST:
        hint = "Set EMAIL_HOST, and what docs/operators/mail.md names with it."
        return [
            Info("No mail server is set, so nobody is told by e-mail what is asked of them.", hint, id="notify.I001")
        ]
    if not settings.SITE_URL:
        hint = "Set SITE_URL, such as https://chantilly.example.com"
        return [
            Warning("Links in mails name this host's own address, which others may not reach.", hint, id="notify.W001")
        ]
    return []
