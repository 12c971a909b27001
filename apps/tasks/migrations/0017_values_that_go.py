"""The values of a run go some time after its end."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tasks', '0016_one_cursor_of_bulk_actions'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='is_forgotten',
            field=models.BooleanField(default=False, help_text='They have gone: a repair repeats everything.'),
        ),
        migrations.AddField(
            model_name='run',
            name='values_until',
            field=models.DateTimeField(help_text='When the values of its context go, once it has ended.', null=True),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('values_until__isnull', False)), fields=['values_until'], name='run_values_until'),
        ),
    ]
