"""`manage.py queues …`: how queues stand, and the operator's verbs on them."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from apps.console.terminal import many, people, telling
from apps.console.terminal.command import TaskCommand
from apps.console.terminal.screen import clean
from apps.core import clock, durations
from apps.core.errors import InvalidInput
from apps.tasks import queuenames
from apps.tasks.models import Queue
from apps.tasks.operators import bulk, limiting, queues
from apps.tasks.operators.queues import Standing
from apps.workers.answers import served

VERBS: Mapping[str, Callable[..., Queue]] = {
    "pause": queues.pause, "resume": queues.resume, "drain": queues.drain, "reopen": queues.reopen,
}  # fmt: skip
ACTIONS = ("list", *VERBS, "set", "clean")
SETTINGS = ("max_length", "max_age", "at_once", "description")
NONE = "none"


class Command(TaskCommand):
    help = "Show how queues stand, or pause, resume, drain, reopen, set or clean one."
    examples = """examples:
  manage.py queues                                          all queues
  manage.py queues pause reports --reason "printer change"  nothing of it is started; what runs goes on
  manage.py queues resume reports
  manage.py queues drain reports --reason "moving"          takes nothing new; what is there is worked off
  manage.py queues reopen reports
  manage.py queues set reports --max-length 500 --max-age "2 d" --at-once 4 --reason "one printer"
                        refuses what comes beyond 500, cancels what has waited for longer, runs 4 at once
  manage.py queues set reports --max-age none              takes a setting away
  manage.py queues clean reports --older-than "2 d" --reason stale
                        cancels what has been pending for longer; ended tasks are left to their retention
  manage.py queues clean reports --dry-run                  says how many, and does nothing

exit codes: 0, 1 refused or failed, 2 something wrong in what was given, 130 Ctrl-C"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", default="list", choices=ACTIONS, metavar="ACTION",
                            help=f"{', '.join(ACTIONS)} (default: list)")  # fmt: skip
        parser.add_argument("name", nargs="?", default="", help="the queue's name; a wrong one lists the right ones")
        parser.add_argument("--reason", default="", help="why; people read it on every task that waits for it")
        parser.add_argument("--older-than", default="", metavar="AGE", help="with clean: '2 d', '90 m' (default: all)")
        parser.add_argument("--status", default="pending",
                            help="with clean: pending, waiting, paused, blocked, with commas (default: %(default)s)")  # fmt: skip
        parser.add_argument("--max-length", metavar="N", help="with set: pending tasks; more are refused; or none")
        parser.add_argument("--max-age", metavar="AGE", help="with set: what waits for longer is cancelled; or none")
        parser.add_argument("--at-once", metavar="N", help="with set: tasks of it that may run at once; or none")
        parser.add_argument("--description", help="with set: a few words for the lists")
        parser.add_argument("--by", dest="user", metavar="NAME", help="the same as --user")
        many.add_consent_arguments(parser)
        self.add_common_arguments(parser)

    def obey(self, options: dict[str, Any]) -> None:
        user = people.acting(options["user"])
        workers = served.queues(clock.now())
        if options["action"] == "list":
            limiting.permit(user, "view", Queue)
            self._list(workers, options)
            return
        if not options["name"]:
            raise InvalidInput(f"Say which queue: manage.py queues {options['action']} NAME")
        if options["action"] == "clean":
            self._clean(user, workers, options)
            return
        if options["action"] == "set":
            self._set(user, workers, options)
            self._list(workers, options)
            return
        VERBS[options["action"]](options["name"], user, options["reason"], served=workers)
        self._list(workers, options)

    def _list(self, workers: Mapping[str, int], options: dict[str, Any]) -> None:
        now = clock.now()
        found = queues.standing(now, workers, [options["name"]] if options["name"] else [])
        if options["json"]:
            self.stdout.write(telling.dumped({"queues": [asdict(each) for each in found]}))
            return
        self.say([line for each in found for line in _lines(each)] or ["There is no such queue."])

    def _set(self, user: Any, workers: Mapping[str, int], options: dict[str, Any]) -> None:
        values: dict[str, Any] = {name: options[name] for name in SETTINGS if options[name] is not None}
        if not values:
            raise InvalidInput("Say what to set: --max-length, --max-age, --at-once or --description.")
        if "max_length" in values:
            values["max_length"] = _count("--max-length", values["max_length"])
        if "max_age" in values:
            values["max_age_seconds"] = _seconds(values.pop("max_age"))
        at_once = {"at_once": _count("--at-once", values.pop("at_once"))} if "at_once" in values else {}
        limiting.set_queue(options["name"], user, values, options["reason"], served=workers, **at_once)

    def _clean(self, user: Any, workers: Mapping[str, int], options: dict[str, Any]) -> None:
        age = durations.parse(options["older_than"]) if options["older_than"] else None
        statuses = [word.strip() for word in options["status"].split(",") if word.strip()]
        chosen = queues.cleaning(queuenames.existing(options["name"], workers), age, statuses, clock.now())
        seen = bulk.preview(chosen, "clean", user)
        if options["dry_run"]:
            many.tell_preview(self, chosen, "clean", seen, options)
            return
        if not options["yes"]:
            many.confirm(self, chosen, "clean", seen, options)
        action = queues.clean(
            options["name"], user, options["reason"], age, statuses, expected=seen.count, served=workers
        )
        many.tell_end(self, many.finish(self, action, options), options)


def _count(option: str, word: str) -> int | None:
    if word == NONE:
        return None
    if not (word.isdecimal() and len(word) < 10):
        raise InvalidInput(f"{option} takes a whole number, or {NONE}.")
    return int(word)


def _seconds(word: str) -> int | None:
    return None if word == NONE else max(1, int(durations.parse(word).total_seconds()))


def _lines(queue: Standing) -> list[str]:
    now = clock.now()
    counts = {"pending": queue.pending, "scheduled": queue.scheduled, "running": queue.running,
              "waiting": queue.waiting, "paused": queue.paused_tasks, "blocked": queue.blocked}  # fmt: skip
    told = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count) or "empty"
    oldest = f"; oldest {durations.describe(queue.oldest_seconds)}" if queue.oldest_seconds is not None else ""
    rate = f"; {queue.ended_per_minute:g} ended a minute" if queue.ended_per_minute else ""
    workers = f"; {queue.served_by} workers" if queue.served_by != 1 else "; 1 worker"
    lines = [f"{queue.name:16} {told}{oldest}{rate}{workers}"]
    if queue.paused:
        lines.append(f"{'':16} Paused {queue.paused.words(now)}.")
    if queue.draining:
        lines.append(f"{'':16} Drains {queue.draining.words(now)}: it takes nothing new.")
    if limits := _limits(queue):
        lines.append(f"{'':16} {limits}.")
    return [clean(line) for line in lines]


def _limits(queue: Standing) -> str:
    parts = [f"at most {queue.most_running:,} run at once"] if queue.most_running is not None else []
    parts += [f"at most {queue.max_length:,} wait"] if queue.max_length else []
    parts += [f"at most {durations.describe(float(queue.max_age_seconds))} old"] if queue.max_age_seconds else []
    return ", ".join(parts).capitalize()
