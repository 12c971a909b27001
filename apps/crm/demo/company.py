"""The demo company as plain data: computed from a seed and a day, without a database."""

from dataclasses import dataclass
from datetime import date
from random import Random

from apps.crm.demo import anomalies, customers, orders, receipts
from apps.crm.demo.shapes import Anomaly, Bill, Customer

YEARS = 3
DEFAULT_SEED = 20
DEFAULT_INVOICES = 2100


@dataclass(frozen=True, kw_only=True)
class Company:
    seed: int
    today: date
    customers: list[Customer]
    bills: list[Bill]
    anomalies: list[Anomaly]


def make(*, seed: int = DEFAULT_SEED, today: date, invoices: int = DEFAULT_INVOICES) -> Company:
    """The company with about `invoices` invoices (the planted ones come on top) over three years up to `today`.

    Who the customers are depends on the seed alone: what ships beside them (the inbox) names the same ones on every day.
    """
    random = Random(f"{seed} {today.isoformat()} {invoices}")
    start = first_day(today)
    clients = customers.make(Random(f"{seed} customers"), random, start, today)
    bills = orders.make(random, clients, start, today, invoices)
    planted = anomalies.plant(random, bills, today)
    gaps = orders.number(bills, today)
    receipts.receive(random, bills, today)
    return Company(
        seed=seed, today=today, customers=clients, bills=bills, anomalies=anomalies.named(planted, gaps, bills)
    )


def first_day(today: date) -> date:
    """Three years before; the 29th of February begins on the 1st of March."""
    if (today.month, today.day) == (2, 29):
        return date(today.year - YEARS, 3, 1)
    return today.replace(year=today.year - YEARS)
