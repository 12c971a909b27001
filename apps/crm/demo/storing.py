"""Writing the demo company into the tables, and taking it out again."""

from collections.abc import Iterator

from django.db import transaction
from django.db.models import ProtectedError

from apps.core.errors import Conflict
from apps.crm.demo.company import Company
from apps.crm.demo.offerings import OFFERINGS
from apps.crm.demo.shapes import Bill
from apps.crm.models import Client, Invoice, InvoiceLine, Payment, Service

SOURCE = "demo"
BATCH = 1000


def exists() -> bool:
    return Client.objects.filter(source=SOURCE).exists()


@transaction.atomic
def store(company: Company) -> None:
    """All or nothing. Conflict when the demo is there already."""
    if exists():
        raise Conflict("The demo company is there already; remove it first.")
    clients = {row.code: row for row in Client.objects.bulk_create(_clients(company))}
    services = {row.code: row for row in Service.objects.bulk_create(_services())}
    invoices = Invoice.objects.bulk_create((_invoice(bill, clients) for bill in company.bills), batch_size=BATCH)
    billed = list(zip(company.bills, invoices, strict=True))
    lines = (line for bill, invoice in billed for line in _lines(bill, invoice, services))
    InvoiceLine.objects.bulk_create(lines, batch_size=BATCH)
    payments = (payment for bill, invoice in billed for payment in _payments(bill, invoice))
    Payment.objects.bulk_create(payments, batch_size=BATCH)


@transaction.atomic
def remove() -> None:
    """Conflict when own rows hang on it, such as an invoice of a demo client that somebody entered."""
    try:
        Payment.objects.filter(source=SOURCE).delete()
        for model in (Invoice, Service, Client):
            model._default_manager.filter(source=SOURCE).delete()
    except ProtectedError as error:
        names = ", ".join(sorted(str(row) for row in error.protected_objects)[:5])
        raise Conflict(f"The demo company cannot be removed: rows of your own belong to it ({names}).") from None


def _clients(company: Company) -> Iterator[Client]:
    copied = [
        "code",
        "name",
        "status",
        "country",
        "country_code",
        "city",
        "latitude",
        "longitude",
        "since",
        "payment_terms_days",
    ]
    for customer in company.customers:
        yield Client(
            source=SOURCE,
            external_id=customer.code,
            kind=Client.Kind.CUSTOMER,
            email=f"accounts@{customer.code.lower()}.example",
            **{name: getattr(customer, name) for name in copied},
        )


def _services() -> Iterator[Service]:
    for offering in OFFERINGS:
        yield Service(
            source=SOURCE,
            external_id=offering.code,
            code=offering.code,
            name=offering.name,
            category=offering.category,
            unit=offering.unit,
            currency="EUR",
            unit_price=offering.price,
        )


def _invoice(bill: Bill, clients: dict[str, Client]) -> Invoice:
    return Invoice(
        source=SOURCE,
        external_id=bill.number,
        number=bill.number,
        client=clients[bill.customer.code],
        status=bill.status,
        issued_on=bill.issued_on,
        due_on=bill.due_on,
        currency=bill.customer.currency,
        subtotal=bill.subtotal,
        tax=bill.tax,
        total=bill.total,
    )


def _lines(bill: Bill, invoice: Invoice, services: dict[str, Service]) -> Iterator[InvoiceLine]:
    for position, line in enumerate(bill.lines, start=1):
        yield InvoiceLine(
            invoice=invoice,
            position=position,
            service=services[line.offering.code],
            description=line.offering.name,
            quantity=line.quantity,
            unit_price=line.unit_price,
            total=line.total,
        )


def _payments(bill: Bill, invoice: Invoice) -> Iterator[Payment]:
    for index, receipt in enumerate(bill.receipts, start=1):
        yield Payment(
            source=SOURCE,
            external_id=f"{bill.number}/{index}",
            invoice=invoice,
            paid_on=receipt.paid_on,
            amount=receipt.amount,
            method=receipt.method,
            reference=bill.number,
        )
