"""`manage.py load_knowledge [DIRECTORY]`"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from apps.core.commands import DataCommand
from apps.core.errors import InvalidInput
from apps.knowledge import shelf


class Command(DataCommand):
    help = "Load documents from Markdown files. Can be repeated; documents that were edited here are kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        shipped = settings.BASE_DIR / "fixtures" / "knowledge"
        parser.add_argument("directory", type=Path, nargs="?", default=shipped, help="default: the shipped ones")
        parser.add_argument("--overwrite", action="store_true", help="also replace documents that were edited here")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            loaded = shelf.load(options["directory"], overwrite=options["overwrite"])
        except InvalidInput as error:
            raise CommandError(error.message) from None
        parts = [f"{len(keys)} {name}" for name, keys in vars(loaded).items() if keys]
        self.stdout.write(f"Documents: {', '.join(parts)}.")
        if loaded.kept:
            self.stdout.write(f"Edited here and kept: {', '.join(loaded.kept)}. --overwrite replaces them.")
