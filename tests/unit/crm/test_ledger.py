from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.crm import ledger
from apps.crm.ledger import InvoiceFilter
from apps.crm.models import Invoice, InvoiceLine, Payment
from apps.crm.pages import ALWAYS, Period, Window
from tests.unit.crm.conftest import make_client, make_service


def numbers(**wanted: Any) -> str:
    return "".join(item.number for item in ledger.invoices(InvoiceFilter(**wanted), Window()).items)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, "abcdef"),
        ({"period": Period(start=date(2026, 1, 31), end=date(2026, 3, 1))}, "bcd"),
        ({"statuses": ["open", "void"]}, "bcd"),
        ({"statuses": []}, ""),
        ({"client_statuses": ["inactive"]}, "cd"),
        ({"client_kinds": ["customer"]}, "abcdf"),
        ({"client_kinds": ["supplier"], "statuses": ["open"]}, ""),
        ({"client_ids": []}, ""),
    ],
)
def test_invoices_are_filtered(company: dict[str, Invoice], wanted: dict[str, Any], expected: str) -> None:
    assert numbers(**wanted) == expected


def test_invoices_of_chosen_clients(company: dict[str, Invoice]) -> None:
    assert numbers(client_ids=[company["a"].client_id, company["e"].client_id]) == "abef"


def test_an_invoice_tells_what_was_paid_last_when_and_for_which_services(company: dict[str, Invoice]) -> None:
    a, b, _c, _d, e, _f = ledger.invoices(InvoiceFilter(), Window()).items
    assert (a.paid, a.paid_on, a.service_codes) == (Decimal("150.12"), date(2026, 2, 9), ["advice", "repair"])
    assert (b.paid, b.paid_on, b.total) == (Decimal("0.3"), date(2026, 2, 5), Decimal("200.2"))
    assert (e.paid, e.paid_on) == (Decimal(70), None)  # marked paid, no payment recorded


def test_pages_are_cut_in_a_stable_order_even_on_one_day(company: dict[str, Invoice]) -> None:
    Invoice.objects.update(issued_on=date(2026, 1, 1))
    pages = [ledger.invoices(InvoiceFilter(), Window(page=page, size=4)) for page in (1, 2, 3)]
    assert [item.id for page in pages for item in page.items] == sorted(row.pk for row in company.values())
    assert [(page.page, page.pages, page.total) for page in pages] == [(1, 2, 6), (2, 2, 6), (3, 2, 6)]


@pytest.mark.django_db
def test_no_invoices_are_one_empty_page() -> None:
    page = ledger.invoices(InvoiceFilter(), Window())
    assert (page.items, page.page, page.pages, page.total) == ([], 1, 1, 0)


def test_payments_come_by_day_with_their_currency(company: dict[str, Invoice]) -> None:
    page = ledger.payments(Period(start=date(2026, 2, 2)), None, Window())
    assert [(item.paid_on.day, item.amount, item.currency) for item in page.items] == [
        (5, Decimal("0.3"), "EUR"),
        (9, Decimal("50.02"), "EUR"),
    ]
    assert ledger.payments(ALWAYS, [company["c"].client_id], Window()).total == 0


@pytest.mark.django_db
def test_a_page_of_many_invoices_costs_four_queries() -> None:
    fill(1000)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = ledger.invoices(InvoiceFilter(client_statuses=["active"]), Window(page=5, size=100))
    assert len(queries) == 4
    assert len(page.items) == 100
    assert page.items[0].service_codes == ["s"]
    with CaptureQueriesContext(connection) as queries:
        ledger.payments(ALWAYS, None, Window(size=100))
    assert len(queries) == 2


def fill(count: int) -> None:
    client, service = make_client("x"), make_service("s")
    day = date(2024, 1, 1)
    invoices = Invoice.objects.bulk_create(
        Invoice(
            number=f"n{index}",
            client=client,
            status="paid",
            issued_on=day + timedelta(days=index % 700),
            due_on=day + timedelta(days=index % 700 + 14),
            currency="EUR",
            subtotal=index,
            total=index,
        )
        for index in range(count)
    )
    InvoiceLine.objects.bulk_create(
        InvoiceLine(invoice=row, position=1, service=service, quantity=1, unit_price=row.total, total=row.total)
        for row in invoices
    )
    Payment.objects.bulk_create(
        Payment(invoice=row, paid_on=row.due_on, amount=row.total) for row in invoices if row.total
    )
