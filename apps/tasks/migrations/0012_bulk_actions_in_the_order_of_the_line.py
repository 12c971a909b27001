from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tasks', '0011_ages_from_the_last_resumption'),
    ]

    operations = [
        migrations.AddField(
            model_name='bulkaction',
            name='is_oldest_first',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='bulkaction',
            name='line',
            field=models.JSONField(help_text="Where it is among the pending tasks, in the order of their claims: queue, rank, id. Null: it is through with them.", null=True),
        ),
        migrations.AlterField(
            model_name='bulkaction',
            name='cursor',
            field=models.PositiveBigIntegerField(help_text='The task that was looked at last, apart from the line.'),
        ),
    ]
