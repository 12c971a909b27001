"""`manage.py make_demo`: the demo company, ending today."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import CommandError

from apps.core import clock
from apps.core.commands import DataCommand
from apps.core.errors import Conflict
from apps.crm import statistics
from apps.crm.demo import storing
from apps.crm.demo.company import DEFAULT_INVOICES, DEFAULT_SEED, make
from apps.crm.models import Invoice

LEAST, MOST = 50, 100_000


class Command(DataCommand):
    help = "Fill the business data with the demo company: three years of invoices up to today. Does nothing twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="the same seed and day, the same company")
        parser.add_argument("--today", type=date.fromisoformat, help="its last day, such as 2026-01-31")
        parser.add_argument("--invoices", type=int, default=DEFAULT_INVOICES, help=f"{LEAST} to {MOST:,}")
        parser.add_argument("--replace", action="store_true", help="remove the demo company that is there first")
        parser.add_argument("--anomalies", action="store_true", help="list what is planted, and write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if not LEAST <= options["invoices"] <= MOST:
            raise CommandError(f"--invoices must be between {LEAST} and {MOST:,}.")
        today = options["today"] or clock.now().date()
        if options["anomalies"]:
            self._list(make(seed=options["seed"], today=today, invoices=options["invoices"]).anomalies)
            return
        if storing.exists() and not options["replace"]:
            count = Invoice.objects.filter(source=storing.SOURCE).count()
            self.stdout.write(f"The demo company is there already ({count:,} invoices); --replace makes it anew.")
            return
        try:
            if options["replace"]:
                storing.remove()
            company = make(seed=options["seed"], today=today, invoices=options["invoices"])
            storing.store(company)
            statistics.refresh()
        except Conflict as error:
            raise CommandError(error.message) from None
        self.stdout.write(
            f"Made the demo company: {len(company.customers)} clients, {len(company.bills):,} invoices"
            f" up to {today}, {len(company.anomalies)} planted anomalies."
        )

    def _list(self, anomalies: list[Any]) -> None:
        for anomaly in anomalies:
            self.stdout.write(f"{anomaly.kind}: {anomaly.description} [{', '.join(anomaly.numbers)}]")
