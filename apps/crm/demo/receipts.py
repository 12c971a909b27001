"""What comes in: each customer pays as it is its habit, never after today and never on weekends."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from apps.core import money
from apps.crm.demo.days import working
from apps.crm.demo.shapes import Bill, Receipt
from apps.crm.models import Invoice, Payment

METHODS = {Payment.Method.TRANSFER: 80, Payment.Method.DIRECT_DEBIT: 14, Payment.Method.CARD: 6}


def receive(random: Random, bills: list[Bill], today: date) -> None:
    """Give the open bills their receipts; those that are covered become paid."""
    for bill in bills:
        if bill.status != Invoice.Status.OPEN:
            continue
        method = random.choices(list(METHODS), list(METHODS.values()))[0]
        for day, amount in _plan(random, bill):
            paid_on = working(day)
            if paid_on <= today and amount > 0:
                bill.receipts.append(Receipt(paid_on=paid_on, amount=amount, method=method))
        if sum(receipt.amount for receipt in bill.receipts) >= bill.total:
            bill.status = Invoice.Status.PAID


def _plan(random: Random, bill: Bill) -> list[tuple[date, Decimal]]:
    """When the customer pays how much, were there no end of time."""
    habit = bill.habit or bill.customer.habit
    if habit == "prompt":
        return [(_due(bill, random.randint(-10, 3)), bill.total)]
    if habit == "slow":
        return [(_due(bill, random.randint(8, 50)), bill.total)]
    if habit == "partial":
        return _in_parts(random, bill)
    if habit == "defaulting":
        return [] if random.random() < 0.45 else [(_due(bill, random.randint(40, 130)), bill.total)]
    if habit == "disputed":
        return [(_due(bill, 0), money.rounded(bill.total / 10, bill.customer.currency))]
    if habit == "twice":
        return [(_due(bill, -4), bill.total), (_due(bill, 2), bill.total)]
    if habit == "never":
        return []
    raise ValueError(f"nobody pays like {habit!r}")


def _in_parts(random: Random, bill: Bill) -> list[tuple[date, Decimal]]:
    part = money.rounded(bill.total * random.randint(40, 70) / 100, bill.customer.currency)
    first = (_due(bill, random.randint(-3, 10)), part)
    if random.random() < 0.12:
        return [first]
    return [first, (_due(bill, random.randint(20, 70)), bill.total - part)]


def _due(bill: Bill, days: int) -> date:
    return bill.due_on + timedelta(days=days)
