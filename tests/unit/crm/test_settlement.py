from datetime import date
from decimal import Decimal

import pytest

from apps.crm.models import Invoice, Payment
from apps.crm.settlement import settle


def pay(invoice: Invoice, amount: str) -> Payment:
    return Payment.objects.create(invoice=invoice, paid_on=date(2026, 3, 1), amount=Decimal(amount))


def test_an_open_invoice_is_paid_by_the_payment_that_covers_it(company: dict[str, Invoice]) -> None:
    b = company["b"]  # 200.2, of which 0.3 is paid
    pay(b, "199.8999")
    assert settle(b.pk).status == "open"
    last = pay(b, "0.0001")
    assert settle(b.pk).status == "paid"
    last.delete()
    assert settle(b.pk, payment_removed=True).status == "open"


def test_an_invoice_that_was_settled_elsewhere_stays_paid(company: dict[str, Invoice]) -> None:
    assert settle(company["e"].pk).status == "paid"


def test_an_invoice_that_loses_its_only_payment_is_open_again(company: dict[str, Invoice]) -> None:
    payment = pay(company["c"], "1")
    assert settle(company["c"].pk).status == "paid"
    payment.delete()
    assert settle(company["c"].pk, payment_removed=True).status == "open"


@pytest.mark.parametrize("number", ["d", "f"])
def test_drafts_and_voided_invoices_stay_what_they_are(company: dict[str, Invoice], number: str) -> None:
    pay(company[number], "10000")
    assert settle(company[number].pk).status == company[number].status
