"""`manage.py hold_restored`: after a restore, before the clusters start."""

from argparse import ArgumentParser
from typing import Any

from apps.console.terminal import people
from apps.console.terminal.command import TaskCommand
from apps.core.saying import count
from apps.tasks.operators import restoring


class Command(TaskCommand):
    help = (
        "Pause every open task of a database that was restored from a backup. Run it before any cluster is started:"
        " else what was under way when the backup was made runs again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", default=restoring.REASON, help="what people read on every held task")
        self.add_common_arguments(parser)

    def obey(self, options: dict[str, Any]) -> None:
        held = restoring.hold(people.acting(options["user"]), options["reason"])
        were = f"{held.were_running} of them in work when the backup was made, {held.cancelled} being cancelled then"
        self.say(
            [
                f"Paused {count(held.paused, 'open task')}; {were}.",
                "Resume them: manage.py tasks resume --status paused",
            ]
        )
