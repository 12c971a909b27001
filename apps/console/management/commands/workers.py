"""`manage.py workers …`: who works, what happened, and what people ask of workers and clusters."""

import time
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any, ClassVar

from apps.console.terminal import crews, people, telling
from apps.console.terminal.command import TaskCommand, visible
from apps.core import clock, durations
from apps.core.errors import Conflict, InvalidInput, NotPermitted
from apps.workers import steering
from apps.workers.answers import happenings, recovery, standing, unassigned
from apps.workers.models import Cluster, Worker

WORKER_VERBS: Mapping[str, Callable[..., Worker]] = {
    "drain": steering.drain, "stop": steering.stop, "resume": steering.resume,
}  # fmt: skip
CLUSTER_VERBS: Mapping[str, Callable[..., Cluster]] = {
    "drain": steering.drain_cluster, "stop": steering.stop_cluster, "resume": steering.resume_cluster,
}  # fmt: skip
LOOKS = ("list", "show", "clusters", "events", "recovery", "unassigned")
WAIT_SECONDS = 0.2


class Command(TaskCommand):
    help = "Show workers and clusters, what happened to them, and drain, stop or resume them."
    examples = """examples:
  manage.py workers                                     who is there, and what each does
  manage.py workers show oak-17                         one worker, what happened to it, what went wrong
  manage.py workers clusters
  manage.py workers drain oak-17 --reason "new memory"  gives up its task at the next call, takes nothing more
  manage.py workers drain --cluster oak --wait 60       a whole cluster; waits until none of its workers has a task
  manage.py workers stop --cluster oak                  ends it; `up` starts it again when it is resumed
  manage.py workers resume --cluster oak
  manage.py workers recovery --since "2 d"              what became of the tasks of lost workers
  manage.py workers unassigned                          tasks that no live worker can take
  manage.py workers reassign 12 --reason "too slow"     a running task goes on at another worker
  manage.py workers rebalance

exit codes: 0, 1 refused or failed, 2 something wrong in what was given"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = [*LOOKS, *WORKER_VERBS, "reassign", "rebalance"]
        parser.add_argument("action", nargs="?", default="list", choices=actions, metavar="ACTION",
                            help=f"{', '.join(actions)} (default: list)")  # fmt: skip
        parser.add_argument("name", nargs="?", default="", help="the worker's name; with reassign the task's number")
        parser.add_argument("--cluster", default="", help="a cluster, by its name or key")
        parser.add_argument("--host", default="", help="only of this host")
        parser.add_argument("--ended", action="store_true", help="with list: workers that have ended")
        parser.add_argument("--reason", default="", help="why; it is kept with who asked")
        parser.add_argument(
            "--wait", type=float, default=0.0, metavar="SECONDS", help="with drain: until it is drained"
        )
        parser.add_argument("--since", default="1 d", help="with recovery: how far back (default: %(default)s)")
        parser.add_argument("--limit", type=int, default=50, help="how many at most (default: %(default)s)")
        self.add_common_arguments(parser)

    def obey(self, options: dict[str, Any]) -> None:
        user = people.acting(options["user"])
        if not user.has_perm("workers.view_worker"):
            raise NotPermitted("You may not look at workers.")
        action = options["action"]
        if action in WORKER_VERBS:
            self._steer(user, options)
        elif action == "reassign":
            self._reassign(user, options)
        elif action == "rebalance":
            done = steering.rebalance(user, options["reason"])
            self._tell("rebalanced", asdict(done), [done.message], options)
        else:
            self.ACTIONS[action](self, user, options)

    def _steer(self, user: Any, options: dict[str, Any]) -> None:
        action, name = options["action"], options["name"]
        if bool(name) == bool(options["cluster"]):
            raise InvalidInput(f"Say which: manage.py workers {action} WORKER, or --cluster CLUSTER")
        if name:
            row: Worker | Cluster = WORKER_VERBS[action](steering.find_worker(name), user, options["reason"])
        else:
            cluster = steering.find_cluster(options["cluster"], options["host"])
            row = CLUSTER_VERBS[action](cluster, user, options["reason"])
        if action == "drain" and options["wait"]:
            self._wait(row, options["wait"])
        if isinstance(row, Worker):
            facts = standing.worker(row, user).facts
            self._tell("worker", asdict(facts), [crews.worker_line(facts)], options)
        else:
            cluster_facts = standing.cluster(row)
            self._tell("cluster", asdict(cluster_facts), [crews.cluster_line(cluster_facts)], options)

    def _wait(self, row: Worker | Cluster, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while not _is_drained(row):
            if time.monotonic() > ends:
                raise Conflict(f"{row} has not drained within {durations.describe(seconds)}. It goes on draining.")
            time.sleep(WAIT_SECONDS)

    def _reassign(self, user: Any, options: dict[str, Any]) -> None:
        if not options["name"].isdigit():
            raise InvalidInput("Say which task: manage.py workers reassign TASK")
        task = steering.reassign(visible(user, int(options["name"])), user, options["reason"])
        self._tell("task", {"id": task.pk}, [f"Task {task.pk} goes on at another worker after its next call."], options)

    def _list(self, user: Any, options: dict[str, Any]) -> None:
        found = standing.workers(
            user,
            host=options["host"],
            cluster=options["cluster"],
            is_present=not options["ended"],
            limit=options["limit"],
        )
        lines = [crews.worker_line(facts) for facts in found] or ["No workers. Start some: python manage.py up"]
        self._tell("workers", [asdict(facts) for facts in found], lines, options)

    def _show(self, user: Any, options: dict[str, Any]) -> None:
        if not options["name"]:
            raise InvalidInput("Say which worker: manage.py workers show WORKER")
        with_rates = user.has_perm("tasks.view_ratelimit")
        row = steering.find_worker(options["name"])
        detail = standing.worker(row, user, limit=options["limit"], with_rates=with_rates)
        self._tell("worker", asdict(detail), crews.worker_lines(detail), options)

    def _clusters(self, user: Any, options: dict[str, Any]) -> None:
        found = standing.clusters()
        lines = [crews.cluster_line(facts) for facts in found] or ["No cluster was ever started."]
        self._tell("clusters", [asdict(facts) for facts in found], lines, options)

    def _events(self, user: Any, options: dict[str, Any]) -> None:
        found = happenings.events(user, worker=options["name"], cluster=options["cluster"], limit=options["limit"])
        lines = [crews.event_line(each) for each in found] or ["Nothing has happened."]
        self._tell("events", [asdict(each) for each in found], lines, options)

    def _recovery(self, user: Any, options: dict[str, Any]) -> None:
        until = clock.now()
        since = until - timedelta(seconds=durations.parse(options["since"]).total_seconds())
        report = recovery.report(user, since, until, worker=options["name"])
        self._tell("recovery", {**asdict(report), "message": report.message}, crews.recovery_lines(report), options)

    def _unassigned(self, user: Any, options: dict[str, Any]) -> None:
        found = unassigned.tasks(user, max(1, options["limit"]))
        lines = [f"task {each.task_id}  {each.title}: {each.why}" for each in found]
        lines = lines or ["Every pending task has a live worker that can take it."]
        self._tell("unassigned", [asdict(each) for each in found], lines, options)

    def _tell(self, name: str, facts: object, lines: list[str], options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(telling.dumped({name: facts}))
        else:
            self.say(lines)

    ACTIONS: ClassVar[Mapping[str, Callable[..., None]]] = {
        "list": _list, "show": _show, "clusters": _clusters, "events": _events, "recovery": _recovery,
        "unassigned": _unassigned,
    }  # fmt: skip


def _is_drained(row: Worker | Cluster) -> bool:
    """Whether no worker that is meant has a task any more, and each has heard that it shall take none."""
    meant = Worker.objects.filter(pk=row.pk) if isinstance(row, Worker) else row.workers
    names = list(meant.filter(status__in=Worker.PRESENT).values_list("name", "status"))
    return all(status == Worker.Status.STOPPING for _, status in names) and not standing.holds(
        name for name, _ in names
    )
