"""What the database cannot check by itself, for forms and imports."""

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from apps.core import money

country_code = RegexValidator(r"\A[A-Z]{2}\Z", "Use a two-letter ISO 3166 country code such as DE.")


def currency(code: str) -> None:
    if code not in money.DIGITS:
        raise ValidationError(f"“{code}” is not an ISO 4217 currency code; use one such as EUR.")
