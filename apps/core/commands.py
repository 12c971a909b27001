"""What management commands share that need the database's tables."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor


def missing_migrations() -> int:
    """Raises DatabaseError when the database does not answer."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


class DataCommand(BaseCommand):
    """Says in one line that the database does not answer or lacks its tables; any other error of it stays as it is."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except DatabaseError:
            if refusal := _refusal():
                raise CommandError(refusal) from None
            raise


def _refusal() -> str:
    """Looked for only after an error: a command that works pays nothing."""
    try:
        missing = missing_migrations()
    except DatabaseError as error:
        return f"The database does not answer: {error}".strip()
    return f"{missing} migrations are missing. Run: python manage.py migrate" if missing else ""
