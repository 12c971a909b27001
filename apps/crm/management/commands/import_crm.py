"""`manage.py import_crm DIRECTORY --mapping adventureworks --currency USD`"""

import csv
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import CommandError

from apps.core.commands import DataCommand
from apps.core.errors import InvalidInput
from apps.crm import statistics
from apps.crm.imports import loading, mapping
from apps.crm.imports.drafts import Problem
from apps.crm.imports.loading import Counts
from apps.crm.imports.mapping import FileMapping

SHIPPED = settings.BASE_DIR / "fixtures" / "imports"
SHOWN_REJECTS = 20
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Command(DataCommand):
    help = "Import clients, services, invoices, lines and payments from CSV files. Can be repeated."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, help="the directory that holds the CSV files")
        parser.add_argument(
            "--mapping", required=True, help=f"a JSON file, or the name of a shipped one: {', '.join(shipped())}"
        )
        parser.add_argument("--currency", help="ISO 4217 code for files that name no currency, such as USD")
        parser.add_argument("--dry-run", action="store_true", help="check everything, keep nothing")
        parser.add_argument("--rejects", type=Path, help="write the rejected rows to this CSV file")

    def handle(self, *args: Any, **options: Any) -> None:
        given = {"currency": options["currency"]} if options["currency"] else {}
        try:
            with ExitStack() as stack:
                observer = Reporter(self, rejects_file(stack, options["rejects"]))
                loading.load(
                    mapping.load(mapping_path(options["mapping"])),
                    options["directory"],
                    options=given,
                    observer=observer,
                    dry_run=options["dry_run"],
                )
        except InvalidInput as error:
            raise CommandError(error.message) from None
        self.stdout.write(observer.summary(options["rejects"]))
        if not options["dry_run"]:
            statistics.refresh()
        else:
            self.stdout.write(self.style.WARNING("Dry run: nothing was kept."))


class Reporter(loading.Observer):
    """Shows the progress on one line, the first rejected rows, and writes all of them to the file."""

    def __init__(self, command: DataCommand, rejects: TextIO | None) -> None:
        self.command = command
        self.writer = csv.writer(rejects) if rejects else None
        self.problems = 0
        self.rows = 0
        if self.writer:
            self.writer.writerow(["file", "row", "column", "value", "reason"])

    def rejected(self, file: FileMapping, row: int, problem: Problem) -> None:
        self.problems += 1
        if self.writer:
            cells = [file.file, str(row), problem.column, problem.value, problem.reason]
            # A spreadsheet would run a cell that begins like a formula.
            self.writer.writerow([f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell for cell in cells])
        if self.problems <= SHOWN_REJECTS:
            place = f"{file.file} row {row}" + (f", {problem.column} = {problem.value!r:.60}" if problem.column else "")
            self._line(f"  {place}: {problem.reason}", self.command.stderr)

    def progressed(self, file: FileMapping, counts: Counts, lines: int) -> None:
        if self.command.stdout.isatty():
            text = f"{file.file} into {file.target.name}: {counts.rows:,} of about {lines:,} rows"
            self.command.stdout.write(f"\r\x1b[K{text}", ending="")
            self.command.stdout.flush()

    def finished(self, file: FileMapping, counts: Counts) -> None:
        self.rows += counts.rejected
        parts = [f"{count:,} {name}" for name, count in vars(counts).items() if count] or ["no rows"]
        self._line(f"{file.file} into {file.target.name}: {', '.join(parts)}", self.command.stdout)

    def summary(self, path: Path | None) -> str:
        if not self.rows:
            return "Every row was good."
        where = f"see {path}" if path else "give --rejects FILE to get them all"
        return f"{self.rows:,} rows were rejected for {self.problems:,} reasons; {where}. The good ones are kept."

    def _line(self, text: str, stream: Any) -> None:
        if self.command.stdout.isatty():
            self.command.stdout.write("\r\x1b[K", ending="")
        stream.write(text)


def shipped() -> list[str]:
    return sorted(path.stem for path in SHIPPED.glob("*.json"))


def mapping_path(name: str) -> Path:
    return SHIPPED / f"{name}.json" if name in shipped() else Path(name)


def rejects_file(stack: ExitStack, path: Path | None) -> TextIO | None:
    if path is None:
        return None
    try:
        return stack.enter_context(path.open("w", encoding="utf-8", newline=""))
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}.") from None
