from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('workers', '0002_registry_wishes_and_events'),
    ]

    operations = [
        migrations.AddField(
            model_name='cluster',
            name='worker_cpu_seconds',
            field=models.PositiveIntegerField(db_default=0, default=0, help_text='A worker that has used more processor time is recycled; 0: no limit.'),
        ),
        migrations.AddField(
            model_name='worker',
            name='cpu_seconds',
            field=models.FloatField(db_default=0, default=0, help_text='Processor time since it began, with all that it started.'),
        ),
    ]
