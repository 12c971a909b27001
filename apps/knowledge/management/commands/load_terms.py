"""`manage.py load_terms [FILE]`"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from apps.core.commands import DataCommand
from apps.core.errors import InvalidInput
from apps.knowledge.translation import taking, termfile
from apps.knowledge.translation.taking import Keep, State

SHIPPED = settings.BASE_DIR / "fixtures" / "knowledge" / "terms.csv"
MOST_SHOWN = 20


class Command(DataCommand):
    help = "Load terms from a CSV file. Can be repeated; terms that were written or edited here stay as they are."
    examples = """examples:
  manage.py load_terms                         the shipped terms
  manage.py load_terms terms.csv --dry-run     what would become of each line
  manage.py load_terms terms.csv --overwrite   also where somebody wrote or edited the term here

The shipped file, which every `prepare` loads, leaves alone what another file brought, too.

Columns: source, term, forms, kept, case, topic, note, active, and languages such as de or pt-BR. One line that cannot be
read stops the load, and nothing is changed."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", default=SHIPPED, help="default: the shipped one")
        parser.add_argument("--overwrite", action="store_true", help="also replace terms that were edited here")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        is_shipped = options["file"] == SHIPPED
        keep = Keep.OURS if is_shipped else Keep.EDITED
        planned = self._plan(options["file"], Keep.NONE if options["overwrite"] else keep)
        self._stop_at_refused(planned)
        if not options["dry_run"]:
            self._apply(planned, is_shipped=is_shipped)
        said = ", ".join(f"{number:,} {state}" for state, number in planned.counts.items())
        self.stdout.write(f"Terms: {said}.{' Dry run: nothing was changed.' if options['dry_run'] else ''}")
        if planned.count(State.KEPT):
            kept = [f"{change.term} ({change.language})" for change in planned.changes if change.state == State.KEPT]
            self.stdout.write(f"Ours, and left as they are: {_listed(kept)}. --overwrite replaces them.")

    def _plan(self, file: Path, keep: Keep) -> taking.Plan:
        try:
            return taking.plan(termfile.read(file.read_bytes()), keep=keep)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
        except InvalidInput as error:
            raise CommandError(f"{file.name}: {error.message}") from None

    def _apply(self, planned: taking.Plan, *, is_shipped: bool) -> None:
        try:
            taking.apply(planned, is_loaded=True, is_shipped=is_shipped)
        except InvalidInput as error:
            raise CommandError(error.message) from None

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
