from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.crm.models import Invoice, Payment, Service
from tests.unit.crm.conftest import make_client, make_invoice, make_service

LISTS = ["crm_client", "crm_service", "crm_invoice", "crm_payment"]


@pytest.fixture
def browser(client: Browser, alice: User) -> Browser:
    client.force_login(alice)
    return client


def queries_of(browser: Browser, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(url).status_code == 200
    return len(queries)


def grow(count: int) -> None:
    for index in range(count):
        client, service = make_client(f"c{index}"), make_service(f"s{index}")
        invoice = make_invoice(f"n{index}", client, date(2026, 1, 1) + timedelta(days=index), (service, "10"))
        Payment.objects.create(invoice=invoice, paid_on=date(2026, 2, 1), amount=Decimal(1))


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_queries_whatever_it_holds(
    browser: Browser, company: dict[str, Invoice], name: str
) -> None:
    url = reverse(f"admin:{name}_changelist")
    before = queries_of(browser, url)
    grow(30)
    assert queries_of(browser, url) == before <= 12


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_searched_and_filtered(browser: Browser, company: dict[str, Invoice], name: str) -> None:
    assert browser.get(reverse(f"admin:{name}_changelist"), {"q": "a'\"%_\\ <b>"}).status_code == 200


def test_overdue_can_be_filtered_though_it_is_not_stored(browser: Browser, company: dict[str, Invoice]) -> None:
    url = reverse("admin:crm_invoice_changelist")
    found = browser.get(url, {"overdue": "yes"}).context["cl"].queryset
    assert [invoice.number for invoice in found] == ["c", "b"]
    found = browser.get(url, {"overdue": "no"}).context["cl"].queryset
    assert {invoice.number for invoice in found} == {"a", "d", "e", "f"}


def test_an_invoice_opens_with_its_lines_and_payments_in_bounded_queries(
    browser: Browser, company: dict[str, Invoice]
) -> None:
    grow(20)
    invoice = company["a"]
    url = reverse("admin:crm_invoice_change", args=[invoice.pk])
    before = queries_of(browser, url)
    for day, service in enumerate(Service.objects.filter(code__startswith="s")[:15], start=10):
        Payment.objects.create(invoice=invoice, paid_on=date(2026, 5, day), amount=Decimal(1))
        invoice.lines.create(position=day, service=service, quantity=1, unit_price=1, total=1)
    assert queries_of(browser, url) <= before


def test_a_line_shows_its_service_and_can_be_given_another(browser: Browser, company: dict[str, Invoice]) -> None:
    invoice = company["b"]
    url = reverse("admin:crm_invoice_change", args=[invoice.pk])
    page = browser.get(url).context
    (lines, payments) = (formset.formset for formset in page["inline_admin_formsets"])
    assert "advice advice</option>" in str(lines.forms[0]["service"])
    fields = [bound for form in (page["adminform"].form, *lines, *payments) for bound in form]
    form = {bound.html_name: "" if bound.value() is None else bound.value() for bound in fields}
    form |= {field.html_name: field.value() for formset in (lines, payments) for field in formset.management_form}
    repair = Service.objects.get(code="repair")
    response = browser.post(url, form | {"lines-0-service": repair.pk})
    assert response.status_code == 302, response.context["errors"]
    assert invoice.lines.get().service == repair


def test_a_payment_entered_in_the_admin_settles_its_invoice(browser: Browser, company: dict[str, Invoice]) -> None:
    invoice = company["c"]
    form = {"invoice": invoice.pk, "paid_on": "2026-03-05", "amount": "0.0001", "method": "card", "reference": ""}
    response = browser.post(reverse("admin:crm_payment_add"), form)
    assert response.status_code == 302, response.context["adminform"].form.errors
    invoice.refresh_from_db()
    assert invoice.status == "paid"
    payment = invoice.payments.get()
    browser.post(reverse("admin:crm_payment_delete", args=[payment.pk]), {"post": "yes"})
    invoice.refresh_from_db()
    assert invoice.status == "open"


def test_bob_may_look_and_not_change(client: Browser, bob: User, company: dict[str, Invoice]) -> None:
    client.force_login(bob)
    url = reverse("admin:crm_invoice_change", args=[company["a"].pk])
    assert client.get(url).status_code == 200
    assert client.post(url, {"number": "x"}).status_code == 403


def test_charlie_sees_nothing(client: Browser, charlie: User) -> None:
    client.force_login(charlie)
    assert client.get(reverse("admin:crm_invoice_changelist")).status_code == 302
