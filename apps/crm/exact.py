"""Sums that lose nothing: SQLite adds decimals as doubles, so there the sum is made over whole ten-thousandths."""

from decimal import Decimal
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DecimalField, Sum

PLACES = 4
MAX_DIGITS = 15  # SQLite keeps a decimal in a double: 15 significant digits are exact, 16 are not.
SCALE = 10**PLACES


class ExactSum(Sum):
    """`Sum` of an AmountField, exact on every database; SQLite refuses (integer overflow) above 9.2e14."""

    def __init__(self, name: str) -> None:
        super().__init__(name, output_field=DecimalField(max_digits=38, decimal_places=PLACES))

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        template = f"SUM(CAST(ROUND(%(expressions)s * {SCALE}) AS INTEGER))"
        return self.as_sql(compiler, connection, template=template, **context)

    def get_db_converters(self, connection: BaseDatabaseWrapper) -> list[Any]:
        if connection.vendor == "sqlite":
            return [_from_ten_thousandths]
        return super().get_db_converters(connection)


def _from_ten_thousandths(value: int | None, *_: Any) -> Decimal | None:
    return None if value is None else Decimal(value).scaleb(-PLACES)
