"""What the demo is made of before it is written: customers, bills with their lines and receipts."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from apps.crm.demo.offerings import Offering
from apps.crm.models import Client, Invoice


@dataclass(frozen=True, kw_only=True)
class Customer:
    """`weight` is how much it buys compared with others, from `first` to `last` day of its business with us.

    `habit` is how it pays: prompt, slow, partial, defaulting.
    """

    code: str
    name: str
    status: str
    country: str
    country_code: str
    city: str
    latitude: float
    longitude: float
    currency: str
    since: date
    payment_terms_days: int
    weight: float
    habit: str
    first: date
    last: date

    @property
    def buys(self) -> bool:
        return self.status != Client.Status.PROSPECT


@dataclass(kw_only=True)
class Line:
    offering: Offering
    quantity: Decimal
    unit_price: Decimal
    total: Decimal


@dataclass(frozen=True, kw_only=True)
class Receipt:
    paid_on: date
    amount: Decimal
    method: str


@dataclass(kw_only=True, eq=False)
class Bill:
    """An invoice in the making; `number` comes last, in the order of the days."""

    customer: Customer
    issued_on: date
    lines: list[Line]
    tax: Decimal = Decimal(0)
    number: str = ""
    status: str = Invoice.Status.OPEN
    receipts: list[Receipt] = field(default_factory=list)
    habit: str = ""
    """Overrides the customer's habit for an invoice that is disputed or paid twice."""

    @property
    def due_on(self) -> date:
        return self.issued_on + timedelta(days=self.customer.payment_terms_days)

    @property
    def subtotal(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))

    @property
    def total(self) -> Decimal:
        return self.subtotal + self.tax


@dataclass(frozen=True, kw_only=True)
class Anomaly:
    """Something planted for an analysis to find. `numbers` are the invoices it shows in."""

    kind: str
    description: str
    client_code: str
    numbers: tuple[str, ...]
