"""`manage.py tasks …`: look at tasks and control them."""

import shutil
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

from apps.console.terminal import people, telling
from apps.console.terminal.command import TaskCommand, shown_task, visible
from apps.console.terminal.screen import clean
from apps.core import clock
from apps.core.errors import InvalidInput, NotFound
from apps.core.masking import mask
from apps.reports import naming
from apps.tasks import feed, lifecycle, standing
from apps.tasks.models import Task
from apps.tasks.states import Status

VERBS: Mapping[str, Callable[..., Task]] = {
    "pause": lifecycle.pause,
    "resume": lifecycle.resume,
    "cancel": lifecycle.cancel,
    "retry": lifecycle.retry_failed,
}
LOOKS = ("list", "show", "wait", "log", "feed", "files")


class Command(TaskCommand):
    help = "List tasks, look at one, or control it."
    examples = """examples:
  manage.py tasks                              the newest tasks
  manage.py tasks list --status failed,running
  manage.py tasks show 12                      where it stands; also: wait, log, feed, files
  manage.py tasks pause 12                     also: resume, cancel, retry
  manage.py tasks files 12 --save /tmp/report

exit codes: 0, 1 refused or failed, 2 something wrong in what was given"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", default="list", choices=[*LOOKS, *VERBS], metavar="ACTION",
                            help=f"{', '.join([*LOOKS, *VERBS])} (default: list)")  # fmt: skip
        parser.add_argument("id", nargs="?", type=int, help="the task's number")
        parser.add_argument("--status", default="", help="only these, with commas: pending,running")
        parser.add_argument("--limit", type=int, default=20, help="how many at most (default: %(default)s)")
        parser.add_argument("--reason", default="", help="why it is paused or cancelled")
        parser.add_argument("--save", type=Path, metavar="DIR", help="with files: copy them there")
        self.add_common_arguments(parser)

    def obey(self, options: dict[str, Any]) -> None:
        user = people.acting(options["user"])
        if options["action"] == "list":
            self._list(user, options)
            return
        if options["id"] is None:
            raise InvalidInput(f"Say which task: manage.py tasks {options['action']} ID")
        task = visible(user, options["id"])
        if options["action"] in VERBS:
            self._control(task, user, options)
        else:
            self.ACTIONS[options["action"]](self, task, options)

    def _list(self, user: Any, options: dict[str, Any]) -> None:
        tasks = Task.objects.visible_to(user).select_related(*telling.RELATED)
        if options["status"]:
            tasks = tasks.filter(status__in=_statuses(options["status"]))
        found = list(tasks.order_by("-pk")[: max(1, min(options["limit"], 1000))])
        if options["json"]:
            self.stdout.write(telling.dumped({"tasks": [telling.task_facts(task) for task in found]}))
        else:
            self.say(telling.table(found))

    def _control(self, task: Task, user: Any, options: dict[str, Any]) -> None:
        verb = VERBS[options["action"]]
        if options["action"] in ("pause", "cancel"):
            verb(task, user, options["reason"])
        else:
            verb(task, user)
        self._show(shown_task(task.pk), options)

    def _show(self, task: Task, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(telling.dumped({"task": telling.task_facts(task)}))
        else:
            self.say(telling.status(task))

    def _log(self, task: Task, options: dict[str, Any]) -> None:
        lines = standing.log(task.pk, limit=10_000)
        if options["json"]:
            self.stdout.write(telling.dumped({"lines": [asdict(line) for line in lines]}))
        else:
            self.say([f"{line.at[:19]}  {line.level:7}  {clean(mask(line.text))}" for line in lines])

    def _feed(self, task: Task, options: dict[str, Any]) -> None:
        entries = feed.newest(task.pk, max(1, min(options["limit"], feed.MAX_PAGE)))
        if options["json"]:
            self.stdout.write(telling.dumped({"entries": telling.feed_facts(entries)}))
        else:
            now = clock.now()
            self.say([telling.history_line(entry, now) for entry in entries if entry.kind != "task.logged"])

    def _files(self, task: Task, options: dict[str, Any]) -> None:
        saved = _save(task, options["save"]) if options["save"] else []
        if options["json"]:
            self.stdout.write(
                telling.dumped({"files": telling.file_facts(task), "saved": [str(path) for path in saved]})
            )
        elif options["save"]:
            self.say([f"Saved {path}" for path in saved] or ["It has made no files."])
        else:
            self.say(telling.file_lines(task) or ["It has made no files."])

    def _wait(self, task: Task, options: dict[str, Any]) -> None:
        self.wait_for(task, options)

    ACTIONS: ClassVar[Mapping[str, Callable[..., None]]] = {
        "show": _show, "wait": _wait, "log": _log, "feed": _feed, "files": _files,
    }  # fmt: skip


def _statuses(text: str) -> list[str]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if unknown := [word for word in words if word not in Status.values]:
        raise InvalidInput(f"There is no status {', '.join(unknown)}. There are {', '.join(Status.values)}.")
    return words


def _save(task: Task, directory: Path) -> list[Path]:
    """Copies under safe names; what is there already stays, the copy gets a number."""
    saved = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for row in task.artifacts.all():
            target = _free(directory / naming.safe(row.name))
            shutil.copyfile(row.file, target)
            saved.append(target)
    except FileNotFoundError as error:
        raise NotFound(f"A file of task {task.pk} is no longer in the storage: {error.filename}.") from None
    except OSError as error:
        raise InvalidInput(f"The files cannot be saved in {directory}: {error.strerror}.") from None
    return saved


def _free(path: Path) -> Path:
    number, candidate = 1, path
    while candidate.exists():
        number += 1
        candidate = path.with_stem(f"{path.stem} ({number})")
    return candidate
