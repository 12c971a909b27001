from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from apps.ai import prices


def test_a_price_is_for_a_million_tokens_in_and_out() -> None:
    price = prices.parsed("0.30/2.50 USD")
    assert (price.of(1_000_000, 0), price.of(0, 2_000_000), price.currency) == (Decimal("0.30"), Decimal("5.00"), "USD")


@pytest.mark.parametrize("text", ["0.30 USD", "0.30/2.50", "0.30/2.50 XYZ", "-1/2 USD", "a/b EUR"])
def test_what_is_no_price_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"0\.30/2\.50 USD"):
        prices.parsed(text)


def test_nothing_is_known_without_a_model_or_a_price(settings: Any) -> None:
    settings.GEMINI_API_KEY, settings.MODEL_PRICE = "", "1/2 EUR"
    assert prices.current() is None
    settings.GEMINI_API_KEY, settings.MODEL_PRICE = "key", " "
    assert prices.current() is None


def test_start_refuses_what_is_no_price_and_does_without_one(settings: Any) -> None:
    settings.MODEL_PRICE = ""
    apps.get_app_config("ai").ready()
    settings.MODEL_PRICE = "0,30/2,50 EUR"
    with pytest.raises(ImproperlyConfigured, match="MODEL_PRICE"):
        apps.get_app_config("ai").ready()
