"""`manage.py prune`: remove ended tasks whose time is over, now instead of little by little."""

import re
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from apps.catalog.models import TaskTemplate
from apps.console import words
from apps.console.terminal import people, telling
from apps.console.terminal.command import TaskCommand
from apps.core import clock, durations
from apps.core.errors import InvalidInput, NotFound
from apps.tasks.operators import audit
from apps.tasks.retention import pruning


class Command(TaskCommand):
    help = "Remove ended tasks whose time is over. Workers do so by themselves, a little every minute."
    examples = """examples:
  manage.py prune --dry-run                    how many would go
  manage.py prune                              those whose template's retention is over
  manage.py prune --older-than 30d --template invoice_report_v2
  manage.py prune --files                      also files that belong to no task

A removed task leaves a line that says when and why it went, and its share of the totals. Its steps, events, result and
files are gone for good.

exit codes: 0, 1 refused or failed, 2 something wrong in what was given"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than", metavar="DURATION", help="all that ended longer ago, whatever the retention: 30d, 12h"
        )
        parser.add_argument("--template", default="", metavar="KEY", help="only tasks of this template")
        parser.add_argument("--dry-run", action="store_true", help="count, and remove nothing")
        parser.add_argument("--files", action="store_true", help="also remove files of tasks that are not there")
        self.add_common_arguments(parser)

    def obey(self, options: dict[str, Any]) -> None:
        user = people.acting(options["user"])
        choice = pruning.Choice(
            now=clock.now(), older_than=_age(options["older_than"]), template=_template(options["template"])
        )
        if options["dry_run"]:
            self._tell(options, matching=choice.tasks.count())
            return
        removed = sum(pruning.run(choice))
        files = pruning.remove_orphaned_files() if options["files"] else 0
        if removed or files:
            subject = f"template:{choice.template}" if choice.template else "tasks"
            older = choice.older_than and durations.describe(choice.older_than)
            audit.record(user, "tasks.pruned", subject, removed=removed, older_than=older or "", orphans=files)
        self._tell(options, removed=removed, **({"orphans": files} if options["files"] else {}))

    def _tell(self, options: dict[str, Any], **counts: int) -> None:
        if options["json"]:
            self.stdout.write(telling.dumped(counts))
        elif "matching" in counts:
            self.say([f"{words.count(counts['matching'], 'task')} would be removed."])
        else:
            self.say([f"{words.count(counts['removed'], 'task')} removed."])
            if "orphans" in counts:
                self.say([f"Files of {words.count(counts['orphans'], 'task')} that had no row any more removed."])


def _age(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if not re.search(r"[a-z]", text, re.IGNORECASE):
        raise InvalidInput(f"Say the unit of {text!r}: 30d, 12h.")  # 30 alone would be seconds, and most tasks gone
    return durations.parse(text)


def _template(key: str) -> str:
    if key and not TaskTemplate.objects.filter(key=key).exists():
        raise NotFound(f"There is no template {key!r}.")
    return key
