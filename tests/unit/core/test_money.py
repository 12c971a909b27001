from decimal import Decimal

import pytest

from apps.core import money
from apps.core.errors import InvalidInput


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("0.125", "EUR", "0.12"),
        ("0.135", "EUR", "0.14"),
        ("2.5", "JPY", "2"),
        ("3.5", "JPY", "4"),
        ("1.00005", "BHD", "1.000"),
        ("1", "CLF", "1.0000"),
        ("-0.125", "USD", "-0.12"),
    ],
)
def test_rounded_goes_half_to_even_at_the_digits_of_the_currency(amount: str, currency: str, shown: str) -> None:
    assert str(money.rounded(Decimal(amount), currency)) == shown


def test_formatted_groups_thousands_and_names_the_currency() -> None:
    assert money.formatted(Decimal("1234567.8951"), "EUR") == "EUR 1,234,567.90"
    assert money.formatted(Decimal("-1234.5"), "JPY") == "JPY -1,234"


def test_every_code_has_three_capital_letters_and_known_digits() -> None:
    assert all(len(code) == 3 and code.isupper() and 0 <= n <= 4 for code, n in money.DIGITS.items())
    assert {money.digits(code) for code in ("EUR", "USD", "GBP", "CHF", "PLN")} == {2}


def test_digits_refuses_what_is_no_currency() -> None:
    with pytest.raises(InvalidInput, match="ISO 4217"):
        money.digits("eur")


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
