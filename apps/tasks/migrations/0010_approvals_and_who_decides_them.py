import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('tasks', '0009_children_and_their_branches'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.CharField(help_text='Where the task asks: the same place, the same question.', max_length=100)),
                ('title', models.CharField(max_length=200)),
                ('text', models.TextField(blank=True)),
                ('evidence', models.JSONField(default=list)),
                ('form', models.JSONField(default=dict)),
                ('data', models.JSONField(default=dict, help_text='What the form is filled in with.')),
                ('choices', models.JSONField(default=list)),
                ('is_four_eyes', models.BooleanField(default=False, help_text='Who asked for the task may not decide.')),
                ('asked_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(null=True)),
                ('at_expiry', models.CharField(default='fail', help_text="A choice's name, or fail.", max_length=50)),
                ('remind_at', models.DateTimeField(help_text='The next reminder.', null=True)),
                ('remind_every', models.PositiveIntegerField(help_text='Seconds from one reminder to the next.', null=True)),
                ('reminded_at', models.DateTimeField(null=True)),
                ('escalate_at', models.DateTimeField(null=True)),
                ('escalated_at', models.DateTimeField(null=True)),
                ('due_at', models.DateTimeField(help_text='The first of what time is to do with it; null when nothing.', null=True)),
                ('state', models.CharField(choices=[('open', 'Open'), ('decided', 'Decided'), ('expired', 'Expired'), ('withdrawn', 'Withdrawn')], default='open', max_length=10)),
                ('decision', models.CharField(blank=True, max_length=50)),
                ('decided_name', models.CharField(blank=True, help_text="The person's name as it was then.", max_length=150)),
                ('decided_at', models.DateTimeField(help_text='When it was decided, expired or was withdrawn.', null=True)),
                ('decided_data', models.JSONField(default=dict)),
                ('comment', models.TextField(blank=True)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('delegated_to', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('task', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='approvals', to='tasks.task')),
            ],
            options={
                'ordering': ['-id'],
                'permissions': [('decide_approval', 'Can decide every approval, whoever is named')],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Decider',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_escalation', models.BooleanField(default=False)),
                ('approval', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deciders', to='tasks.approval')),
                ('group', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='auth.group')),
                ('task', models.ForeignKey(help_text='Of the approval; goes with it.', on_delete=django.db.models.deletion.CASCADE, related_name='approval_deciders', to='tasks.task')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['id'],
                'default_permissions': (),
            },
        ),
        migrations.AddIndex(
            model_name='approval',
            index=models.Index('due_at', condition=models.Q(('due_at__isnull', False), ('state', 'open')), name='approval_due'),
        ),
        migrations.AddIndex(
            model_name='approval',
            index=models.Index('id', condition=models.Q(('state', 'open')), name='approval_open'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.UniqueConstraint(fields=('task', 'place'), name='approval_is_asked_once'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['open', 'decided', 'expired', 'withdrawn'])), name='approval_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decision', ''), ('state', 'open')), models.Q(models.Q(('state', 'open'), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='approval_is_open_or_has_ended'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'decided'), _negated=True), models.Q(('decision', ''), _negated=True), _connector='OR'), name='approval_decided_has_a_decision'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'open'), ('due_at__isnull', True), _connector='OR'), name='approval_ended_is_never_due'),
        ),
        migrations.AddConstraint(
            model_name='decider',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('group__isnull', True), ('user__isnull', False)), models.Q(('group__isnull', False), ('user__isnull', True)), _connector='OR'), name='decider_is_a_person_or_a_group'),
        ),
        migrations.AddConstraint(
            model_name='decider',
            constraint=models.UniqueConstraint(fields=('approval', 'user', 'group', 'is_escalation'), name='decider_is_named_once', nulls_distinct=False),
        ),
    ]
