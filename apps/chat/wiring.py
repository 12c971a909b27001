"""A connection as its platform sees it."""

from django.conf import settings

from apps.chat import renewing
from apps.chat.models import Connection
from apps.chat.platforms.contract import Wiring

HOOKS = "chat/hooks"


def hook_url(connection: Connection, site: str = "") -> str:
    """Where its platform reaches us; `site`: the address that people use, where SITE_URL does not say it."""
    return f"{settings.SITE_URL or site}/{HOOKS}/{connection.key}"


def wiring(connection: Connection, site: str = "") -> Wiring:
    """Raises sealing.CannotUnseal."""
    return Wiring(
        id=connection.pk, key=connection.key, name=connection.name, settings=connection.settings,
        secrets=connection.secrets, hook_url=hook_url(connection, site), renew=renewing.renew,
    )  # fmt: skip
