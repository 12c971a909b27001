"""`manage.py bulk …`: actions on many tasks, which the `tasks` command, the console and the API begin."""

from argparse import ArgumentParser
from typing import Any

from apps.console.terminal import many, people, telling
from apps.console.terminal.command import TaskCommand
from apps.console.terminal.screen import clean
from apps.core.errors import InvalidInput, NotFound
from apps.tasks.models import BulkAction
from apps.tasks.operators import bulk
from apps.tasks.operators.filters import Filter

ACTIONS = ("list", "show", "finish", "stop")


class Command(TaskCommand):
    help = "List actions on many tasks, look at one, finish it here, or stop it."
    examples = """examples:
  manage.py bulk                      the newest actions
  manage.py bulk show 5
  manage.py bulk finish 5             work it off in this process, where no worker lives
  manage.py bulk stop 5 --reason "wrong month"

Begin one with manage.py tasks pause|resume|cancel|retry|priority|move and filters; see manage.py tasks --help.

exit codes: 0, 1 refused or failed, 2 something wrong in what was given, 130 Ctrl-C"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", default="list", choices=ACTIONS, metavar="ACTION",
                            help=f"{', '.join(ACTIONS)} (default: list)")  # fmt: skip
        parser.add_argument("id", nargs="?", type=int, help="the action's number")
        parser.add_argument("--reason", default="", help="why it is stopped")
        parser.add_argument("--limit", type=int, default=20, help="how many at most (default: %(default)s)")
        self.add_common_arguments(parser)

    def obey(self, options: dict[str, Any]) -> None:
        user = people.acting(options["user"])
        if options["action"] == "list":
            self._list(user, options)
            return
        if options["id"] is None:
            raise InvalidInput(f"Say which action: manage.py bulk {options['action']} ID")
        action = bulk.visible_to(user).filter(pk=options["id"]).first()
        if action is None:
            raise NotFound(f"There is no action {options['id']} that {user.get_username()} may see.")
        if options["action"] == "stop":
            action = bulk.stop(action, user, options["reason"])
        if options["action"] == "finish":
            action = many.finish(self, action, options)
        self._show(action, options)

    def _list(self, user: Any, options: dict[str, Any]) -> None:
        found = list(bulk.visible_to(user)[: max(1, min(options["limit"], 1000))])
        if options["json"]:
            self.stdout.write(telling.dumped({"bulk": [many.facts(action) for action in found]}))
        else:
            self.say([_line(action) for action in found] or ["There are no actions on many tasks yet."])

    def _show(self, action: BulkAction, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(telling.dumped({"bulk": many.facts(action)}))
        else:
            self.say([_line(action), f"  {many.ended(action)}"])


def _line(action: BulkAction) -> str:
    looked_at = action.done + action.skipped + action.refused
    which = Filter.parse(action.filters).words(action.matched)
    by = action.by.get_username()
    return clean(f"{action.pk:>5}  {action.status:8} {action.verb:9} {which}, by {by}: {looked_at:,} looked at")
