"""What management commands share that need the database's tables."""

from argparse import RawDescriptionHelpFormatter
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor


def missing_migrations() -> int:
    """Raises DatabaseError when the database does not answer."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def told_missing(missing: int) -> str:
    """What to do about them; a terminal without one's settings looks at another database than one thinks."""
    place = connection.settings_dict
    where = (
        f"{place['NAME']} on {place['HOST'] or 'this host'}" if connection.vendor != "sqlite" else str(place["NAME"])
    )
    return (
        f"{missing} migrations are missing in the database {where}. If another one is meant, set CHANTILLY_HOME or"
        " DATABASE_URL as its `up` has them. Else run: python manage.py migrate"
    )


class ExplainedCommand(BaseCommand):
    """Its help ends with examples, as they are typed."""

    examples: ClassVar[str] = ""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs = {"formatter_class": RawDescriptionHelpFormatter, "epilog": self.examples, **kwargs}
        return super().create_parser(prog_name, subcommand, **kwargs)


class DataCommand(ExplainedCommand):
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
    return told_missing(missing) if missing else ""
