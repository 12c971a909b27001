from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('workers', '0003_processor_time_of_workers'),
    ]

    operations = [
        migrations.AddField(
            model_name='cluster',
            name='cpu_slots',
            field=models.PositiveIntegerField(db_default=0, default=0, help_text='CPU-intensive tasks that its host runs at once; 0: not registered.'),
        ),
    ]
