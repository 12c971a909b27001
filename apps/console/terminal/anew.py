"""`manage.py tasks again|fork`: a new task made from another."""

from argparse import ArgumentParser
from typing import Any

from apps.console.terminal import telling
from apps.console.terminal.command import TaskCommand, shown_task
from apps.core.errors import InvalidInput
from apps.tasks.making import again
from apps.tasks.models import Task

ACTIONS = ("again", "fork")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--step", type=int, help="with fork: the first call to be made, those before are taken over")
    parser.add_argument("--revision", type=int, help="with again and fork: a published revision's number")
    parser.add_argument(
        "--params", metavar="JSON|@FILE|-", help="with again and fork: all parameters, in place of the old"
    )
    parser.add_argument("--key", help="with again and fork: an idempotency key: the same key gives the same task")


def obey(command: TaskCommand, task: Task, user: Any, options: dict[str, Any]) -> None:
    """Make the task and say which; `parameters` of the submit command reads what --params names."""
    from apps.console.management.commands.submit import parameters

    given = {"revision": options["revision"], "origin": "command", "idempotency_key": options["key"],
             "parameters": None if options["params"] is None else parameters(options["params"])}  # fmt: skip
    if options["action"] == "again":
        made = again.run_again(task, user, **given).task
        said = f"Started task {made.pk}, {made.title}: task {task.pk} again."
    else:
        if options["step"] is None:
            raise InvalidInput(f"Say where: manage.py tasks fork {task.pk} --step N")
        made = again.fork(task, user, step=options["step"], **given).task
        said = f"Started task {made.pk}, {made.title}: a fork of task {task.pk} at step {options['step']}."
    if options["json"]:
        command.stdout.write(telling.dumped({"task": telling.task_facts(shown_task(made.pk), user)}))
        return
    command.say([said, f"  Follow  manage.py tasks feed {made.pk}", f"  Page    {telling.page(made.pk)}"])
