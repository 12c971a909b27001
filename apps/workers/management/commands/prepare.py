"""`manage.py prepare`: from an empty database to one that can serve; each step does nothing the second time."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError

from apps.core.commands import ExplainedCommand


class Command(ExplainedCommand):
    help = "Migrate the database, load the shipped templates, documents and terms, and create the first administrator."
    examples = """examples:
  manage.py prepare                            what a new installation needs, and one that was updated
  manage.py prepare --demo                     with clients, invoices and payments to try reports with

Each step does only what is missing. The administrator's password is shown once."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="with the demo company")

    def handle(self, *args: Any, **options: Any) -> None:
        verbosity = options["verbosity"]
        call_command("migrate", verbosity=max(0, verbosity - 1), interactive=False)
        self._load("load_templates", verbosity)
        self._load("load_knowledge", verbosity)
        self._load("load_terms", verbosity)
        if options["demo"]:
            self._load("make_demo", verbosity)
        call_command("first_admin", stdout=self.stdout, stderr=self.stderr, verbosity=verbosity)

    def _load(self, command: str, verbosity: int) -> None:
        """What cannot be loaded is said and keeps nobody from using the rest."""
        try:
            call_command(command, stdout=self.stdout, stderr=self.stderr, verbosity=verbosity)
        except CommandError as error:
            self.stderr.write(f"{error} Going on without; try again with: python manage.py {command}")
