"""`manage.py rates …`: how fast outside services may be called by all processes together."""

from argparse import ArgumentParser
from typing import Any

from apps.console.crew import limitrows
from apps.console.terminal import people, telling
from apps.console.terminal.command import TaskCommand
from apps.console.terminal.screen import clean
from apps.core import clock
from apps.core.errors import InvalidInput, NotFound
from apps.tasks.models import RateLimit
from apps.tasks.operators import limiting

PERIODS = {"per_second": 1.0, "per_minute": 60.0, "per_hour": 3600.0}


class Command(TaskCommand):
    help = "Show, set or clear rates: how fast outside services may be called by all processes together."
    examples = """examples:
  manage.py rates                                                  all rates, and what is left of each
  manage.py rates set crm --per-second 1.5 --burst 10 --reason "by contract"
  manage.py rates set gemini --per-minute 15                       as many at once as before; of a new rate 1
  manage.py rates set gemini --unit tokens --per-minute 100000 --burst 100000
  manage.py rates set crm --off                                    keeps the rate and does not apply it; --on does
  manage.py rates clear gemini --unit tokens --reason "no limit any more"
Who controls rates, when and why is in the audit. A change works within a second.

exit codes: 0, 1 refused or failed, 2 something wrong in what was given"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", default="list", choices=["list", "set", "clear"], metavar="ACTION",
                            help="list, set, clear (default: list)")  # fmt: skip
        parser.add_argument("service", nargs="?", default="", help="what it stands in front of: crm, gemini")
        parser.add_argument("--unit", choices=RateLimit.Unit.values, default="requests",
                            help="what is counted (default: %(default)s)")  # fmt: skip
        often = parser.add_mutually_exclusive_group()
        for name in PERIODS:
            often.add_argument(f"--{name.replace('_', '-')}", type=float, metavar="N", help="how many come back")
        parser.add_argument("--burst", type=float, metavar="N", help="how many may go at once after a quiet time")
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument("--off", action="store_true", help="with set: keep it, and do not apply it")
        switch.add_argument("--on", action="store_true", help="with set: apply it again")
        parser.add_argument("--note", help="with set: why it is there, for the list")
        parser.add_argument("--reason", default="", help="why you change it, for the audit")
        self.add_common_arguments(parser)

    def obey(self, options: dict[str, Any]) -> None:
        by = people.acting(options["user"])
        if options["action"] == "list":
            limiting.permit(by, "view", RateLimit)
        elif not options["service"]:
            raise InvalidInput(f"Say of which service: manage.py rates {options['action']} SERVICE")
        elif options["action"] == "set":
            self._set(by, options)
        else:
            self._clear(by, options)
        self._list(options)

    def _set(self, by: Any, options: dict[str, Any]) -> None:
        often = [options[name] / seconds for name, seconds in PERIODS.items() if options[name] is not None]
        values: dict[str, Any] = {"per_second": often[0]} if often else {}
        values |= {name: options[name] for name in ("burst", "note") if options[name] is not None}
        if options["off"] or options["on"]:
            values["is_enabled"] = options["on"]
        is_new = not RateLimit.objects.filter(service=options["service"], unit=options["unit"]).exists()
        if is_new and "per_second" not in values:
            raise InvalidInput("Say how fast: --per-second, --per-minute or --per-hour.")
        if is_new:
            values.setdefault("burst", 1.0)
        elif not values:
            raise InvalidInput("Say what to set: --per-second, --burst, --on, --off or --note.")
        limiting.set_rate(by, options["service"], options["unit"], values, options["reason"])

    def _clear(self, by: Any, options: dict[str, Any]) -> None:
        row = RateLimit.objects.filter(service=options["service"], unit=options["unit"]).first()
        if row is None:
            raise NotFound("There is no such rate. manage.py rates lists those that there are.")
        limiting.remove(row, by, options["reason"])

    def _list(self, options: dict[str, Any]) -> None:
        """All; after a change those of its service."""
        rows = [row for row in limitrows.rates(clock.now()) if options["service"] in ("", row.rate.service)]
        if options["json"]:
            self.stdout.write(telling.dumped({"rates": [_facts(row) for row in rows]}))
            return
        self.say([_line(row) for row in rows] or ["No rate is set: services are called as fast as tasks ask."])


def _facts(row: limitrows.RateRow) -> dict[str, Any]:
    names = ("id", "service", "unit", "per_second", "burst", "is_enabled", "note")
    return {**{name: getattr(row.rate, name) for name in names}, "level": round(row.level, 3)}


def _line(row: limitrows.RateRow) -> str:
    left = f"{row.left} left" + (f", full in {row.full_in}" if row.full_in else "")
    note = f"  ({row.rate.note})" if row.rate.note else ""
    return clean(
        f"{row.rate.service:16} {row.pace:28} {left if row.rate.is_enabled else 'off: add --on to apply it'}{note}"
    )
