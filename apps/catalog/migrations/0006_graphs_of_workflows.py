"""A revision may be a workflow: its graph is as unchangeable as a script."""

from importlib import import_module
from typing import Any

from django.db import migrations

import apps.catalog.fields

first = import_module("apps.catalog.migrations.0003_revisions_that_sql_cannot_change")
before = import_module("apps.catalog.migrations.0004_priority_by_rule")


def forbid(apps: Any, schema_editor: Any) -> None:
    first.forbid(apps, schema_editor, (*first.FROZEN, "priority_rules", "graph"))


class Migration(migrations.Migration):
    dependencies = [("catalog", "0005_queue_names_of_one_length")]

    operations = [
        migrations.RunPython(first.allow, before.forbid),
        migrations.AddField(
            model_name="templaterevision",
            name="graph",
            field=apps.catalog.fields.OrderedJSONField(
                blank=True, default=dict, help_text="Of a workflow: its tasks, and what each waits for."
            ),
        ),
        migrations.RunPython(forbid, first.allow),
    ]
