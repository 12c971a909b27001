"""`manage.py tasks …`: look at tasks and control them."""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

from apps.console.terminal import anew, many, people, telling
from apps.console.terminal.command import TaskCommand, shown_task, visible
from apps.console.terminal.screen import clean
from apps.core import clock
from apps.core.errors import InvalidInput, NotFound
from apps.core.masking import mask
from apps.reports import naming
from apps.tasks import standing
from apps.tasks.blobs import BlobUnreadable
from apps.tasks.lifecycle import telling as telling_events
from apps.tasks.models import Artifact, Task
from apps.tasks.operators import verbs
from apps.tasks.operators.filters import Filter
from apps.tasks.record import feed
from apps.workers.answers import served

VERBS: Mapping[str, str] = {
    "pause": "pause", "resume": "resume", "cancel": "cancel", "retry": "retry", "start": "start",
    "priority": "priority", "move": "queue",
}  # fmt: skip
VALUES = {"priority": "priority", "move": "queue"}
"""Verbs whose last word is no task's number, and what it is."""
PIECE = 256 * 1024
LOOKS = ("list", "show", "wait", "log", "feed", "files", "children")
TELL = "tell"


class Command(TaskCommand):
    help = "List tasks, look at one, or control one, several, or all that match."
    examples = """examples:
  manage.py tasks                              the newest tasks
  manage.py tasks list --status failed,running  without parts of others; with them: --with-parts
  manage.py tasks show 12                      where it stands; also: wait, log, feed, files
  manage.py tasks pause 12                     also: resume, cancel, retry
  manage.py tasks start 12                     at once, though it waits for its moment or for another try
  manage.py tasks priority 12 high             0 to 100, or critical, high, normal, medium, low
  manage.py tasks move 12 reports              to another queue
  manage.py tasks files 12 --save /tmp/report
  manage.py tasks children 12                  what it has started
  manage.py tasks tell 12 paid --data '{"amount": 5}'   an event that its script waits for
  manage.py tasks again 12 --params '{"n": 3}'  from the start, with other parameters
  manage.py tasks fork 12 --step 5             from call 5 on; the calls before are taken over, not made again
many at once:
  manage.py tasks cancel 12 13 14
  manage.py tasks retry --status failed --template invoice_report_v2 --since "2 d" --dry-run
  manage.py tasks retry --dead-letter --yes
  manage.py tasks move reports --queue gis --status pending
Without --yes you are shown how many match, and asked. What was begun is listed by manage.py bulk.

exit codes: 0, 1 refused or failed, 2 something wrong in what was given, 130 Ctrl-C"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", default="list", choices=[*LOOKS, *VERBS, *anew.ACTIONS, TELL],
                            metavar="ACTION",
                            help=f"{', '.join([*LOOKS, *VERBS, *anew.ACTIONS, TELL])} (default: list)")  # fmt: skip
        parser.add_argument("words", nargs="*", metavar="ID", help="numbers of tasks; then the priority, or the queue")
        many.add_filter_arguments(parser)
        many.add_consent_arguments(parser)
        parser.add_argument("--limit", type=int, default=20, help="how many at most (default: %(default)s)")
        parser.add_argument("--reason", default="", help="why it is paused or cancelled")
        parser.add_argument("--data", default="null", metavar="JSON", help="with tell: what the script gets")
        parser.add_argument("--save", type=Path, metavar="DIR", help="with files: copy them there")
        anew.add_arguments(parser)
        self.add_common_arguments(parser)
        # A priority or a queue may stand behind the filters, too.
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]

    def obey(self, options: dict[str, Any]) -> None:
        user = people.acting(options["user"])
        if options["action"] == "list":
            self._list(user, options)
            return
        if options["action"] in VERBS:
            self._control(user, options)
            return
        if options["action"] == TELL:
            self._tell(user, options)
            return
        if len(options["words"]) != 1:
            raise InvalidInput(f"Say which task: manage.py tasks {options['action']} ID")
        task = visible(user, _number(options["words"][0]))
        if options["action"] in anew.ACTIONS:
            anew.obey(self, task, user, options)
            return
        self.ACTIONS[options["action"]](self, task, user, options)

    def _list(self, user: Any, options: dict[str, Any]) -> None:
        tasks = Task.objects.visible_to(user).select_related(*telling.RELATED)
        tasks = many.chosen(options, [_number(word) for word in options["words"]]).apply(tasks)
        found = list(tasks.order_by("-pk")[: max(1, min(options["limit"], 1000))])
        if options["json"]:
            self.stdout.write(telling.dumped({"tasks": telling.list_facts(found, user)}))
        else:
            self.say(telling.table(found, user))

    def _control(self, user: Any, options: dict[str, Any]) -> None:
        action, ids = options["action"], list(options["words"])
        verb, given = VERBS[action], {"reason": options["reason"]} if options["reason"] else {}
        if action in VALUES:
            if not ids:
                raise InvalidInput(f"Say which {VALUES[action]}: manage.py tasks {action} ID {VALUES[action].upper()}")
            given[VALUES[action]] = ids.pop()
        chosen = many.chosen(options, [_number(word) for word in ids])
        if chosen in (Filter(), Filter(whole=True)):
            raise InvalidInput(f"Say which task: manage.py tasks {action} ID, or give filters such as --status.")
        if chosen != Filter(ids=chosen.ids) or len(ids) != 1 or options["dry_run"]:
            many.act(self, chosen, verb, given, user, options)
            return
        task = visible(user, chosen.ids[0])
        known = verbs.arguments(verb, given, served.queues(clock.now()))
        verbs.VERBS[verb].act(task, user, known, None)
        self._show(shown_task(task.pk), user, options)

    def _tell(self, user: Any, options: dict[str, Any]) -> None:
        if len(options["words"]) != 2:
            raise InvalidInput("Say which task, and of what: manage.py tasks tell ID EVENT")
        try:
            data = json.loads(options["data"])
        except ValueError as error:
            raise InvalidInput(f"--data is not JSON: {error}.") from None
        task = visible(user, _number(options["words"][0]))
        telling_events.tell(task, user, options["words"][1], data)
        self._show(shown_task(task.pk), user, options)

    def _children(self, task: Task, user: Any, options: dict[str, Any]) -> None:
        rows = Task.objects.visible_to(user).filter(parent=task).select_related(*telling.RELATED)
        found = list(rows.order_by("pk")[: max(1, min(options["limit"], 1000))])
        if options["json"]:
            self.stdout.write(telling.dumped({"tasks": telling.list_facts(found, user)}))
        else:
            self.say(telling.table(found, user) if found else ["It has started no task."])

    def _show(self, task: Task, user: Any, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(telling.dumped({"task": telling.task_facts(task, user)}))
        else:
            self.say(telling.status(task, user))

    def _log(self, task: Task, user: Any, options: dict[str, Any]) -> None:
        lines = standing.log(task.pk, limit=10_000)
        if options["json"]:
            self.stdout.write(telling.dumped({"lines": [asdict(line) for line in lines]}))
        else:
            self.say([f"{line.at[:19]}  {line.level:7}  {clean(mask(line.text))}" for line in lines])

    def _feed(self, task: Task, user: Any, options: dict[str, Any]) -> None:
        entries = feed.newest(task.pk, max(1, min(options["limit"], feed.MAX_PAGE)))
        if options["json"]:
            self.stdout.write(telling.dumped({"entries": telling.feed_facts(entries)}))
        else:
            now = clock.now()
            self.say([telling.history_line(entry, now) for entry in entries if entry.kind != "task.logged"])

    def _files(self, task: Task, user: Any, options: dict[str, Any]) -> None:
        saved = _save(task, options["save"]) if options["save"] else []
        if options["json"]:
            self.stdout.write(
                telling.dumped({"files": telling.file_facts(task), "saved": [str(path) for path in saved]})
            )
        elif options["save"]:
            self.say([f"Saved {path}" for path in saved] or ["It has made no files."])
        else:
            self.say(telling.file_lines(task) or ["It has made no files."])

    def _wait(self, task: Task, user: Any, options: dict[str, Any]) -> None:
        self.wait_for(task, user, options)

    ACTIONS: ClassVar[Mapping[str, Callable[..., None]]] = {
        "show": _show, "wait": _wait, "log": _log, "feed": _feed, "files": _files, "children": _children,
    }  # fmt: skip


def _number(word: str) -> int:
    if word.isdecimal() and len(word) < 19:
        return int(word)
    raise InvalidInput(f"{word!r} is not the number of a task.")


def _save(task: Task, directory: Path) -> list[Path]:
    """Copies under safe names; what is there already stays, the copy gets a number."""
    saved = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for row in Artifact.objects.of(task):
            target = _free(directory / naming.safe(row.name))
            _copy(row, target)
            saved.append(target)
    except BlobUnreadable as error:
        raise NotFound(f"A file of task {task.pk} cannot be saved. {error.message}") from None
    except OSError as error:
        raise InvalidInput(f"The files cannot be saved in {directory}: {error.strerror}.") from None
    return saved


def _copy(row: Artifact, target: Path) -> None:
    try:
        with row.open() as file, target.open("wb") as copy:
            while piece := file.read(PIECE):
                copy.write(piece)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _free(path: Path) -> Path:
    number, candidate = 1, path
    while candidate.exists():
        number += 1
        candidate = path.with_stem(f"{path.stem} ({number})")
    return candidate
