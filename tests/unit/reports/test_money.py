from decimal import Decimal

import pytest

from apps.crm import money as ledger_money
from apps.reports import money


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("1234.565", "EUR", "1,234.56"),
        ("1234.575", "EUR", "1,234.58"),
        ("2.5", "JPY", "2"),
        ("1.0005", "KWD", "1.000"),
        ("-0.5", "USD", "−0.50"),
        ("123456789012.34", "EUR", "123,456,789,012.34"),
    ],
)
def test_amounts_are_shown_at_their_currency_s_digits(amount: str, currency: str, shown: str) -> None:
    assert money.shown(Decimal(amount), currency) == shown


@pytest.mark.parametrize(("amount", "short"), [("1234567", "1.2m"), ("1000", "1k"), ("340499", "340k"), ("0", "0")])
def test_chart_labels_are_short(amount: str, short: str) -> None:
    assert money.short(Decimal(amount)) == short


def test_reports_and_ledger_agree_on_every_currency() -> None:
    assert {code: money.digits(code) for code in ledger_money.DIGITS} == ledger_money.DIGITS
