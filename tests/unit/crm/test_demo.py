"""The demo company: the same for the same seed and day, plausible as a whole, with what was planted in its place."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.core import clock, money
from apps.crm.demo.company import Company, make
from apps.crm.demo.offerings import OFFERINGS
from apps.crm.demo.shapes import Anomaly, Bill
from apps.crm.models import Client, Invoice, InvoiceLine, Payment, Service
from tests.unit.crm.conftest import make_invoice

TODAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def company() -> Company:
    return make(today=TODAY)


def planted(company: Company, kind: str) -> list[tuple[Anomaly, list[Bill]]]:
    by_number = {bill.number: bill for bill in company.bills}
    found = [anomaly for anomaly in company.anomalies if anomaly.kind == kind]
    return [(anomaly, [by_number[number] for number in anomaly.numbers]) for anomaly in found]


def test_seed_and_day_decide_everything(company: Company) -> None:
    again = make(today=TODAY)
    assert [vars(bill) | {"lines": bill.lines, "customer": bill.customer.code} for bill in again.bills] == [
        vars(bill) | {"lines": bill.lines, "customer": bill.customer.code} for bill in company.bills
    ]
    assert again.anomalies == company.anomalies
    assert [bill.total for bill in make(today=TODAY, seed=2).bills] != [bill.total for bill in company.bills]


def test_the_company_has_the_promised_size_and_variety(company: Company) -> None:
    assert len(company.bills) >= 2000
    assert len(company.customers) == 120
    assert len({customer.name for customer in company.customers}) == 120
    assert len({customer.country_code for customer in company.customers}) == 9
    assert {bill.customer.currency for bill in company.bills} == {"EUR", "USD", "GBP", "CHF", "PLN", "JPY"}
    sold = Counter(line.offering.code for bill in company.bills for line in bill.lines)
    assert len(OFFERINGS) == len(sold) == 20
    assert {bill.status for bill in company.bills} == {"open", "paid", "draft", "void"}


def test_amounts_have_the_digits_of_their_currency_and_add_up(company: Company) -> None:
    for bill in company.bills:
        for amount in (bill.subtotal, bill.tax, *(receipt.amount for receipt in bill.receipts)):
            assert amount == money.rounded(amount, bill.customer.currency)
        assert (bill.tax > 0) == (bill.customer.country_code == "DE")
        assert all(line.total > 0 for line in bill.lines)


def test_nothing_happens_after_today_or_before_its_time(company: Company) -> None:
    for bill in company.bills:
        assert TODAY - timedelta(days=3 * 366) <= bill.issued_on <= TODAY
        assert all(bill.issued_on <= receipt.paid_on <= TODAY for receipt in bill.receipts)
    assert max(bill.issued_on for bill in company.bills) >= TODAY - timedelta(days=3)


def test_business_grows_and_follows_the_seasons(company: Company) -> None:
    years = Counter(bill.issued_on.year for bill in company.bills)
    assert years[2025] > years[2024]
    months = Counter(bill.issued_on.month for bill in company.bills if bill.issued_on.year < 2026)
    assert months[12] > 1.3 * months[8]


def test_customers_pay_as_is_their_habit(company: Company) -> None:
    late: dict[str, list[int]] = defaultdict(list)
    overdue = Counter()
    for bill in company.bills:
        for receipt in bill.receipts:
            late[bill.customer.habit].append((receipt.paid_on - bill.due_on).days)
        if bill.status == "open" and bill.due_on < TODAY:
            overdue[bill.customer.habit] += 1
    average = {habit: sum(days) / len(days) for habit, days in late.items()}
    assert average["prompt"] < 0 < average["partial"] < average["defaulting"]
    assert average["slow"] > 15
    assert overdue["defaulting"] > 20
    assert sum(overdue.values()) < 0.12 * len(company.bills)
    assert any(len(bill.receipts) == 2 for bill in company.bills if bill.customer.habit == "partial")


def test_every_kind_of_anomaly_is_planted_last_year_and_lately(company: Company) -> None:
    assert Counter(anomaly.kind for anomaly in company.anomalies) == {
        "duplicate_invoice": 2,
        "amount_10x": 2,
        "price_change": 2,
        "weekend_burst": 2,
        "paid_twice": 2,
        "missing_number": 2,
        "silent_client": 1,
    }
    for kind in ("duplicate_invoice", "amount_10x", "weekend_burst", "paid_twice"):
        first, second = (bills[0].issued_on for _, bills in planted(company, kind))
        assert first.year == TODAY.year - 1
        assert second >= TODAY - timedelta(days=100)


def test_only_the_planted_duplicates_repeat_an_amount_within_a_week(company: Company) -> None:
    duplicates = {
        (one.number, two.number)
        for one in company.bills
        for two in company.bills
        if one.customer is two.customer
        and one.total == two.total
        and timedelta(0) <= two.issued_on - one.issued_on <= timedelta(days=7)
        and one is not two
    }
    assert duplicates == {anomaly.numbers for anomaly, _ in planted(company, "duplicate_invoice")}


def test_ten_times_the_amount_stands_out_from_everything_else(company: Company) -> None:
    totals: dict[str, list[Any]] = defaultdict(list)
    for bill in company.bills:
        totals[bill.customer.code].append(bill.total)
    found = {
        bill.number
        for bill in company.bills
        if len(known := sorted(totals[bill.customer.code])) >= 8 and bill.total > 8 * known[len(known) // 2]
    }
    assert found == {anomaly.numbers[0] for anomaly, _ in planted(company, "amount_10x")}


def test_only_the_planted_bursts_fall_on_weekends(company: Company) -> None:
    weekend = {bill.number for bill in company.bills if bill.issued_on.weekday() > 4}
    assert weekend == {number for anomaly, _ in planted(company, "weekend_burst") for number in anomaly.numbers}


def test_only_the_planted_invoices_were_paid_twice(company: Company) -> None:
    paid_twice = {bill.number for bill in company.bills if sum(r.amount for r in bill.receipts) > bill.total}
    assert paid_twice == {anomaly.numbers[0] for anomaly, _ in planted(company, "paid_twice")}


def test_a_changed_price_is_far_above_what_the_others_pay(company: Company) -> None:
    for anomaly, bills in planted(company, "price_change"):
        assert len(bills) >= 2
        assert {bill.customer.code for bill in bills} == {anomaly.client_code}
        service = next(offering.code for offering in OFFERINGS if offering.code in anomaly.description)
        for bill in bills:
            (paid,) = (line.unit_price for line in bill.lines if line.offering.code == service)
            usual = {
                line.unit_price
                for other in company.bills
                for line in other.lines
                if line.offering.code == service
                and other.customer.currency == bill.customer.currency
                and other.issued_on.year == bill.issued_on.year
            }
            assert paid >= min(usual) * Decimal("1.55")


def test_the_numbers_of_a_year_have_only_the_planted_gaps(company: Company) -> None:
    given = {bill.number for bill in company.bills}
    assert len(given) == len(company.bills)
    gaps = set()
    for year in (2023, 2024, 2025, 2026):
        last = max(int(number[8:]) for number in given if number.startswith(f"NT-{year}-"))
        gaps |= {f"NT-{year}-{n:04}" for n in range(1, last)} - given
    assert gaps == {anomaly.numbers[0] for anomaly in company.anomalies if anomaly.kind == "missing_number"}


@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2026, 1, 1), date(2027, 8, 15)])
@pytest.mark.parametrize("seed", [1, 7])
def test_any_day_and_seed_make_a_company(today: date, seed: int) -> None:
    small = make(seed=seed, today=today, invoices=600)
    assert len(small.bills) >= 600
    assert max(bill.issued_on for bill in small.bills) <= today
    make(seed=seed, today=today, invoices=50)


def test_the_customers_are_the_same_on_every_day() -> None:
    """What ships beside them, such as a batch of customers in the inbox, names some of them."""

    def known(today: date, invoices: int) -> list[tuple[str, ...]]:
        company = make(today=today, invoices=invoices)
        return [(each.code, each.name, each.city, each.currency, each.status) for each in company.customers]

    assert known(date(2026, 11, 22), 50) == known(date(2024, 2, 29), 300)


def run(**options: Any) -> str:
    out = StringIO()
    call_command("make_demo", stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
def test_the_command_writes_the_company_once(company: Company) -> None:
    assert "Made the demo company: 120 clients" in run(today=TODAY)
    assert Invoice.objects.count() == len(company.bills)
    assert (Client.objects.count(), Service.objects.count()) == (120, 20)
    assert InvoiceLine.objects.count() == sum(len(bill.lines) for bill in company.bills)
    assert Payment.objects.count() == sum(len(bill.receipts) for bill in company.bills)
    bill = company.bills[1000]
    assert Invoice.objects.get(number=bill.number).total == bill.total
    assert "is there already" in run(today=TODAY)
    assert Invoice.objects.count() == len(company.bills)


@pytest.mark.django_db
def test_the_company_ends_today_unless_told_otherwise() -> None:
    with clock.frozen(clock.now().replace(year=2025, month=6, day=30)):
        assert "up to 2025-06-30" in run(invoices=100)


@pytest.mark.django_db
def test_replace_makes_it_anew_and_spares_rows_of_ones_own() -> None:
    run(today=TODAY, invoices=100)
    assert "Made" in run(today=date(2026, 1, 31), invoices=120, replace=True)
    assert Invoice.objects.latest("issued_on", "id").issued_on <= date(2026, 1, 31)
    make_invoice("own", Client.objects.all()[0], TODAY)
    with pytest.raises(CommandError, match=r"rows of your own belong to it \(own"):
        run(today=TODAY, invoices=100, replace=True)
    assert Invoice.objects.filter(source="demo").count() >= 120


@pytest.mark.django_db
def test_the_planted_anomalies_can_be_listed_without_writing() -> None:
    assert "missing_number: No invoice has the number NT-" in run(today=TODAY, anomalies=True)
    assert not Client.objects.exists()


def test_senseless_sizes_are_refused() -> None:
    with pytest.raises(CommandError, match="between 50 and 100,000"):
        run(invoices=10)
