"""The contract between Chantilly and a customer system. The company's own tables are the default one.

A connector
1. answers pages as `apps.crm.pages` describes them, in the order each read states, the same for the same data;
2. never changes anything, so that a call may be repeated;
3. reports what another try may solve (a rate limit, a timeout) as a ToolError that is transient and says when;
4. reports wrong arguments as a ToolError of kind ValueError;
5. may block on the network, but holds no database transaction.

`CRM_CONNECTOR` names the class. The rate limit of its system is the one of the service `crm` (apps/tasks/limits/rates.py),
which the tools take from before they ask; a connector needs none of its own.
"""

from collections.abc import Collection
from functools import lru_cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from apps.crm import ledger, portfolio, sales
from apps.crm.ledger import InvoiceFilter, InvoiceRecord, PaymentRecord
from apps.crm.pages import Page, Period, Window
from apps.crm.portfolio import ClientFilter, ClientRecord
from apps.crm.sales import SalesFilter, ServiceMonthRecord, ServiceRecord


class Connector(Protocol):
    def clients(self, wanted: ClientFilter, window: Window) -> Page[ClientRecord]: ...
    def invoices(self, wanted: InvoiceFilter, window: Window) -> Page[InvoiceRecord]: ...
    def payments(self, period: Period, client_ids: Collection[int] | None, window: Window) -> Page[PaymentRecord]: ...
    def services(self, wanted: SalesFilter, window: Window) -> Page[ServiceRecord]: ...
    def service_months(self, wanted: SalesFilter, window: Window) -> Page[ServiceMonthRecord]: ...


class LocalConnector:
    """The tables of this installation."""

    clients = staticmethod(portfolio.clients)
    invoices = staticmethod(ledger.invoices)
    payments = staticmethod(ledger.payments)
    services = staticmethod(sales.services)
    service_months = staticmethod(sales.service_months)


def current() -> Connector:
    """The connector that is to be asked."""
    connector: Connector = _instance(settings.CRM_CONNECTOR)
    return connector


@lru_cache
def _instance(path: str) -> Connector:
    connector: Connector = import_string(path)()
    return connector
