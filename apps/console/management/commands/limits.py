"""`manage.py limits …`: how many tasks of a group may run at once."""

from argparse import ArgumentParser
from typing import Any

from apps.console.crew import limitrows
from apps.console.terminal import people, telling
from apps.console.terminal.command import TaskCommand
from apps.console.terminal.screen import clean
from apps.core import clock
from apps.core.errors import InvalidInput, NotFound
from apps.tasks.models import Limit
from apps.tasks.operators import limiting
from apps.tasks.operators.limiting import Group


class Command(TaskCommand):
    help = "Show, set or clear limits: how many tasks of a queue, a template, a user or a key may run at once."
    examples = """examples:
  manage.py limits                                            all limits, and how much of each is held
  manage.py limits set 5 --queue reports --reason "the printer is slow"
  manage.py limits set 2 --template invoice_report_v2
  manage.py limits set 3 --of-user alice                      of all her tasks
  manage.py limits set 10 --each-user                         of each person's tasks
  manage.py limits set 1 --each-user --template invoice_report_v2
  manage.py limits set 1 --each-key --template invoice_report_v2   of each value of the template's limit key
  manage.py limits set 0 --queue reports                      stops it; --off keeps the limit and does not apply it
  manage.py limits clear --queue reports --reason "new printer"
  manage.py limits clear 3                                    by its number
Who controls limits, when and why is in the audit. A change works within a second.

exit codes: 0, 1 refused or failed, 2 something wrong in what was given"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", default="list", choices=["list", "set", "clear"], metavar="ACTION",
                            help="list, set, clear (default: list)")  # fmt: skip
        parser.add_argument("number", nargs="?", type=int, metavar="N",
                            help="with set: how many at once; with clear: the limit's number")  # fmt: skip
        parser.add_argument("--queue", default="", metavar="NAME", help="of this queue's tasks")
        parser.add_argument("--template", default="", metavar="KEY", help="of this template's tasks")
        parser.add_argument("--of-user", default="", metavar="NAME", help="of this person's tasks")
        parser.add_argument("--each-user", action="store_true", help="of each person's tasks")
        parser.add_argument("--each-key", action="store_true", help="of each value of the template's limit key")
        parser.add_argument("--off", action="store_true", help="with set: keep it, and do not apply it")
        parser.add_argument("--note", help="with set: why it is there, for the list")
        parser.add_argument("--reason", default="", help="why you change it, for the audit")
        self.add_common_arguments(parser)

    def obey(self, options: dict[str, Any]) -> None:
        by = people.acting(options["user"])
        if options["action"] == "set":
            self._set(by, options)
        elif options["action"] == "clear":
            self._clear(by, options)
        else:
            limiting.permit(by, "view", Limit)
            self._list(by, options)

    def _set(self, by: Any, options: dict[str, Any]) -> None:
        if options["number"] is None:
            raise InvalidInput("Say how many may run at once: manage.py limits set N --queue NAME")
        values: dict[str, Any] = {"most": options["number"], "is_enabled": not options["off"]}
        if options["note"] is not None:
            values["note"] = options["note"]
        row = limiting.set_limit(by, _group(options), values, options["reason"])
        self._list(by, options, row.pk)

    def _clear(self, by: Any, options: dict[str, Any]) -> None:
        number = options["number"]
        row = Limit.objects.filter(pk=number).first() if number is not None else limiting.find_limit(_group(options))
        if row is None:
            raise NotFound("There is no such limit. manage.py limits lists those that there are.")
        removed = limitrows.of(row)
        limiting.remove(row, by, options["reason"])
        if options["json"]:
            self.stdout.write(telling.dumped({"limits": []}))
        else:
            self.say([clean(f"{removed}: no limit any more.")])

    def _list(self, by: Any, options: dict[str, Any], only: int | None = None) -> None:
        rows = [row for row in limitrows.limits(by, clock.now()) if only in (None, row.limit.pk)]
        if options["json"]:
            self.stdout.write(telling.dumped({"limits": [_facts(row) for row in rows]}))
            return
        self.say([_line(row) for row in rows] or ["No limit is set: as many tasks run at once as there are workers."])


def _group(options: dict[str, Any]) -> Group:
    """Raises InvalidInput when none or several are named."""
    given = {"queue": options["queue"], "template": options["template"], "user": options["of_user"]}
    if options["each_key"]:
        scope = "key"
    elif options["each_user"] or given["user"]:
        scope = "user"
    else:
        scope = "queue" if given["queue"] else "template" if given["template"] else ""
    if not scope:
        raise InvalidInput("Say whose tasks: --queue, --template, --of-user, --each-user or --each-key.")
    return Group(scope=scope, **given)


def _facts(row: limitrows.LimitRow) -> dict[str, Any]:
    limit = row.limit
    return {
        "id": limit.pk,
        "scope": limit.scope,
        "queue": limit.queue,
        "template": limit.template.key if limit.template else "",
        "user": limit.user.get_username() if limit.user else "",
        "most": limit.most,
        "is_enabled": limit.is_enabled,
        "note": limit.note,
        "held": row.held,
    }


def _line(row: limitrows.LimitRow) -> str:
    held = f"{row.held} of {row.limit.most} held" if row.limit.is_enabled else f"{row.limit.most}, off"
    free = f"; next free {row.next_free}" if row.next_free not in ("", "off", "now") else ""
    note = f"  ({row.limit.note})" if row.limit.note else ""
    return clean(f"{row.limit.pk:>4}  {row.of:40} {held}{free}{note}")
