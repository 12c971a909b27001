"""The database's knowledge of how the rows are spread."""

from django.db import connection

from apps.crm.models import Client, Invoice, InvoiceLine, Payment, Service


def refresh() -> None:
    """After many rows came in at once: until the planner knows of them, reads take ten times as long (PostgreSQL)."""
    with connection.cursor() as cursor:
        for model in (Client, Service, Invoice, InvoiceLine, Payment):
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")
