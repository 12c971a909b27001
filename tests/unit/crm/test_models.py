from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from apps.crm.exact import ExactSum
from apps.crm.models import Client, Invoice, InvoiceLine, Payment, Service
from tests.unit.crm.conftest import make_client, make_invoice, make_service

TODAY = date(2026, 3, 15)


def test_an_invoice_is_overdue_only_while_it_is_open_and_past_its_due_date() -> None:
    invoice = Invoice(status="open", due_on=TODAY - timedelta(days=1))
    assert invoice.is_overdue(TODAY)
    assert invoice.overdue_for(TODAY) == timedelta(days=1)
    invoice.due_on = TODAY
    assert not invoice.is_overdue(TODAY)
    paid = Invoice(status="paid", due_on=TODAY - timedelta(days=90))
    assert paid.overdue_for(TODAY) == timedelta(0)


def test_overdue_finds_the_open_invoices_whose_due_date_is_past(company: dict[str, Invoice]) -> None:
    assert list(Invoice.objects.overdue(TODAY)) == [company["b"]]


def test_clean_names_each_wrong_amount_and_date() -> None:
    invoice = Invoice(issued_on=TODAY, due_on=date(2026, 3, 1), subtotal=Decimal(-1), tax=Decimal(1), total=Decimal(5))
    with pytest.raises(ValidationError) as caught:
        invoice.clean()
    assert set(caught.value.message_dict) == {"due_on", "total", "subtotal"}


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "overdue"},
        {"due_on": date(2026, 1, 9)},
        {"total": Decimal("150.1201")},
        {"total": Decimal("150.1199")},
        {"subtotal": Decimal(-1), "total": Decimal(-1)},
        {"currency": "EU"},
    ],
)
def test_the_database_refuses_an_impossible_invoice(company: dict[str, Invoice], changes: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Invoice.objects.filter(number="a").update(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "friend"},
        {"status": "gone"},
        {"latitude": 90.1, "longitude": 0},
        {"latitude": 10},
        {"payment_terms_days": 366},
    ],
)
@pytest.mark.django_db
def test_the_database_refuses_an_impossible_client(changes: dict[str, object]) -> None:
    client = make_client("x")
    with pytest.raises(IntegrityError), transaction.atomic():
        Client.objects.filter(pk=client.pk).update(**changes)


def test_the_database_refuses_impossible_lines_payments_and_services(company: dict[str, Invoice]) -> None:
    for rows, changes in [
        (InvoiceLine.objects.all(), {"quantity": 0}),
        (InvoiceLine.objects.all(), {"total": -1}),
        (InvoiceLine.objects.filter(invoice=company["a"]), {"position": 1}),
        (Payment.objects.all(), {"amount": 0}),
        (Payment.objects.all(), {"method": "barter"}),
        (Service.objects.all(), {"unit_price": -1}),
        (Service.objects.all(), {"source": "s", "external_id": "1"}),
    ]:
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**changes)


def test_what_was_billed_cannot_lose_its_client_or_service(company: dict[str, Invoice]) -> None:
    for row in (company["a"].client, Service.objects.get(code="advice")):
        with pytest.raises(ProtectedError):
            row.delete()


@pytest.mark.django_db
def test_the_largest_amounts_survive_the_database_exactly() -> None:
    client, service = make_client("x"), make_service("s")
    largest = Decimal("99999999999.9999")
    make_invoice("big", client, TODAY, (service, str(largest)))
    stored = Invoice.objects.get(number="big")
    assert (stored.total, stored.lines.get().total) == (largest, largest)


@pytest.mark.django_db
def test_exact_sum_loses_nothing_where_doubles_would() -> None:
    client, service = make_client("x"), make_service("s")
    amounts = ["0.1", "0.2", "0.7", "99999999999.9999", "0.0001", *["0.1"] * 50]
    make_invoice("sum", client, TODAY, *((service, amount) for amount in amounts), total=0, subtotal=0)
    total = InvoiceLine.objects.aggregate(sum=ExactSum("total"))["sum"]
    assert total == sum(map(Decimal, amounts))
    assert InvoiceLine.objects.none().aggregate(sum=ExactSum("total"))["sum"] is None
