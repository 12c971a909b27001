"""For whom a command acts. Who can run commands on the server owns the installation: no password is asked."""

import os

from django.contrib.auth.models import User
from django.core.management.base import CommandError

VARIABLE = "CHANTILLY_USER"


def acting(name: str | None) -> User:
    """The user of that name, else of CHANTILLY_USER, else the first administrator. Raises CommandError."""
    wanted = name or os.environ.get(VARIABLE)
    users = User.objects.filter(is_active=True)
    if wanted:
        user = users.filter(username=wanted).first()
        if user is None:
            raise CommandError(f"There is no active user {wanted!r}.")
        return user
    admin = users.filter(is_superuser=True).order_by("pk").first()
    if admin is None:
        raise CommandError("There is no administrator yet. Make one with manage.py first_admin, or name a --user.")
    return admin
