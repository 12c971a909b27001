"""The crm module as scripts and the registry see it."""

from datetime import date
from decimal import Decimal
from typing import Any, get_type_hints

import pytest

from apps.core import codec
from apps.core.errors import ToolError
from apps.crm.models import Invoice
from apps.tools import crm, registry
from tests.unit.crm.conftest import company as company  # the cast of the crm's own tests

CALL: Any = None  # reads need nothing of their call


def test_every_tool_is_a_documented_read_with_the_permission_to_view_its_rows() -> None:
    tools = registry.module("crm").tools
    assert {name: tool.permission for name, tool in tools.items()} == {
        "clients": "crm.view_client",
        "invoices": "crm.view_invoice",
        "payments": "crm.view_payment",
        "services": "crm.view_service",
        "service_months": "crm.view_service",
    }
    assert {tool.call_class for tool in tools.values()} == {"read"}


def test_the_stub_describes_the_pages_to_scripts() -> None:
    stub = registry.module("crm").stub
    assert "class InvoicePage(TypedDict):\n    items: list[Invoice]" in stub
    assert "client_ids: list[int] | None = None, client_kinds: list[str] | None = None, page: int = 1" in stub
    compile(stub, "crm.pyi", "exec")


@pytest.mark.parametrize(
    ("tool", "shape"),
    [
        (crm.clients, crm.Client),
        (crm.invoices, crm.Invoice),
        (crm.payments, crm.Payment),
        (crm.services, crm.Service),
        (crm.service_months, crm.ServiceMonth),
    ],
)
def test_a_page_has_the_declared_shape_and_survives_the_journal(
    company: dict[str, Invoice], tool: Any, shape: Any
) -> None:
    page = tool(CALL, size=2)
    assert set(page) == {"items", "page", "pages", "total"}
    assert page["items"]
    for item in page["items"]:
        assert set(item) == set(get_type_hints(shape))
    assert codec.decode(codec.encode(page)) == page


def test_invoices_pass_every_filter_on(company: dict[str, Invoice]) -> None:
    page = crm.invoices(
        CALL,
        start=date(2026, 1, 1),
        end=date(2026, 1, 31),
        statuses=["paid", "open"],
        client_statuses=["active"],
        client_kinds=["customer"],
        client_ids=[company["a"].client_id],
        page=2,
        size=1,
    )
    assert [item["number"] for item in page["items"]] == ["b"]
    assert (page["page"], page["pages"], page["total"]) == (2, 2, 2)
    assert page["items"][0]["paid"] == Decimal("0.3")


def test_services_and_months_pass_their_filters_on(company: dict[str, Invoice]) -> None:
    given: dict[str, Any] = {"start": date(2026, 2, 1), "client_statuses": ["active"], "client_kinds": ["supplier"]}
    assert [item["revenue"] for item in crm.services(CALL, **given)["items"]] == [Decimal(70)]
    assert [item["month"] for item in crm.service_months(CALL, **given)["items"]] == [date(2026, 3, 1)]


def test_clients_and_payments_pass_their_filters_on(company: dict[str, Invoice]) -> None:
    assert [item["code"] for item in crm.clients(CALL, statuses=["inactive"], kinds=["customer"])["items"]] == ["bert"]
    assert crm.clients(CALL, ids=[])["total"] == 0
    assert crm.payments(CALL, end=date(2026, 2, 4), client_ids=[company["a"].client_id])["total"] == 1


def test_wrong_arguments_reach_the_script_as_value_errors(company: dict[str, Invoice]) -> None:
    for wrong in ({"page": 0}, {"size": 101}, {"statuses": ["late"]}, {"start": date(2026, 2, 1), "end": date.min}):
        with pytest.raises(ToolError) as caught:
            crm.invoices(CALL, **wrong)
        assert caught.value.kind == "ValueError"


def test_each_call_is_a_request_that_waits_for_the_rate_limit_of_the_system() -> None:
    assert {tool.service for tool in registry.module("crm").tools.values()} == {"crm"}
