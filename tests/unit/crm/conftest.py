"""A small company whose figures can be checked by hand."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from apps.crm.models import Client, Invoice, InvoiceLine, Payment, Service


def make_client(code: str, **fields: Any) -> Client:
    return Client.objects.create(**{"code": code, "name": code.title(), "since": date(2025, 1, 1), **fields})


def make_service(code: str, **fields: Any) -> Service:
    return Service.objects.create(
        **{"code": code, "name": code, "currency": "EUR", "unit_price": Decimal(10), **fields}
    )


def make_invoice(number: str, client: Client, issued_on: date, *lines: tuple[Service, str], **fields: Any) -> Invoice:
    """An open invoice, due after 30 days, with one line (service, line total) each and no tax."""
    subtotal = sum((Decimal(amount) for _, amount in lines), Decimal(0))
    invoice = Invoice.objects.create(
        **{
            "number": number,
            "client": client,
            "issued_on": issued_on,
            "due_on": date.fromordinal(issued_on.toordinal() + 30),
            "status": "open",
            "currency": "EUR",
            "subtotal": subtotal,
            "total": subtotal,
            **fields,
        }
    )
    for position, (service, amount) in enumerate(lines, start=1):
        InvoiceLine.objects.create(
            invoice=invoice,
            position=position,
            service=service,
            quantity=Decimal(1),
            unit_price=Decimal(amount),
            total=Decimal(amount),
        )
    return invoice


@pytest.fixture
def company(db: None) -> dict[str, Invoice]:
    """Ada (active) and Bert (inactive) buy; Cleo (active) supplies. Invoices a to f, January to April 2026."""
    ada, bert = make_client("ada"), make_client("bert", status="inactive")
    cleo = make_client("cleo", kind="supplier")
    advice, repair = make_service("advice"), make_service("repair")
    invoices = [
        make_invoice("a", ada, date(2026, 1, 10), (advice, "100.1"), (repair, "50.02"), status="paid"),
        make_invoice("b", ada, date(2026, 1, 31), (advice, "200.2")),
        make_invoice("c", bert, date(2026, 2, 28), (repair, "0.0001"), currency="USD"),
        make_invoice("d", bert, date(2026, 3, 1), (repair, "999"), status="void"),
        make_invoice("e", cleo, date(2026, 3, 31), (advice, "70"), status="paid"),
        make_invoice("f", ada, date(2026, 4, 1), (advice, "5"), status="draft"),
    ]
    by_number = {invoice.number: invoice for invoice in invoices}
    Payment.objects.create(invoice=by_number["a"], paid_on=date(2026, 2, 1), amount=Decimal("100.1"))
    Payment.objects.create(invoice=by_number["a"], paid_on=date(2026, 2, 9), amount=Decimal("50.02"))
    Payment.objects.create(invoice=by_number["b"], paid_on=date(2026, 2, 5), amount=Decimal("0.3"))
    return by_number
