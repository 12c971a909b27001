"""A node's task that has not begun has its branch's deadline: what a claim has added to it can be taken back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tasks", "0023_whole_tasks_have_their_own_indexes")]

    operations = [
        migrations.AddField(
            model_name="branch",
            name="deadline",
            field=models.DateTimeField(
                help_text="Where there is a time limit: when each is cancelled, whether or not it could begin.",
                null=True,
            ),
        ),
    ]
