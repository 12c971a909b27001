"""The invoices and the payments, as pages: filtered, in a stable order, in a bounded number of queries."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.crm.models import Client, Invoice, InvoiceLine, InvoiceQuerySet, Payment
from apps.crm.pages import ALWAYS, Choice, Page, Period, Window, cut, ids


@dataclass(frozen=True, kw_only=True)
class InvoiceRecord:
    """Amounts are exact, in `currency`. `paid` is the sum of the payments; an invoice that is marked paid and has no
    payment recorded (imported ones) counts as paid in full on an unknown day.
    """

    id: int
    number: str
    client_id: int
    issued_on: date
    due_on: date
    status: str
    currency: str
    subtotal: Decimal
    tax: Decimal
    total: Decimal
    paid: Decimal
    paid_on: date | None
    service_codes: list[str]


@dataclass(frozen=True, kw_only=True)
class PaymentRecord:
    id: int
    invoice_id: int
    client_id: int
    paid_on: date
    amount: Decimal
    currency: str
    method: str


@dataclass(frozen=True, kw_only=True)
class InvoiceFilter:
    """`period` is about the day of issue. None means: no restriction."""

    period: Period = ALWAYS
    statuses: Collection[str] | None = None
    client_statuses: Collection[str] | None = None
    client_kinds: Collection[str] | None = None
    client_ids: Collection[int] | None = None

    def rows(self) -> InvoiceQuerySet:
        wanted = {
            "issued_on__gte": self.period.start,
            "issued_on__lte": self.period.end,
            "status__in": Choice(name="statuses", values=self.statuses, known=Invoice.Status.values).wanted,
            **client_conditions(self.client_statuses, self.client_kinds, prefix="client__"),
            "client_id__in": ids(self.client_ids, "client_ids"),
        }
        return Invoice.objects.filter(**{name: value for name, value in wanted.items() if value is not None})


def client_conditions(
    statuses: Collection[str] | None, kinds: Collection[str] | None, prefix: str = ""
) -> dict[str, list[str] | None]:
    return {
        f"{prefix}status__in": Choice(name="client statuses", values=statuses, known=Client.Status.values).wanted,
        f"{prefix}kind__in": Choice(name="client kinds", values=kinds, known=Client.Kind.values).wanted,
    }


def invoices(wanted: InvoiceFilter, window: Window) -> Page[InvoiceRecord]:
    """By day of issue, then id. Four queries, whatever the size."""
    return cut(wanted.rows().order_by("issued_on", "id"), window, _records)


def payments(period: Period, client_ids: Collection[int] | None, window: Window) -> Page[PaymentRecord]:
    """By day of payment, then id. Two queries."""
    conditions = {
        "paid_on__gte": period.start,
        "paid_on__lte": period.end,
        "invoice__client_id__in": ids(client_ids, "client_ids"),
    }
    rows = Payment.objects.filter(**{name: value for name, value in conditions.items() if value is not None})
    return cut(rows.select_related("invoice").order_by("paid_on", "id"), window, _payment_records)


def _payment_records(rows: list[Payment]) -> Iterable[PaymentRecord]:
    for row in rows:
        yield PaymentRecord(
            id=row.pk,
            invoice_id=row.invoice_id,
            client_id=row.invoice.client_id,
            paid_on=row.paid_on,
            amount=row.amount,
            currency=row.invoice.currency,
            method=row.method,
        )


def _records(rows: list[Invoice]) -> Iterable[InvoiceRecord]:
    numbers = [row.pk for row in rows]
    paid = _paid(numbers)
    codes = _service_codes(numbers)
    for row in rows:
        amount, paid_on = paid.get(row.pk, (Decimal(0), None))
        if row.status == Invoice.Status.PAID and paid_on is None:
            amount = row.total
        yield InvoiceRecord(
            id=row.pk,
            number=row.number,
            client_id=row.client_id,
            issued_on=row.issued_on,
            due_on=row.due_on,
            status=row.status,
            currency=row.currency,
            subtotal=row.subtotal,
            tax=row.tax,
            total=row.total,
            paid=amount,
            paid_on=paid_on,
            service_codes=codes.get(row.pk, []),
        )


def _paid(invoice_ids: list[int]) -> dict[int, tuple[Decimal, date]]:
    """Sum and last day by invoice. Summed here, because SQLite's SUM goes through doubles."""
    found: dict[int, tuple[Decimal, date]] = {}
    rows = Payment.objects.filter(invoice_id__in=invoice_ids).order_by("paid_on", "id")
    for invoice_id, paid_on, amount in rows.values_list("invoice_id", "paid_on", "amount"):
        before = found.get(invoice_id, (Decimal(0), paid_on))[0]
        found[invoice_id] = (before + amount, paid_on)
    return found


def _service_codes(invoice_ids: list[int]) -> dict[int, list[str]]:
    """The codes of each invoice's services, once each, in the order of its lines."""
    found: dict[int, dict[str, None]] = defaultdict(dict)
    lines = InvoiceLine.objects.filter(invoice_id__in=invoice_ids, service__isnull=False)
    for invoice_id, code in lines.order_by("invoice_id", "position").values_list("invoice_id", "service__code"):
        found[invoice_id][code] = None
    return {invoice_id: list(codes) for invoice_id, codes in found.items()}
