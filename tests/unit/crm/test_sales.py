from datetime import date
from decimal import Decimal

from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.crm import sales
from apps.crm.models import Invoice
from apps.crm.pages import Period, Window
from apps.crm.sales import SalesFilter


def test_services_add_up_per_currency_without_drafts_and_voids(company: dict[str, Invoice]) -> None:
    items = sales.services(SalesFilter(), Window()).items
    assert [(item.code, item.currency, item.revenue, item.frequency) for item in items] == [
        ("advice", "EUR", Decimal("370.3"), 3),
        ("repair", "EUR", Decimal("50.02"), 1),
        ("repair", "USD", Decimal("0.0001"), 1),
    ]
    assert (items[0].first_on, items[0].last_on, items[0].quantity) == (date(2026, 1, 10), date(2026, 3, 31), 3)


def test_services_obey_period_client_status_and_kind(company: dict[str, Invoice]) -> None:
    january = Period(start=date(2026, 1, 1), end=date(2026, 1, 31))
    assert [item.revenue for item in sales.services(SalesFilter(period=january), Window()).items] == [
        Decimal("300.3"),
        Decimal("50.02"),
    ]
    inactive = sales.services(SalesFilter(client_statuses=["inactive"]), Window())
    assert [(item.code, item.currency) for item in inactive.items] == [("repair", "USD")]
    suppliers = sales.services(SalesFilter(client_kinds=["supplier"]), Window())
    assert [item.revenue for item in suppliers.items] == [Decimal(70)]


def test_service_months_begin_on_the_first_and_leave_out_empty_months(company: dict[str, Invoice]) -> None:
    items = sales.service_months(SalesFilter(), Window()).items
    assert [(item.code, item.currency, item.month, item.revenue) for item in items] == [
        ("advice", "EUR", date(2026, 1, 1), Decimal("300.3")),
        ("advice", "EUR", date(2026, 3, 1), Decimal(70)),
        ("repair", "EUR", date(2026, 1, 1), Decimal("50.02")),
        ("repair", "USD", date(2026, 2, 1), Decimal("0.0001")),
    ]


def test_figures_are_paged_over_services_and_currencies(company: dict[str, Invoice]) -> None:
    with CaptureQueriesContext(connection) as queries:
        page = sales.services(SalesFilter(), Window(page=2, size=2))
    assert len(queries) == 2
    assert (page.pages, page.total, [item.currency for item in page.items]) == (2, 3, ["USD"])
