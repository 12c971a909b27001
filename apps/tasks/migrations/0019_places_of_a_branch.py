"""How many of a branch's children hold a place is counted without looking at those that have ended or wait for one."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):

    dependencies = [
        ('tasks', '0018_runs_that_are_repaired'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='task',
            index=models.Index(
                condition=Q(('branch__isnull', False), ('finished_at__isnull', True))
                & Q(('status', 'blocked'), _negated=True)
                & Q(('paused_from', 'blocked'), _negated=True),
                fields=['branch'],
                name='task_in_place',
            ),
        ),
    ]
