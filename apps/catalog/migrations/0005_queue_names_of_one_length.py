"""A revision's queue had room for names that no task can have. A longer one, which no task ever ran in, is cut."""

from importlib import import_module
from typing import Any

from django.db import migrations, models
from django.db.models.functions import Length, Substr

before = import_module("apps.catalog.migrations.0003_revisions_that_sql_cannot_change")
after = import_module("apps.catalog.migrations.0004_priority_by_rule")


def cut(apps: Any, schema_editor: Any) -> None:
    revisions = apps.get_model("catalog", "TemplateRevision").objects.annotate(length=Length("queue"))
    revisions.filter(length__gt=50).update(queue=Substr("queue", 1, 50))


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_priority_by_rule")]

    operations = [
        migrations.RunPython(before.allow, after.forbid),
        migrations.RunPython(cut, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="templaterevision", name="queue", field=models.CharField(default="default", max_length=50)
        ),
        migrations.RunPython(after.forbid, before.allow),
    ]
