"""`manage.py describe_tools`: the reference for authors, from the code."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.tools import reference

PAGE = Path(settings.BASE_DIR) / "docs" / "authors" / "tools.md"


class Command(BaseCommand):
    help = "Write the template author's reference of all tools: docs/authors/tools.md, or another file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=PAGE, help="default: docs/authors/tools.md")
        parser.add_argument("--check", action="store_true", help="write nothing; fail when the file is out of date")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        text = reference.text()
        is_current = path.is_file() and path.read_text(encoding="utf-8") == text
        if options["check"]:
            if not is_current:
                raise CommandError(f"{path} is out of date. Run: python manage.py describe_tools")
            self.stdout.write(f"{path} is up to date.")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.stdout.write(f"{path}: {'unchanged' if is_current else 'written'}.")
