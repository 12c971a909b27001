"""`manage.py export_terms [FILE]`"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from apps.core.commands import DataCommand
from apps.core.errors import InvalidInput
from apps.knowledge.models import Term
from apps.knowledge.translation import languages, termfile


class Command(DataCommand):
    help = "Write the term base as a CSV file, which load_terms and the admin's import read."
    examples = """examples:
  manage.py export_terms terms.csv             all terms
  manage.py export_terms --source en           those from English, on the screen"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="default: the screen")
        parser.add_argument("--source", help="only terms from this language, and kept ones of every language")

    def handle(self, *args: Any, **options: Any) -> None:
        terms = Term.objects.all()
        if options["source"]:
            terms = terms.filter(source_language__in=["", _tag(options["source"])])
        content = termfile.write(terms)
        if options["file"] is None:
            self.stdout.write(content.decode("utf-8-sig"), ending="")
            return
        try:
            options["file"].write_bytes(content)
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be written: {error.strerror}.") from None
        self.stdout.write(f"{options['file']}: {len(terms):,} {'term' if len(terms) == 1 else 'terms'}.")


def _tag(text: str) -> str:
    try:
        return languages.tag(text)
    except InvalidInput as error:
        raise CommandError(error.message) from None
