"""`manage.py load_terms [FILE]`"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from apps.core.commands import DataCommand
from apps.core.errors import InvalidInput
from apps.knowledge.translation import taking, termfile
from apps.knowledge.translation.taking import State

MOST_SHOWN = 20


class Command(DataCommand):
    help = "Load terms from a CSV file. Can be repeated; terms that were edited here are kept."
    examples = """examples:
  manage.py load_terms                         the shipped terms
  manage.py load_terms terms.csv --dry-run     what would become of each line
  manage.py load_terms terms.csv --overwrite   also where somebody wrote or edited the term here

Columns: source, term, forms, kept, case, topic, note, active, and languages such as de or pt-BR. One line that cannot be
read stops the load, and nothing is changed."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        shipped = settings.BASE_DIR / "fixtures" / "knowledge" / "terms.csv"
        parser.add_argument("file", type=Path, nargs="?", default=shipped, help="default: the shipped one")
        parser.add_argument("--overwrite", action="store_true", help="also replace terms that were edited here")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        planned = self._plan(options["file"], keep_edited=not options["overwrite"])
        self._stop_at_refused(planned)
        if not options["dry_run"]:
            taking.apply(planned, is_loaded=True)
        said = ", ".join(f"{number:,} {state}" for state, number in planned.counts.items())
        self.stdout.write(f"Terms: {said}.{' Dry run: nothing was changed.' if options['dry_run'] else ''}")
        if planned.count(State.EDITED):
            edited = [
                f"{change.term} ({change.language})" for change in planned.changes if change.state == State.EDITED
            ]
            self.stdout.write(f"Edited here and kept: {_listed(edited)}. --overwrite replaces them.")

    def _plan(self, file: Path, *, keep_edited: bool) -> taking.Plan:
        try:
            return taking.plan(termfile.read(file.read_bytes()), keep_edited=keep_edited)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
        except InvalidInput as error:
            raise CommandError(f"{file.name}: {error.message}") from None

    def _stop_at_refused(self, planned: taking.Plan) -> None:
        refused = [change for change in planned.changes if change.state == State.REFUSED]
        if refused:
            lines = [
                f"Line {change.line}, {change.term or 'no term'}: {change.reason}" for change in refused[:MOST_SHOWN]
            ]
            more = [f"… and {len(refused) - MOST_SHOWN} more."] if len(refused) > MOST_SHOWN else []
            raise CommandError("\n".join(["Nothing was changed:", *lines, *more]))


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return ", ".join(names[:MOST_SHOWN]) + more
