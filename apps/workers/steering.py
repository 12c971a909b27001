"""What people ask of workers and clusters. A wish is written on the row; who it is meant for hears it within a second.

drain   a worker gives up its task at the next host call (it goes on elsewhere) and takes nothing more. Its process
        stays, so that Django-Q2 starts no other in its place, until it is resumed or stopped.
stop    a worker does the same and ends; Django-Q2 starts a fresh process, which works. A cluster is ended by the
        `manage.py up` above it, which starts it again when it is resumed; without a web server `up` ends with it.
resume  takes either wish back.

A wish on a cluster holds for workers that are started later, too; starting `manage.py up` anew takes it back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import transaction

from apps.core import clock, hints
from apps.core.errors import Conflict, NotFound, NotPermitted
from apps.tasks import lifecycle
from apps.tasks.models import Task
from apps.tasks.operators import audit
from apps.workers.answers import balance
from apps.workers.models import Cluster, Wish, Worker

PERMISSION = "workers.control_worker"
MAX_REASON = 300
Steered = TypeVar("Steered", Worker, Cluster)


def drain(worker: Worker, by: Any, reason: str = "") -> Worker:
    return _ask(worker, by, Wish.DRAIN, reason)


def stop(worker: Worker, by: Any, reason: str = "") -> Worker:
    return _ask(worker, by, Wish.STOP, reason)


def resume(worker: Worker, by: Any, reason: str = "") -> Worker:
    return _ask(worker, by, Wish.NONE, reason)


def drain_cluster(cluster: Cluster, by: Any, reason: str = "") -> Cluster:
    return _ask(cluster, by, Wish.DRAIN, reason)


def stop_cluster(cluster: Cluster, by: Any, reason: str = "") -> Cluster:
    return _ask(cluster, by, Wish.STOP, reason)


def resume_cluster(cluster: Cluster, by: Any, reason: str = "") -> Cluster:
    return _ask(cluster, by, Wish.NONE, reason)


def find_worker(name: str) -> Worker:
    """Raises NotFound."""
    worker = Worker.objects.select_related("belongs_to").filter(name=name).first()
    if worker is None:
        raise NotFound(f"There is no worker {name!r}. List them: manage.py workers", code="no_such_worker")
    return worker


def find_cluster(name: str, host: str = "") -> Cluster:
    """By key, or by name where only one cluster (of that host) has it. Raises NotFound, or Conflict for several."""
    exact = Cluster.objects.filter(key=name).first()
    if exact is not None:
        return exact
    found = list(Cluster.objects.filter(name=name, **({"host": host} if host else {}))[:20])
    if not found:
        raise NotFound(f"There is no cluster {name!r}. List them: manage.py workers clusters", code="no_such_cluster")
    if len(found) > 1:
        keys = ", ".join(f"{cluster.key} on {cluster.host}" for cluster in found)
        raise Conflict(f"Several clusters are called {name!r}. Say which by its key: {keys}.")
    return found[0]


def reassign(task: Task, by: Any, reason: str = "") -> Task:
    """Have a running task leave its worker at the next host call and go on at another one that is live.

    Raises Conflict when no worker has it, or when there is no other that serves its queue.
    """
    _permit(by, "move tasks between workers")
    holder = Task.objects.select_related("execution").get(pk=task.pk).execution.worker
    others = balance.serving(task.queue).exclude(name=holder)
    if not others.exists():
        raise Conflict(f"No other live worker serves queue {task.queue}. Start one, then move task {task.pk} to it.")
    with transaction.atomic():
        released = lifecycle.ask_release(task, by, reason)
        audit.record(by, "task.reassigned", f"task:{task.pk}", reason=reason, worker=holder)
    return released


@dataclass(frozen=True, kw_only=True)
class Rebalanced:
    """What a rebalance did: the tasks that were asked to go elsewhere, and a sentence for people."""

    moved: Sequence[int]
    message: str


def rebalance(by: Any, reason: str = "") -> Rebalanced:
    """Move running tasks from hosts where all workers are busy to hosts where some idle, where that evens the load.

    Tasks that wait need no moving: no worker holds any in advance, so an idle one claims them by itself.
    """
    _permit(by, "move tasks between workers")
    moved = []
    for task_id in balance.moves(balance.loads()):
        try:
            lifecycle.ask_release(Task(pk=task_id), by, reason or "the load is spread over the hosts")
        except Conflict:
            continue  # it has ended or was asked for something else meanwhile
        moved.append(task_id)
    audit.record(by, "tasks.rebalanced", "workers", reason=reason, moved=moved)
    if not moved:
        return Rebalanced(moved=[], message="Nothing to move: no host is full while another one idles.")
    plural = "task was" if len(moved) == 1 else "tasks were"
    return Rebalanced(moved=moved, message=f"{len(moved)} running {plural} asked to go on at another host.")


_DONE = {Wish.DRAIN: "drained", Wish.STOP: "stopped", Wish.NONE: "resumed"}


def _ask(row: Steered, by: Any, wish: Wish, reason: str) -> Steered:
    noun = "worker" if isinstance(row, Worker) else "cluster"
    _permit(by, f"control {noun}s")
    with transaction.atomic():
        found = type(row).objects.select_for_update().get(pk=row.pk)
        _refuse_what_makes_no_sense(found, wish)
        found.wish, found.wish_reason = wish, reason[:MAX_REASON] if wish else ""
        found.wish_by, found.wished_at = (by.get_username(), clock.now()) if wish else ("", None)
        found.save(update_fields=["wish", "wish_by", "wish_reason", "wished_at"])
        name = found.name if isinstance(found, Worker) else found.key
        audit.record(by, f"{noun}.{_DONE[wish]}", f"{noun}:{name}", reason=reason)
        transaction.on_commit(lambda: hints.send(hints.WORK), robust=True)
    return found


def _refuse_what_makes_no_sense(row: Worker | Cluster, wish: Wish) -> None:
    who = f"Worker {row.name}" if isinstance(row, Worker) else f"Cluster {row.name}"
    if isinstance(row, Worker) and not row.is_present:
        raise Conflict(f"{who} has ended: {row.get_status_display().lower()}. Nothing can be asked of it.")
    if row.wish == wish:
        already = {Wish.DRAIN: "was asked to drain", Wish.STOP: "was asked to stop"}.get(wish)
        by = f" by {row.wish_by}" if row.wish_by else ""
        raise Conflict(f"{who} {already}{by} already." if already else f"{who} works: nothing was asked of it.")
    if row.wish == Wish.STOP and wish == Wish.DRAIN:
        raise Conflict(f"{who} was asked to stop, which drains it first.")


def _permit(by: Any, what: str) -> None:
    if not (by.is_active and by.has_perm(PERMISSION)):
        raise NotPermitted(f"You may not {what}: you lack the permission {PERMISSION}.")
