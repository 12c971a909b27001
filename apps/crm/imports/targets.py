"""What rows of a file can become, and how their texts become values."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import models

from apps.crm.models import Client, Invoice, InvoiceLine, Payment, Service

NUL = "contains a NUL character"
BOOLEANS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(frozen=True, kw_only=True)
class Target:
    """`code` is the field that is unique besides the external id; `references` are found by external id."""

    name: str
    model: type[models.Model]
    code: str | None = None
    references: dict[str, type[models.Model]] = field(default_factory=dict)
    required: frozenset[str]

    @property
    def optional(self) -> frozenset[str]:
        own = {"id", "source", "external_id"}
        return frozenset(field.name for field in self.model._meta.concrete_fields) - own - self.required


TARGETS = {
    target.name: target
    for target in (
        Target(name="client", model=Client, code="code", required=frozenset({"code", "name", "since"})),
        Target(
            name="service",
            model=Service,
            code="code",
            required=frozenset({"code", "name", "currency", "unit_price"}),
        ),
        Target(
            name="invoice",
            model=Invoice,
            code="number",
            references={"client": Client},
            required=frozenset({"number", "client", "status", "issued_on", "due_on", "currency", "subtotal", "total"}),
        ),
        Target(
            name="line",
            model=InvoiceLine,
            references={"invoice": Invoice, "service": Service},
            required=frozenset({"invoice", "position", "quantity", "unit_price", "total"}),
        ),
        Target(
            name="payment",
            model=Payment,
            references={"invoice": Invoice},
            required=frozenset({"invoice", "paid_on", "amount"}),
        ),
    )
}


def value(text: str, field: models.Field, *, decimal_mark: str = ".", date_format: str | None = None) -> Any:
    """The field's value for a text of the file. ValueError says what is wrong; None for an empty optional one."""
    if "\x00" in text:
        raise ValueError(NUL)
    if not text and not isinstance(field, models.CharField):
        if field.null:
            return None
        raise ValueError("is empty")
    if isinstance(field, models.DateField):
        return _date(text, date_format)
    if isinstance(field, models.DecimalField):
        return _decimal(text, decimal_mark)
    if isinstance(field, models.FloatField):
        return _float(text, decimal_mark)
    converters: list[tuple[type[models.Field], Callable[[str], Any]]] = [
        (models.IntegerField, _integer),
        (models.BooleanField, _boolean),
    ]
    return next((convert(text) for kind, convert in converters if isinstance(field, kind)), text)


def _date(text: str, date_format: str | None) -> date:
    try:
        return datetime.strptime(text, date_format).date() if date_format else date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"is not a date like {date_format or '2026-01-31'}") from None


def _decimal(text: str, mark: str) -> Decimal:
    try:
        number = Decimal(_with_point(text, mark))
    except InvalidOperation:
        raise ValueError(f"is not a number like 1234{mark}50") from None
    if not number.is_finite():
        raise ValueError("is not a finite number")
    return number


def _float(text: str, mark: str) -> float:
    try:
        number = float(_with_point(text, mark))
    except ValueError:
        raise ValueError(f"is not a number like 52{mark}5") from None
    if not math.isfinite(number):
        raise ValueError("is not a finite number")
    return number


def _with_point(text: str, mark: str) -> str:
    # With "," as the mark, "1.234" would silently become something else: only one of the two can be right.
    return text if mark == "." else text.replace(".", "?").replace(mark, ".")


def _integer(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise ValueError("is not a whole number")
    return int(text)


def _boolean(text: str) -> bool:
    if text.lower() not in BOOLEANS:
        raise ValueError(f"is none of {', '.join(BOOLEANS)}")
    return BOOLEANS[text.lower()]
