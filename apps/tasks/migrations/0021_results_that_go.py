"""What a run's tasks returned goes some time after its end. A task's time limit counts from when a worker begins it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tasks', '0020_time_limits_of_a_branch'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='results_until',
            field=models.DateTimeField(help_text="When what its nodes' tasks returned goes.", null=True),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('results_until__isnull', False)), fields=['results_until'], name='run_results_until'),
        ),
        migrations.AlterField(
            model_name='branch',
            name='time_limit_ms',
            field=models.PositiveBigIntegerField(
                help_text='How long each may take from when a worker begins it; null: without a limit.', null=True,
            ),
        ),
    ]
