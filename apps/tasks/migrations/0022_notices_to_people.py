"""The outbox of what people are told outside of the pages, and who wants none of it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('tasks', '0021_results_that_go'),
    ]

    operations = [
        migrations.CreateModel(
            name='NoticeChoice',
            fields=[
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='notice_choice', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('by_email', models.BooleanField(default=True, verbose_name='told by e-mail')),
            ],
            options={
                'verbose_name': 'choice of notices',
                'verbose_name_plural': 'choice of notices',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(max_length=20)),
                ('act', models.CharField(help_text='asked, reminded, escalated, delegated, decided or expired.', max_length=20)),
                ('at', models.DateTimeField(help_text='When that happened.')),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('taken', 'Taken'), ('sent', 'Sent'), ('dropped', 'Dropped'), ('failed', 'Failed')], default='waiting', max_length=10)),
                ('due_at', models.DateTimeField(help_text='The next try; of one that is taken, when its sender is given up.', null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('ended_at', models.DateTimeField(null=True)),
                ('remark', models.CharField(blank=True, help_text='Why it was dropped, or what went wrong last.', max_length=300)),
                ('approval', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='tasks.approval')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('task', models.ForeignKey(help_text='Of the approval; goes with it.', on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='tasks.task')),
            ],
            options={
                'ordering': ['-id'],
                'default_permissions': ('view',),
                'indexes': [models.Index(models.F('due_at'), condition=models.Q(('due_at__isnull', False)), name='notice_due')],
                'constraints': [
                    models.UniqueConstraint(fields=('approval', 'person', 'channel', 'act', 'at'), name='notice_is_one_an_event'),
                    models.CheckConstraint(condition=models.Q(models.Q(('due_at__isnull', False), ('ended_at__isnull', True), ('state__in', ('waiting', 'taken'))), models.Q(('due_at__isnull', True), ('ended_at__isnull', False), ('state__in', ('sent', 'dropped', 'failed'))), _connector='OR'), name='notice_is_due_or_has_ended'),
                ],
            },
        ),
    ]
