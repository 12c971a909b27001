"""`manage.py prepare`: from an empty database to one that can serve; each step does nothing the second time."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

STEPS = ("load_templates", "load_knowledge")


class Command(BaseCommand):
    help = "Migrate the database, load the shipped templates and documents, and create the first administrator."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="with the demo company")

    def handle(self, *args: Any, **options: Any) -> None:
        verbosity = options["verbosity"]
        call_command("migrate", verbosity=max(0, verbosity - 1), interactive=False)
        steps = (*STEPS, "make_demo") if options["demo"] else STEPS
        for step in (*steps, "first_admin"):
            call_command(step, stdout=self.stdout, stderr=self.stderr, verbosity=verbosity)
