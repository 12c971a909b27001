"""manage.py load_templates [DIR]"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from apps.catalog import transfer
from apps.core.commands import DataCommand

SHIPPED = Path(settings.BASE_DIR) / "fixtures" / "templates"


class Command(DataCommand):
    help = "Load task templates from folders with a template.json and a script.py, and publish what is new."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dir", nargs="?", type=Path, default=SHIPPED, help="default: the templates that ship")

    def handle(self, *args: Any, **options: Any) -> None:
        root: Path = options["dir"]
        if not root.is_dir():
            raise CommandError(f"{root} is not a directory.")
        count = errors = 0
        for loaded in transfer.load_all(root):
            count += 1
            errors += loaded.is_error
            (self.stderr if loaded.is_error else self.stdout).write(f"{loaded.folder}: {loaded.message}")
        if not count:
            raise CommandError(f"{root} holds no folder with a {transfer.TEMPLATE}.")
        if errors:
            raise CommandError(f"{errors} of {count} templates could not be loaded.")
