"""What is planted in the demo for analyses to find.

| kind              | what was done                                                    | its invoices (`numbers`)              |
|-------------------|------------------------------------------------------------------|---------------------------------------|
| duplicate_invoice | an invoice billed again 1 to 3 days later, never paid             | the original, the duplicate           |
| amount_10x        | all prices of an invoice of usual size × 10; a tenth was paid     | that invoice                          |
| price_change      | one customer pays 60 % more for one service from some day on      | the invoices with the new price       |
| weekend_burst     | six invoices on one Sunday; there is none on other weekends       | the six                               |
| paid_twice        | two equal payments within eight days                              | that invoice                          |
| missing_number    | a number of the yearly sequence was never given                   | the number (no such invoice)          |
| silent_client     | a large active customer has not been billed for five months       | its last invoice                      |

Those about invoices are planted twice: in the previous calendar year (April to October) and 40 to 100 days before today.
With fewer than about 500 invoices some may find no place; `Company.anomalies` lists those that did.
"""

import copy
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from statistics import median_high

from apps.core import money
from apps.crm.demo import orders
from apps.crm.demo.days import working
from apps.crm.demo.shapes import Anomaly, Bill, Line
from apps.crm.models import Client, Invoice

BURST = 6
RISE = Decimal("1.6")


@dataclass(frozen=True, kw_only=True)
class Planted:
    kind: str
    description: str
    bills: tuple[Bill, ...]


@dataclass(kw_only=True)
class Field:
    """The bills, and those among them that no other anomaly has touched."""

    random: Random
    bills: list[Bill]
    touched: list[Bill]
    first: date
    last: date

    def untouched(self, fits: Callable[[Bill], bool] = lambda bill: True) -> list[Bill]:
        """Open ones of active customers inside the window, in a random order."""
        found = [
            bill
            for bill in self.bills
            if self.first <= bill.issued_on <= self.last
            and bill.status == Invoice.Status.OPEN
            and bill.customer.status == Client.Status.ACTIVE
            and all(bill is not other for other in self.touched)
            and fits(bill)
        ]
        return self.random.sample(found, len(found))


def plant(random: Random, bills: list[Bill], today: date) -> list[Planted]:
    """Change and add bills; before they are numbered and paid."""
    windows = [
        (date(today.year - 1, 4, 1), date(today.year - 1, 10, 31)),
        (today - timedelta(days=100), today - timedelta(days=40)),
    ]
    touched: list[Bill] = []
    planted: list[Planted] = []
    for first, last in windows:
        for sow in (_duplicate, _ten_times, _price_change, _weekend_burst, _paid_twice):
            field = Field(random=random, bills=bills, touched=touched, first=first, last=last)
            for anomaly in sow(field):
                touched.extend(anomaly.bills)
                planted.append(anomaly)
    return planted


def named(planted: list[Planted], gaps: list[str], bills: list[Bill]) -> list[Anomaly]:
    """The list for people and tests, once the bills have their numbers."""
    found = [
        Anomaly(
            kind=one.kind,
            description=one.description,
            client_code=one.bills[0].customer.code if len({bill.customer.code for bill in one.bills}) == 1 else "",
            numbers=tuple(sorted(bill.number for bill in one.bills)),
        )
        for one in planted
    ]
    found += [
        Anomaly(kind="missing_number", description=f"No invoice has the number {gap}.", client_code="", numbers=(gap,))
        for gap in gaps
    ]
    return found + [_silence(bill) for bill in _last_of_silent(bills)]


def _silence(bill: Bill) -> Anomaly:
    return Anomaly(
        kind="silent_client",
        description=f"{bill.customer.name} was last billed on {bill.issued_on}.",
        client_code=bill.customer.code,
        numbers=(bill.number,),
    )


def _last_of_silent(bills: list[Bill]) -> list[Bill]:
    last = {bill.customer.code: bill for bill in bills}
    newest = max(bill.customer.last for bill in bills)
    return [
        bill for bill in last.values() if bill.customer.status == Client.Status.ACTIVE and bill.customer.last < newest
    ]


def _duplicate(field: Field) -> Iterable[Planted]:
    for bill in field.untouched()[:1]:
        again = copy.deepcopy(bill)
        again.customer = bill.customer
        again.issued_on = working(bill.issued_on + timedelta(days=1))
        again.habit = "never"
        field.bills.append(again)
        text = f"{bill.customer.name} was billed {bill.total} {bill.customer.currency} twice."
        yield Planted(kind="duplicate_invoice", description=text, bills=(bill, again))


def _ten_times(field: Field) -> Iterable[Planted]:
    totals: dict[str, list[Decimal]] = defaultdict(list)
    for bill in field.bills:
        totals[bill.customer.code].append(bill.total)

    def is_usual(bill: Bill) -> bool:
        known = totals[bill.customer.code]
        return len(known) >= 8 and 1 <= bill.total / median_high(known) <= 1.5

    def how_well_known(bill: Bill) -> int:
        return len(totals[bill.customer.code])

    # What is usual for a customer of many bills, other anomalies hardly move.
    for bill in sorted(field.untouched(is_usual), key=how_well_known, reverse=True)[:1]:
        usual = bill.total
        bill.lines = [_repriced(bill, line, Decimal(10)) for line in bill.lines]
        bill.tax = orders.tax(bill)
        bill.habit = "disputed"
        text = f"{bill.total} {bill.customer.currency} where about {usual} was usual."
        yield Planted(kind="amount_10x", description=text, bills=(bill,))


def _price_change(field: Field) -> Iterable[Planted]:
    """For the customer and service with most sales after the window's beginning, and at least two before it."""
    sold = field.untouched(lambda bill: True)
    after = Counter((bill.customer.code, line.offering.code) for bill in sold for line in bill.lines)
    before = Counter(
        (bill.customer.code, line.offering.code)
        for bill in field.bills
        for line in bill.lines
        if bill.issued_on < field.first
    )
    pairs = [pair for pair in after if before[pair] >= 2]
    for code, service in sorted(pairs, key=lambda pair: (-after[pair], pair))[:1]:
        changed = [
            bill
            for bill in field.bills
            if bill.customer.code == code
            and bill.issued_on >= field.first
            and any(line.offering.code == service for line in bill.lines)
        ]
        for bill in changed:
            bill.lines = [_repriced(bill, line, RISE) if line.offering.code == service else line for line in bill.lines]
            bill.tax = orders.tax(bill)
        text = f"{changed[0].customer.name} pays 60 % more for {service} from {changed[0].issued_on} on."
        yield Planted(kind="price_change", description=text, bills=tuple(changed))


def _weekend_burst(field: Field) -> Iterable[Planted]:
    middle = field.first + (field.last - field.first) / 2
    sunday = middle + timedelta(days=6 - middle.weekday())
    near = field.untouched(lambda bill: abs(bill.issued_on - sunday) <= timedelta(days=14))[:BURST]
    if len(near) == BURST:
        for bill in near:
            bill.issued_on = sunday
        yield Planted(kind="weekend_burst", description=f"{BURST} invoices on {sunday}, a Sunday.", bills=tuple(near))


def _paid_twice(field: Field) -> Iterable[Planted]:
    for bill in field.untouched(lambda bill: bill.due_on + timedelta(days=5) < field.last + timedelta(days=40))[:1]:
        bill.habit = "twice"
        text = f"{bill.customer.name} paid {bill.total} {bill.customer.currency} twice."
        yield Planted(kind="paid_twice", description=text, bills=(bill,))


def _repriced(bill: Bill, line: Line, factor: Decimal) -> Line:
    currency = bill.customer.currency
    return orders.priced(line.offering, line.quantity, money.rounded(line.unit_price * factor, currency), currency)
