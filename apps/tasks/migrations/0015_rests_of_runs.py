"""A run whose nodes end in quick succession takes note of many at once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks", "0014_rows_that_are_alike_on_every_database"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="rest_until",
            field=models.DateTimeField(
                help_text="While more of it runs, an end wakes it no sooner than then.", null=True
            ),
        ),
    ]
