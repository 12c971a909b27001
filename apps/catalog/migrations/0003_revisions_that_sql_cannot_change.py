"""What a revision defines is refused to change by the database itself, also for SQL that Python never sees.

SQLite rebuilds a table for most later changes of it, and its triggers go with the old one: a migration that alters
TemplateRevision calls `forbid` again as its last operation (tests/unit/catalog/test_immutable.py fails until it does).
"""

from typing import Any

from django.db import migrations

FROZEN = (
    "template_id", "number", "version", "kind", "script", "parameter_schema", "triggers", "outputs", "stages",
    "estimated_steps", "estimated_seconds", "required_tools", "memory_mb", "is_cpu_intensive", "queue", "priority",
    "retry", "max_calls", "cpu_seconds", "deadline_seconds", "retention_days", "limit_key", "debounce_seconds",
    "debounce_key", "cache_seconds",
)  # fmt: skip
SAID = "a revision never changes; save a new one instead"
SQLITE = (
    "CREATE TRIGGER revision_never_changes BEFORE UPDATE OF {columns} ON catalog_templaterevision"
    " BEGIN SELECT RAISE(ABORT, '{said}'); END"
)
FUNCTION = (
    "CREATE OR REPLACE FUNCTION revision_never_changes() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION '{said}' USING ERRCODE = 'check_violation'; END $$"
)
POSTGRES = (
    "CREATE TRIGGER revision_never_changes BEFORE UPDATE OF {columns} ON catalog_templaterevision"
    " FOR EACH ROW EXECUTE FUNCTION revision_never_changes()"
)


def forbid(apps: Any, schema_editor: Any, frozen: tuple[str, ...] = FROZEN) -> None:
    allow(apps, schema_editor)
    columns = ", ".join(f'"{name}"' for name in frozen)
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(SQLITE.format(columns=columns, said=SAID))
        return
    schema_editor.execute(FUNCTION.format(said=SAID))
    schema_editor.execute(POSTGRES.format(columns=columns))


def allow(apps: Any, schema_editor: Any) -> None:
    on = "" if schema_editor.connection.vendor == "sqlite" else " ON catalog_templaterevision"
    schema_editor.execute(f"DROP TRIGGER IF EXISTS revision_never_changes{on}")


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_limits_windows_and_keys")]

    operations = [migrations.RunPython(forbid, allow)]
