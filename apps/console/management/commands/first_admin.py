"""`manage.py first_admin`: somebody must be able to log in."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError

from apps.core.commands import DataCommand

WARNING = "Write the password down: it is stored as a hash and cannot be shown again."


class Command(DataCommand):
    help = "Create the first administrator with a generated password, shown once. Does nothing when there is one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", default="admin")
        parser.add_argument("--email", default="admin@example.org")

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model()._default_manager
        if users.filter(is_superuser=True, is_active=True).exists():
            return
        username = options["username"]
        if users.filter(username=username).exists():
            raise CommandError(f"“{username}” exists and is no active administrator. Choose another --username.")
        password = secrets.token_urlsafe(12)
        users.create_superuser(username, options["email"], password)
        self.stdout.write(f"\n  Administrator: {username}\n  Password:      {password}\n  {WARNING}\n")
