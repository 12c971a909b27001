"""What the commands have in common: their errors, their output, waiting, and their exit codes."""

import os
import sys
from argparse import ArgumentParser
from typing import Any, NoReturn, TextIO, cast

from apps.console.terminal import telling
from apps.console.terminal.progress import display
from apps.console.terminal.watch import watch
from apps.core.commands import DataCommand
from apps.core.errors import ChantillyError, InvalidInput
from apps.tasks.models import Task
from apps.tasks.models.task import TaskQuerySet
from apps.tasks.retention import past
from apps.tasks.states import Status

FAILED, WRONG, INTERRUPTED = 1, 2, 130
"""Exit codes: it failed or was refused; something is missing or wrong in what was given; Ctrl-C."""


class TaskCommand(DataCommand):
    """Subclasses write `obey`. What Chantilly refuses is said in words (or, with --json, as an object), not as a trace."""

    def add_common_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object, and ask nothing")
        parser.add_argument(
            "--user", metavar="NAME", help="act as this user (default: CHANTILLY_USER, else the first administrator)"
        )

    def obey(self, options: dict[str, Any]) -> None:
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.obey(options)
            sys.stdout.flush()
        except ChantillyError as error:
            self.refuse(error, options)
        except KeyboardInterrupt:
            self.stderr.write("\nStopped.")
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            # The reader has seen enough (`… | head`); without a place for the rest Python would complain at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)

    def refuse(self, error: ChantillyError, options: dict[str, Any]) -> NoReturn:
        fields = error.fields if isinstance(error, InvalidInput) else {}
        if options["json"]:
            self.stdout.write(
                telling.dumped({"error": {"code": error.code, "message": error.message, "fields": fields}})
            )
        else:
            self.stderr.write(self.style.ERROR(error.message))
            for path, said in fields.items():
                if said not in error.message:
                    self.stderr.write(f"  {path}: {said}")
        sys.exit(WRONG if isinstance(error, InvalidInput) else FAILED)

    def say(self, lines: list[str]) -> None:
        for line in lines:
            self.stdout.write(line)

    def wait_for(self, task: Task, viewer: Any, options: dict[str, Any]) -> None:
        """Show the task until it ends, then how it ended. Leaves with the exit code that says it."""
        stream = cast(TextIO, (self.stderr if options["json"] else self.stdout)._out)  # Django's wrapper adds newlines
        try:
            watch(task.pk, viewer, display(stream), is_talkative=options["verbosity"] > 1)
        except KeyboardInterrupt:
            self.stderr.write(f"\nTask {task.pk} goes on without you. Look at it: manage.py tasks show {task.pk}")
            sys.exit(INTERRUPTED)
        ended = shown_task(task.pk)
        if options["json"]:
            self.stdout.write(telling.dumped({"task": telling.task_facts(ended, viewer)}))
        else:
            self.say(["", *telling.ending(ended, viewer)])
        if ended.status != Status.COMPLETED:
            sys.exit(FAILED)


def shown_task(task_id: int) -> Task:
    return Task.objects.select_related(*telling.RELATED).get(pk=task_id)


def visible(user: Any, task_id: int) -> Task:
    """Raises NotFound; Gone for one that was removed."""
    tasks: TaskQuerySet = Task.objects.visible_to(user)
    task = tasks.select_related(*telling.RELATED).filter(pk=task_id).first()
    if task is None:
        raise past.missing(task_id, user, f"There is no task {task_id} that {user.get_username()} may see.")
    return task
