"""A revision may say which priority a task has by its parameters."""

from importlib import import_module
from typing import Any

from django.db import migrations

import apps.catalog.fields

before = import_module("apps.catalog.migrations.0003_revisions_that_sql_cannot_change")


def forbid(apps: Any, schema_editor: Any) -> None:
    before.forbid(apps, schema_editor, (*before.FROZEN, "priority_rules"))


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_revisions_that_sql_cannot_change")]

    operations = [
        migrations.RunPython(before.allow, before.forbid),
        migrations.AddField(
            model_name="templaterevision",
            name="priority_rules",
            field=apps.catalog.fields.OrderedJSONField(
                blank=True,
                default=list,
                help_text="What priority a task has by its parameters; the first that matches.",
            ),
        ),
        migrations.RunPython(forbid, before.allow),
    ]
