"""A child that waits for a place has its time from when it gets it: its branch says how long."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tasks', '0019_places_of_a_branch'),
    ]

    operations = [
        migrations.AddField(
            model_name='branch',
            name='time_limit_ms',
            field=models.PositiveBigIntegerField(
                help_text='How long one that waits for a place may take from when it gets it; null: without a limit.',
                null=True,
            ),
        ),
    ]
