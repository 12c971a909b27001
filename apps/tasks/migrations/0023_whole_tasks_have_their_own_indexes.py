"""People look at tasks without the parts of others: of those alone there are indexes."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tasks', '0022_notices_to_people'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='task',
            index=models.Index(models.OrderBy(models.F('id'), descending=True), models.F('parent'), condition=models.Q(('parent__isnull', True)), name='task_whole'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(models.F('status'), models.OrderBy(models.F('id'), descending=True), models.F('parent'), condition=models.Q(('parent__isnull', True)), name='task_whole_by_status'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(models.F('template'), models.OrderBy(models.F('id'), descending=True), models.F('parent'), condition=models.Q(('parent__isnull', True)), name='task_whole_by_template'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(models.F('requester'), models.OrderBy(models.F('id'), descending=True), models.F('parent'), condition=models.Q(('parent__isnull', True)), name='task_whole_by_requester'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(models.F('requester'), models.F('status'), models.F('finished_at'), models.F('parent'), condition=models.Q(('parent__isnull', True)), name='task_whole_of_requester'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(models.F('status'), models.F('finished_at'), models.F('parent'), condition=models.Q(('finished_at__isnull', False), ('parent__isnull', True)), name='task_whole_ended'),
        ),
    ]
