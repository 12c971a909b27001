"""manage.py dump_templates DIR [--key KEY]"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.catalog import transfer
from apps.core.commands import DataCommand


class Command(DataCommand):
    help = "Write the templates in service (or their newest drafts) to folders that load_templates reads."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dir", type=Path)
        parser.add_argument("--key", help="only this template")

    def handle(self, *args: Any, **options: Any) -> None:
        folders = list(transfer.dump_all(options["dir"], options["key"]))
        for folder in folders:
            self.stdout.write(str(folder))
        if not folders:
            which = f"template {options['key']!r}" if options["key"] else "template with a revision"
            raise CommandError(f"There is no {which} to dump.")
