"""What is billed, to whom and when: more in strong months, more from year to year, never on weekends."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from statistics import median

from apps.core import money
from apps.crm.demo.offerings import BUSINESS, OFFERINGS, RATES, Offering
from apps.crm.demo.shapes import Bill, Customer, Line
from apps.crm.models import Invoice

GROWTH = 1.6
"""How much busier the last day is than the first."""
PRICE_RISE = Decimal("1.03")
DOMESTIC_TAX = Decimal("0.19")  # Customers in Germany; abroad the tax is owed by the customer.
DRAFT_DAYS = 3
VOID_SHARE = 0.012
ALIKE = timedelta(days=45)
STANDS_OUT = 6
"""Times a customer's usual amount; the planted mistake is ten times a usual amount."""


def make(random: Random, customers: list[Customer], start: date, today: date, wanted: int) -> list[Bill]:
    """`wanted` bills in the order of their days."""
    days = [start + timedelta(days=n) for n in range((today - start).days + 1)]
    weekdays = [day for day in days if day.weekday() < 5]
    rush = [BUSINESS[day.month - 1] * (1 + (GROWTH - 1) * (day - start) / (today - start)) for day in weekdays]
    buyers = [customer for customer in customers if customer.buys]
    bills: list[Bill] = []
    before: dict[str, list[Bill]] = defaultdict(list)
    for day in sorted(random.choices(weekdays, rush, k=wanted)):
        present = [buyer for buyer in buyers if buyer.first <= day <= buyer.last]
        customer = random.choices(present, [buyer.weight for buyer in present])[0]
        bill = _bill(random, customer, day, start, before[customer.code])
        if today - day < timedelta(days=DRAFT_DAYS) and random.random() < 0.4:
            bill.status = Invoice.Status.DRAFT
        elif random.random() < VOID_SHARE:
            bill.status = Invoice.Status.VOID
        before[customer.code].append(bill)
        bills.append(bill)
    for known in before.values():
        _calm(random, known, start)
    return bills


def _calm(random: Random, bills: list[Bill], start: date) -> None:
    """Replace what would stand out among one customer's bills by chance: only the planted anomaly may."""
    usual = median(bill.total for bill in bills)
    for bill in bills:
        while bill.total > STANDS_OUT * usual:
            bill.lines = _bill(random, bill.customer, bill.issued_on, start, bills).lines
            bill.tax = tax(bill)


def _bill(random: Random, customer: Customer, day: date, start: date, before: list[Bill]) -> Bill:
    """A bill unlike the customer's latest ones, so that only the planted duplicates look like duplicates."""
    recent = {bill.total for bill in before if day - bill.issued_on <= ALIKE}
    while True:
        bill = Bill(customer=customer, issued_on=day, lines=_lines(random, customer, day, start))
        bill.tax = tax(bill)
        if bill.total not in recent:
            return bill


def _lines(random: Random, customer: Customer, day: date, start: date) -> list[Line]:
    years = (day - start).days / 365
    demand = [one.demand * one.season[day.month - 1] * one.trend**years for one in OFFERINGS]
    chosen = random.choices(OFFERINGS, demand, k=random.choices((1, 2, 3, 4), (35, 35, 20, 10))[0])
    return [_line(random, offering, customer, day, start) for offering in dict.fromkeys(chosen)]


def _line(random: Random, offering: Offering, customer: Customer, day: date, start: date) -> Line:
    quantity = offering.step * random.randint(*offering.steps)
    price = offering.price * RATES[customer.currency] * PRICE_RISE ** (day.year - start.year)
    return priced(offering, quantity, money.rounded(price, customer.currency), customer.currency)


def priced(offering: Offering, quantity: Decimal, unit_price: Decimal, currency: str) -> Line:
    total = money.rounded(quantity * unit_price, currency)
    return Line(offering=offering, quantity=quantity, unit_price=unit_price, total=total)


def tax(bill: Bill) -> Decimal:
    if bill.customer.country_code != "DE":
        return Decimal(0)
    return money.rounded(bill.subtotal * DOMESTIC_TAX, bill.customer.currency)


def number(bills: list[Bill], today: date) -> list[str]:
    """Put the bills in order and number them by year; two numbers are never given: an anomaly. Answers those."""
    bills.sort(key=lambda bill: bill.issued_on)
    gaps = [date(today.year - 1, 6, 20), today - timedelta(days=70)]
    missing: list[str] = []
    counters: dict[int, count[int]] = defaultdict(lambda: count(1))
    drafts = count(1)
    for bill in bills:
        if bill.status == Invoice.Status.DRAFT:
            bill.number = f"NT-DRAFT-{next(drafts)}"
            continue
        if gaps and bill.issued_on >= gaps[0]:
            gaps.pop(0)
            missing.append(_number(bill.issued_on, counters))
        bill.number = _number(bill.issued_on, counters)
    return missing


def _number(day: date, counters: dict[int, "count[int]"]) -> str:
    return f"NT-{day.year}-{next(counters[day.year]):04}"
