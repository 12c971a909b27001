from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.crm import portfolio
from apps.crm.models import Client
from apps.crm.pages import Window
from apps.crm.portfolio import ClientFilter
from tests.unit.crm.conftest import make_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def clients() -> list[Client]:
    return [
        make_client("a", country="Germany", country_code="DE", latitude=52.5, longitude=13.4),
        make_client("b", status="prospect"),
        make_client("c", kind="supplier", status="inactive"),
    ]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, "abc"),
        ({"statuses": ["active", "prospect"]}, "ab"),
        ({"kinds": ["supplier"]}, "c"),
        ({"kinds": ["supplier"], "statuses": []}, ""),
    ],
)
def test_clients_are_filtered(clients: list[Client], wanted: dict[str, Any], expected: str) -> None:
    page = portfolio.clients(ClientFilter(**wanted), Window())
    assert "".join(item.code for item in page.items) == expected
    assert page.total == len(expected)


def test_a_client_tells_where_it_is_and_since_when(clients: list[Client]) -> None:
    (item,) = portfolio.clients(ClientFilter(ids=[clients[0].pk, 10**9]), Window()).items
    assert (item.name, item.country_code, item.latitude, item.longitude) == ("A", "DE", 52.5, 13.4)
    assert (item.since, item.payment_terms_days) == (clients[0].since, 30)


def test_a_page_costs_two_queries(clients: list[Client]) -> None:
    with CaptureQueriesContext(connection) as queries:
        portfolio.clients(ClientFilter(statuses=["active"]), Window(size=100))
    assert len(queries) == 2
