"""What the services brought in: figures by service, and by month. Drafts and voided invoices don't count."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, Min, QuerySet
from django.db.models.functions import TruncMonth

from apps.crm.exact import ExactSum
from apps.crm.ledger import client_conditions
from apps.crm.models import Invoice, InvoiceLine
from apps.crm.pages import ALWAYS, Page, Period, Window, cut


@dataclass(frozen=True, kw_only=True)
class ServiceRecord:
    """One service in one currency. `revenue` is before tax, exact; `frequency` counts invoices."""

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


@dataclass(frozen=True, kw_only=True)
class ServiceMonthRecord:
    """One service in one currency in the month that begins on `month`. Months without a sale are left out."""

    code: str
    currency: str
    month: date
    quantity: Decimal
    revenue: Decimal
    frequency: int


@dataclass(frozen=True, kw_only=True)
class SalesFilter:
    """`period` is about the day of issue. None means: no restriction."""

    period: Period = ALWAYS
    client_statuses: Collection[str] | None = None
    client_kinds: Collection[str] | None = None

    def lines(self) -> QuerySet[InvoiceLine]:
        wanted = {
            "invoice__issued_on__gte": self.period.start,
            "invoice__issued_on__lte": self.period.end,
            **client_conditions(self.client_statuses, self.client_kinds, prefix="invoice__client__"),
        }
        return InvoiceLine.objects.filter(
            service__isnull=False,
            invoice__status__in=Invoice.BILLED,
            **{name: value for name, value in wanted.items() if value is not None},
        )


FIGURES = {
    "quantity": ExactSum("quantity"),
    "revenue": ExactSum("total"),
    "frequency": Count("invoice_id", distinct=True),
}


SERVICE = ("service__code", "service__name", "service__category", "service__unit", "invoice__currency")
SERVICE_MONTH = ("service__code", "invoice__currency", "month")


def services(wanted: SalesFilter, window: Window) -> Page[ServiceRecord]:
    """By code, then currency; only services that were sold. Two queries."""
    groups = wanted.lines().order_by("service__code", "invoice__currency").values(*SERVICE)
    rows = groups.annotate(**FIGURES, first_on=Min("invoice__issued_on"), last_on=Max("invoice__issued_on"))
    return cut(rows, window, lambda found: (ServiceRecord(**_named(row)) for row in found), counted=groups.distinct())


def service_months(wanted: SalesFilter, window: Window) -> Page[ServiceMonthRecord]:
    """By code, currency and month; only months with sales. Two queries."""
    lines = wanted.lines().annotate(month=TruncMonth("invoice__issued_on"))
    groups = lines.order_by(*SERVICE_MONTH).values(*SERVICE_MONTH)
    rows = groups.annotate(**FIGURES)
    return cut(
        rows, window, lambda found: (ServiceMonthRecord(**_named(row)) for row in found), counted=groups.distinct()
    )


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name.rpartition("__")[2]: value for name, value in row.items()}
