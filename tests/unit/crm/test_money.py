from decimal import Decimal

import pytest

from apps.core.errors import InvalidInput
from apps.crm import money


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
