"""What the language model costs, as the site's setting MODEL_PRICE says; without a price only tokens are told."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.core.money import DIGITS

MILLION = 1_000_000
_FORM = re.compile(r"\s*(\d{1,6}(?:\.\d{1,6})?)\s*/\s*(\d{1,6}(?:\.\d{1,6})?)\s+([A-Z]{3})\s*")


@dataclass(frozen=True, kw_only=True)
class Price:
    """For a million tokens that the model reads, and for a million that it writes (hidden reasoning included)."""

    read: Decimal
    write: Decimal
    currency: str

    def of(self, read: int, write: int) -> Decimal:
        return (self.read * read + self.write * write) / MILLION


def current() -> Price | None:
    """None where no model is set up, or nobody has said what it costs."""
    return parsed(settings.MODEL_PRICE) if settings.GEMINI_API_KEY and settings.MODEL_PRICE.strip() else None


def require(text: str) -> None:
    """Called at the start, as a price that cannot be read would else be met behind an answer that was paid for."""
    if text.strip():
        parsed(text)


@lru_cache(maxsize=8)
def parsed(text: str) -> Price:
    found = _FORM.fullmatch(text)
    if not found or found[3] not in DIGITS:
        raise ImproperlyConfigured(
            f"MODEL_PRICE={text!r} is no price. Use what a million tokens cost that go in / that come out, such as"
            " 0.30/2.50 USD, or leave it empty."
        )
    return Price(read=Decimal(found[1]), write=Decimal(found[2]), currency=found[3])
