"""The customer system: clients, invoices, payments and what the services brought in, page by page.

Every call answers one page: `{"items": [...], "page": 1, "pages": 41, "total": 2034}`; ask for page + 1 until page
equals pages. Amounts are exact Decimals in the row's currency: add up per currency, round only what is shown. A rate
limit of the system is waited for inside the call.
"""

from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypedDict

from apps.crm import connector
from apps.crm.ledger import InvoiceFilter
from apps.crm.pages import Page, Period, Window
from apps.crm.portfolio import ClientFilter
from apps.crm.sales import SalesFilter
from apps.tools.registry import Call, tool


class Client(TypedDict):
    id: int
    code: str
    name: str
    kind: Literal["customer", "supplier"]
    status: Literal["active", "inactive", "prospect"]
    country: str
    country_code: str
    city: str
    latitude: float | None
    longitude: float | None
    since: date
    payment_terms_days: int


class Invoice(TypedDict):
    id: int
    number: str
    client_id: int
    issued_on: date
    due_on: date
    status: Literal["draft", "open", "paid", "void"]
    currency: str
    subtotal: Decimal
    tax: Decimal
    total: Decimal
    paid: Decimal
    paid_on: date | None
    service_codes: list[str]


class Payment(TypedDict):
    id: int
    invoice_id: int
    client_id: int
    paid_on: date
    amount: Decimal
    currency: str
    method: str


class Service(TypedDict):
    code: str
    name: str
    category: str
    unit: str
    currency: str
    quantity: Decimal
    revenue: Decimal
    frequency: int
    first_on: date
    last_on: date


class ServiceMonth(TypedDict):
    code: str
    currency: str
    month: date
    quantity: Decimal
    revenue: Decimal
    frequency: int


class ClientPage(TypedDict):
    items: list[Client]
    page: int
    pages: int
    total: int


class InvoicePage(TypedDict):
    items: list[Invoice]
    page: int
    pages: int
    total: int


class PaymentPage(TypedDict):
    items: list[Payment]
    page: int
    pages: int
    total: int


class ServicePage(TypedDict):
    items: list[Service]
    page: int
    pages: int
    total: int


class ServiceMonthPage(TypedDict):
    items: list[ServiceMonth]
    page: int
    pages: int
    total: int


@tool(call_class="read", permission="crm.view_client", service="crm")
def clients(
    call: Call,
    *,
    statuses: list[str] | None = None,
    kinds: list[str] | None = None,
    ids: list[int] | None = None,
    page: int = 1,
    size: int = 50,
) -> ClientPage:
    """Clients by id, at most 100 a page.

    `statuses`: active, inactive, prospect. `kinds`: customer, supplier. `ids`: at most 1,000. None means all, an empty
    list none. Coordinates are WGS 84 degrees or None. ValueError for arguments that the system does not know.
    """
    wanted = ClientFilter(statuses=statuses, kinds=kinds, ids=ids)
    return _plain(connector.current().clients(wanted, Window(page=page, size=size)))


@tool(call_class="read", permission="crm.view_invoice", service="crm")
def invoices(
    call: Call,
    *,
    start: date | None = None,
    end: date | None = None,
    statuses: list[str] | None = None,
    client_statuses: list[str] | None = None,
    client_ids: list[int] | None = None,
    client_kinds: list[str] | None = None,
    page: int = 1,
    size: int = 50,
) -> InvoicePage:
    """Invoices issued from `start` to `end` (both included), by day of issue and id, at most 100 a page.

    `statuses`: draft, open, paid, void. None means all, an empty list none. `total` is subtotal + tax + other charges
    such as freight. `paid` is what was received so far and `paid_on` the day of the last payment; an invoice that was
    marked paid without a recorded payment is paid in full on an unknown day (None). An invoice is overdue when it is
    open and `due_on` is past. ValueError for arguments that the system does not know.
    """
    wanted = InvoiceFilter(
        period=Period(start=start, end=end),
        statuses=statuses,
        client_statuses=client_statuses,
        client_kinds=client_kinds,
        client_ids=client_ids,
    )
    return _plain(connector.current().invoices(wanted, Window(page=page, size=size)))


@tool(call_class="read", permission="crm.view_payment", service="crm")
def payments(
    call: Call,
    *,
    start: date | None = None,
    end: date | None = None,
    client_ids: list[int] | None = None,
    page: int = 1,
    size: int = 50,
) -> PaymentPage:
    """Payments received from `start` to `end` (both included), by day and id, at most 100 a page.

    `amount` is in the invoice's currency. ValueError for arguments that the system does not know.
    """
    window = Window(page=page, size=size)
    return _plain(connector.current().payments(Period(start=start, end=end), client_ids, window))


@tool(call_class="read", permission="crm.view_service", service="crm")
def services(
    call: Call,
    *,
    start: date | None = None,
    end: date | None = None,
    client_statuses: list[str] | None = None,
    client_kinds: list[str] | None = None,
    page: int = 1,
    size: int = 50,
) -> ServicePage:
    """What each service brought in on invoices issued from `start` to `end`, by code and currency, at most 100 a page.

    One item per service and currency; services that were not sold are left out, and so are drafts and voided invoices.
    `revenue` is before tax, `frequency` the number of invoices. ValueError for arguments that the system does not know.
    """
    wanted = SalesFilter(
        period=Period(start=start, end=end), client_statuses=client_statuses, client_kinds=client_kinds
    )
    return _plain(connector.current().services(wanted, Window(page=page, size=size)))


@tool(call_class="read", permission="crm.view_service", service="crm")
def service_months(
    call: Call,
    *,
    start: date | None = None,
    end: date | None = None,
    client_statuses: list[str] | None = None,
    client_kinds: list[str] | None = None,
    page: int = 1,
    size: int = 50,
) -> ServiceMonthPage:
    """The figures of `services`, month by month: what growth is computed from; at most 100 a page.

    By code, currency and month; `month` is its first day; months without a sale are left out. ValueError for arguments
    that the system does not know.
    """
    wanted = SalesFilter(
        period=Period(start=start, end=end), client_statuses=client_statuses, client_kinds=client_kinds
    )
    return _plain(connector.current().service_months(wanted, Window(page=page, size=size)))


def _plain(page: Page[Any]) -> Any:
    return {
        "items": [dict(vars(item)) for item in page.items],
        "page": page.page,
        "pages": page.pages,
        "total": page.total,
    }
