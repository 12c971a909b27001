"""A run is repaired when a person has it tried again, however it had failed."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tasks', '0017_values_that_go'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='is_retried',
            field=models.BooleanField(default=False, help_text='A person has it tried again: it is repaired first.'),
        ),
    ]
