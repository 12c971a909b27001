"""`manage.py evaluate_language FILE.jsonl`"""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import psutil
from django.core.management.base import BaseCommand, CommandError

from apps.core import clock
from apps.core.errors import InvalidInput
from apps.language.contract import TemplateCard
from apps.language.evaluation import rows, telling
from apps.language.evaluation.collected import collected
from apps.language.evaluation.judging import Verdict, judge
from apps.language.evaluation.published import published
from apps.language.evaluation.rows import Row

PROGRESS_EVERY = 2.0


class Command(BaseCommand):
    help = "Say how well sentences are understood: template, parameters, days, by language."
    requires_system_checks = []

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        return super().create_parser(
            *args,
            formatter_class=RawDescriptionHelpFormatter,
            epilog="""A line of FILE:
  {"text": "Invoice report for last year", "language": "en", "today": "2026-11-21",
   "template": "invoice_report_v2", "parameters": {"period": {"start": "2025-01-01", "end": "2025-12-31"}}}
"template": null where no template is meant. Without "today" it is today; without "parameters" they are not judged.
A line of TEMPLATES: {"key": …, "name": …, "description": …, "examples": […], "parameter_schema": {…}}, and "keywords",
"patterns", "contexts" as you like. Nothing is started. docs/language.md explains the figures.""",
            **kwargs,
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", metavar="FILE", nargs="?", help="sentences, one JSON object a line; - for standard input"
        )
        parser.add_argument(
            "--collected", action="store_true", help="take what people really said and somebody has judged, too"
        )
        parser.add_argument(
            "--templates", metavar="TEMPLATES", help="templates from this file instead of the published"
        )
        parser.add_argument("--json", action="store_true", help="all figures and every sentence as one JSON object")
        parser.add_argument("--svg", metavar="PICTURE", help="write the calibration plot into this file")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            cards = rows.read_cards(_lines(options["templates"])) if options["templates"] else _published()
            wanted = _wanted(options["file"], [card.key for card in cards], is_collected=options["collected"])
        except InvalidInput as error:
            raise CommandError(error.message) from error
        verdicts, cost = self._judged(wanted, cards)
        if options["svg"]:
            Path(options["svg"]).write_text(telling.picture(verdicts), encoding="utf-8")
        if options["json"]:
            self.stdout.write(json.dumps(telling.as_json(verdicts, cost), ensure_ascii=False, indent=1))
        else:
            self.stdout.write("\n".join(telling.text(verdicts, cost)))

    def _judged(self, wanted: Sequence[Row], cards: Sequence[TemplateCard]) -> tuple[list[Verdict], dict[str, float]]:
        process = psutil.Process()
        before = process.memory_info().rss
        verdicts: list[Verdict] = []
        told = monotonic()
        for row in wanted:
            verdicts.append(judge(row, cards))
            if monotonic() - told > PROGRESS_EVERY:
                told = monotonic()
                self.stderr.write(f"{len(verdicts)} of {len(wanted)}")
        grown = (process.memory_info().rss - before) / 2**20
        return verdicts, telling.cost(verdicts, grown)


def _wanted(name: str | None, keys: Sequence[str], *, is_collected: bool) -> list[Row]:
    """Raises InvalidInput where there is nothing to judge by."""
    now = clock.now()
    found = rows.read_rows(_lines(name), keys, now) if name else []
    found += collected(keys, now) if is_collected else []
    if not found and is_collected:
        raise InvalidInput("No message that people said has been judged yet. Judge some in the admin, or name a file.")
    if not found:
        raise InvalidInput("Name a file of sentences, or say --collected.")
    return found


def _lines(name: str) -> Iterator[str]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{name} is not UTF-8. Save it as UTF-8.") from error
    yield from text.split("\n")


def _published() -> list[TemplateCard]:
    found = published()
    if not found:
        raise InvalidInput("No template is published. Publish one, or name a file with --templates.")
    return found
