"""A JSON column that keeps the order of names, in which forms show a template's parameters and files list them."""

import json
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import JSONField


class OrderedJSONField(JSONField):
    """PostgreSQL's `json` instead of `jsonb`, which sorts names by their length. Not for lookups or DISTINCT."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "json" if connection.vendor == "postgresql" else super().db_type(connection)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        if connection.vendor != "postgresql" or value is None or hasattr(value, "as_sql"):
            return super().get_db_prep_value(value, connection, prepared)
        return json.dumps(value, cls=self.encoder)

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        # Django leaves `jsonb` to itself and `json` to psycopg, which answers it decoded.
        return super().from_db_value(value, expression, connection) if isinstance(value, str) else value
