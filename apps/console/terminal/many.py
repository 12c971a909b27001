"""Acting on a selection of tasks, or on all that match a filter, from the command line."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from apps.console import words
from apps.console.terminal import telling
from apps.console.terminal.command import INTERRUPTED, WRONG, TaskCommand
from apps.console.terminal.screen import clean
from apps.core import clock, durations
from apps.core.errors import InvalidInput
from apps.tasks.models import BulkAction
from apps.tasks.operators import bulk, verbs
from apps.tasks.operators.bulk import Preview
from apps.tasks.operators.filters import ANY, Filter
from apps.workers.answers import served

FILTERS = {
    "status": ("STATUS", "only these, with commas: failed,paused; open: all that have not ended"),
    "template": ("KEY", "only those of this template"),
    "queue": ("NAME", "only those in this queue"),
    "requester": ("USER", "only those that this user asked for"),
    "tag": ("TAG", "only those with this tag"),
    "error": ("CODE", "only those that failed with this error code"),
    "search": ("WORDS", "only those with these words in title, request, template or requester"),
    "since": ("WHEN", "only those asked for since then: 2026-11-01, or 2 d ago as '2 d'"),
    "before": ("WHEN", "only those asked for before then"),
}
TELL_SECONDS = 2.0
TRIED_AGAIN = 0.1
"""Seconds until another look while a worker is at the same action."""


def add_filter_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("which tasks")
    for name, (metavar, said) in FILTERS.items():
        group.add_argument(f"--{name}", metavar=metavar, default="", help=said)
    group.add_argument("--dead-letter", action="store_true", help="only dead letters: failed for good")
    group.add_argument("--parent", metavar="ID", default="", help="only the parts of this task")
    parts = group.add_mutually_exclusive_group()
    parts.add_argument(
        "--with-parts", dest="whole", action="store_const", const=ANY, default="",
        help="also parts of other tasks: nodes of workflows, tasks of scripts (with --queue, --parent and numbers anyway)",
    )  # fmt: skip
    parts.add_argument("--whole", dest="whole", action="store_const", const="true", help="no parts of others, ever")


def add_consent_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do it without asking")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")


def chosen(options: Mapping[str, Any], ids: Sequence[int] = ()) -> Filter:
    """Raises InvalidInput."""
    given = {name: options[name] for name in FILTERS if name not in ("since", "before")}
    given |= {"created_after": moment(options["since"]), "created_before": moment(options["before"])}
    given |= {name: options[name] or None for name in ("dead_letter", "parent", "whole")}
    return Filter.asked({**given, "ids": list(ids) or None})


def moment(text: str) -> str:
    """A length of time counts back from now; a day or moment stays as it is."""
    try:
        return (clock.now() - durations.parse(text)).isoformat() if text else ""
    except InvalidInput:
        return text


def act(
    command: TaskCommand, filter_: Filter, verb: str, arguments: Mapping[str, Any], user: Any, options: dict[str, Any]
) -> None:
    """Show what would be done, ask where it is much, and do it to the end."""
    names = served.queues(clock.now())
    if filter_.is_empty:
        raise InvalidInput(
            "This would touch every task. Say which are meant, by number or with --status, --template, …; see --help."
        )
    seen = bulk.preview(filter_, verb, user, arguments, served=names)
    if options["dry_run"]:
        tell_preview(command, filter_, verb, seen, options)
        return
    if not filter_.ids and not options["yes"]:
        confirm(command, filter_, verb, seen, options)
    action = bulk.start(filter_, verb, arguments, user, expected=seen.count, served=names)
    tell_end(command, finish(command, action, options), options)


def tell_preview(command: TaskCommand, filter_: Filter, verb: str, seen: Preview, options: dict[str, Any]) -> None:
    if options["json"]:
        facts = {"verb": verb, "filter": filter_.as_json(), "count": seen.count, "legal": seen.legal,
                 "refused": seen.refused, "skips": dict(seen.skips)}  # fmt: skip
        command.stdout.write(telling.dumped({"preview": facts}))
        return
    command.say([_asked(filter_, verb, seen), "Nothing was done: this was a dry run."])


def confirm(command: TaskCommand, filter_: Filter, verb: str, seen: Preview, options: dict[str, Any]) -> None:
    """Leaves the command unless somebody says yes."""
    asked = _asked(filter_, verb, seen)
    if not sys.stdin.isatty() or options["json"]:
        _leave(command, f"{asked} Nobody can be asked here; add --yes, or look with --dry-run.", options)
    command.stdout.write(f"{asked} Do it? [y/N] ", ending="")
    command.stdout.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        _leave(command, "Nothing was done.", options)


def finish(command: TaskCommand, action: BulkAction, options: dict[str, Any]) -> BulkAction:
    """Work the action off in this process: nobody needs a worker for it, and one that lives helps."""
    told = time.monotonic()
    try:
        while action.status == BulkAction.Status.RUNNING:
            if not bulk.work_off(action.pk, bulk.BATCH):
                time.sleep(TRIED_AGAIN)
            action.refresh_from_db()
            if time.monotonic() - told > TELL_SECONDS and not options["json"]:
                told = time.monotonic()
                command.stderr.write(f"{_looked_at(action):,} of {action.matched:,} …")
    except KeyboardInterrupt:
        command.stderr.write(
            f"\nAction {action.pk} goes on where a worker lives. Stop it: manage.py bulk stop {action.pk}"
        )
        sys.exit(INTERRUPTED)
    return action


def tell_end(command: TaskCommand, action: BulkAction, options: dict[str, Any]) -> None:
    if options["json"]:
        command.stdout.write(telling.dumped({"bulk": facts(action)}))
    else:
        command.say([ended(action)])


def ended(action: BulkAction) -> str:
    """'374 tasks to be tried again. Left alone: 12 (it is completed).'"""
    said = f"{words.count(action.done, 'task')} {verbs.VERBS[action.verb].done}."
    return said + _left_alone(action.skips)


def facts(action: BulkAction) -> dict[str, Any]:
    names = ("verb", "arguments", "filters", "status", "matched", "done", "skipped", "refused", "skips", "created_at",
             "finished_at")  # fmt: skip
    return {"id": action.pk, "by": action.by.get_username(), **{name: getattr(action, name) for name in names}}


def _asked(filter_: Filter, verb: str, seen: Preview) -> str:
    matches = "matches" if seen.count == 1 else "match"
    does = f"{seen.legal:,} would be {verbs.VERBS[verb].done.removeprefix('to be ')}"
    return clean(f"{filter_.words(seen.count)} {matches}: {does}.{_left_alone(seen.skips)}")


def _left_alone(skips: Mapping[str, int]) -> str:
    if not skips:
        return ""
    return f" Left alone: {', '.join(f'{count:,} ({why})' for why, count in sorted(skips.items()))}."


def _looked_at(action: BulkAction) -> int:
    return action.done + action.skipped + action.refused


def _leave(command: TaskCommand, said: str, options: dict[str, Any]) -> NoReturn:
    if options["json"]:
        command.stdout.write(telling.dumped({"error": {"code": "not_confirmed", "message": said, "fields": {}}}))
    else:
        command.stderr.write(said)
    sys.exit(WRONG)
