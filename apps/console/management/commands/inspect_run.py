"""`manage.py inspect_run ID`: where the run of a workflow stands, its nodes, and what its context holds and lacks."""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from apps.console.terminal import people, runs, telling
from apps.console.terminal.command import TaskCommand, visible
from apps.console.terminal.screen import clean
from apps.core import clock
from apps.core.errors import InvalidInput, NotFound
from apps.executors.workflow import contents, recovery, standing
from apps.executors.workflow.contents import Key
from apps.executors.workflow.running.loaded import of_revision
from apps.executors.workflow.standing import NodeStanding, RunStanding
from apps.tasks.models import Node, Run, Task

FACTS = (
    "task_id", "at", "version", "generation", "began_at", "ended_at", "percent", "seconds_left", "work_left", "counts",
    "tasks",
)  # fmt: skip


class Command(TaskCommand):
    help = "Show where the run of a workflow stands: states and why, keys and who owns them, what is missing."
    examples = """examples:
  manage.py inspect_run 12                       how far it is, what runs, failed or was skipped, what is missing
  manage.py inspect_run 12 --all                 every node
  manage.py inspect_run 12 --node "Write letter" what one node waits for, its error and its tasks; its number, too
  manage.py inspect_run 12 --keys                every key: state, owner, when it was written, who waits for it
  manage.py inspect_run 12 --context             the values, cut; the API has them in full
  manage.py inspect_run 12 --json                all of it for programs
What failed is repeated by: manage.py tasks retry 12

exit codes: 0, 1 refused, or there is no such run or node, 2 something wrong in what was given"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("task", metavar="ID", help="the number of the task that runs the workflow")
        parser.add_argument("--node", metavar="NAME", help="one node, by its name or number")
        parser.add_argument("--keys", action="store_true", help="the keys of its context and who owns them")
        parser.add_argument("--context", action="store_true", help="the values of its context, cut")
        parser.add_argument("--all", action="store_true", help="every node, not only what needs a look")
        parser.add_argument(
            "--limit", type=int, default=50, help="how many nodes or keys at most (default: %(default)s)"
        )
        self.add_common_arguments(parser)

    def obey(self, options: dict[str, Any]) -> None:
        user = people.acting(options["user"])
        if not options["task"].isdecimal() or len(options["task"]) > 18:
            raise InvalidInput(f"{options['task']!r} is not the number of a task.")
        task = visible(user, int(options["task"]))
        if task.kind != telling.WORKFLOW:
            raise NotFound(f"Task {task.pk} is no workflow, so it has no run.", code="no_run")
        run = standing.of(task, clock.now())
        most = max(1, options["limit"])
        if options["node"] is not None:
            self._node(task, run, _found(run, options["node"]), options)
        elif options["json"]:
            self._json(task, run, most, options)
        elif options["keys"] or options["context"]:
            self._keys(task, most, options)
        else:
            self._overview(task, run, most, options)

    def _overview(self, task: Task, run: RunStanding, most: int, options: dict[str, Any]) -> None:
        reason = f": {clean(task.status_reason)}" if task.status_reason else ""
        self.say([f"Task {task.pk}, {clean(task.title)}: {task.status}{reason}", *runs.summary(run)])
        shown = [
            each for each in run.nodes if options["all"] or each.look not in runs.QUIET or each.outcome == "warning"
        ]
        if shown:
            self.say(["", *runs.nodes(shown[:most], run.at), *_more(shown, most, "node")])
        if Run.objects.filter(pk=task.pk, is_forgotten=True).exists():
            self.say(["", "Its values have been removed some time after its end; a retry repeats everything."])
        missing = [each for each in contents.keys(task) if _is_missed(each, task)]
        if missing:
            self.say(["", "Missing:", *runs.keys(missing[:most], of_revision(task.revision_id), run.at)])
            self.say(_more(missing, most, "key"))

    def _keys(self, task: Task, most: int, options: dict[str, Any]) -> None:
        found = contents.keys(task)
        if options["keys"]:
            self.say(runs.keys(found[:most], of_revision(task.revision_id), clock.now()))
        if options["context"]:
            self.say(runs.values(found[:most], contents.texts(task, found[:most])))
        self.say(_more(found, most, "key"))

    def _node(self, task: Task, run: RunStanding, each: NodeStanding, options: dict[str, Any]) -> None:
        waits = recovery.waits(task, each.number)
        row = Node.objects.filter(task_id=task.pk, number=each.number).values_list("error", flat=True).first()
        children = Task.objects.filter(parent_id=task.pk, branch__node=each.number).order_by("-pk")
        tasks = list(children.values_list("pk", "status", "title")[: max(1, options["limit"])])
        if options["json"]:
            facts = {**asdict(each), "waits_for": [asdict(wait) for wait in waits], "error": row,
                     "tasks": [{"id": number, "status": status, "title": title} for number, status, title in tasks]}  # fmt: skip
            self.stdout.write(telling.dumped({"node": facts}))
        else:
            self.say(runs.node(each, of_revision(task.revision_id), waits, row, tasks, run.at))

    def _json(self, task: Task, run: RunStanding, most: int, options: dict[str, Any]) -> None:
        found = contents.keys(task)
        loaded = of_revision(task.revision_id)
        texts = contents.texts(task, found[:most]) if options["context"] else {}
        keys = [
            {**asdict(each), "makers": contents.names(loaded, each.makers), "users": contents.names(loaded, each.users)}
            | ({"text": texts[each.key]} if each.key in texts else {})
            for each in found[:most]
        ]
        facts = {
            **{name: getattr(run, name) for name in FACTS},
            "status": task.status,
            "groups": [vars(each) for each in run.groups],
            "workers": [vars(each) for each in run.workers],
            "nodes": [asdict(each) for each in run.nodes[:most]],
            "keys": keys,
        }
        self.stdout.write(telling.dumped({"run": facts}))


def _is_missed(key: Key, task: Task) -> bool:
    """What a clean-up took away matters only while somebody may still want it."""
    return key.state == "missing" or (key.state == "dropped" and not task.is_final)


def _found(run: RunStanding, word: str) -> NodeStanding:
    """By name, else by number. Raises NotFound."""
    for each in run.nodes:
        if each.name == word or (word.isdecimal() and each.number == int(word)):
            return each
    raise NotFound(f"The workflow of task {run.task_id} has no node “{word}”. --all lists them.")


def _more(found: Sequence[NodeStanding | Key], most: int, what: str) -> list[str]:
    return [f"  … and {len(found) - most:,} more {what}s; --limit shows more."] if len(found) > most else []
