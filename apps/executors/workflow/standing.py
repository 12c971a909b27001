"""Where a run stands, for every edge that shows one. Reads only: the number of queries depends on nothing."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Literal, cast

from django.db.models import Count, DurationField, ExpressionWrapper, F, Sum

from apps.core import clock
from apps.executors.workflow import outlook, pauses
from apps.executors.workflow.graph import Node as Definition
from apps.executors.workflow.running import kept
from apps.executors.workflow.running.loaded import Loaded, of_revision
from apps.executors.workflow.running.standing import AT_WORK, ENDED, Standing, State
from apps.tasks.models import Attempt, Branch, Node, Run, Task
from apps.tasks.states import FINAL, Status

Look = Literal["waiting", "ready", "running", "checking", "asking", "completed", "failed", "skipped", "cancelled"]
"""A node's state, with `asking` for one that waits for people."""
FIELDS = ("state", "outcome", "because", "reason", "generation", "round", "tries", "began_at", "due_at", "ended_at")
MOST_RUNNING = 500
"""Running tasks whose workers are named."""
MOST_WORKERS = 100
RUNS_LOOKED_AT = 5
NODES_LOOKED_AT = 10_000
"""Of all these runs together, so that a look at the history of a large graph stays one at a few of them."""
REMEMBERED_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Items:
    """The tasks of an expanded node's present try, by what became of them."""

    total: int
    completed: int
    failed: int
    cancelled: int
    running: int
    needed: int

    @property
    def ended(self) -> int:
        return self.completed + self.failed + self.cancelled

    @property
    def pending(self) -> int:
        return max(0, self.total - self.ended - self.running)


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeStanding:
    number: int
    name: str
    group: str
    look: Look
    outcome: str
    because: str
    reason: str
    generation: int
    round: int
    tries: int
    began_at: datetime | None
    due_at: datetime | None
    ended_at: datetime | None
    expected: float
    """Seconds that it usually takes, or is expected to."""
    until: float
    """Seconds until it will probably have ended; 0 once it has."""
    is_stalled: bool
    running_tasks: int
    """Of its tasks, those that a worker has in hand now."""
    items: Items | None

    def seconds(self, now: datetime) -> float | None:
        """How long it has taken so far; None when it has not begun."""
        return max(0.0, ((self.ended_at or now) - self.began_at).total_seconds()) if self.began_at else None


@dataclass(frozen=True, kw_only=True)
class GroupStanding:
    name: str
    counts: Mapping[str, int]
    """Nodes by look."""
    total: int
    percent: float
    """Of its expected work."""
    until: float


@dataclass(frozen=True, kw_only=True)
class WorkerStanding:
    name: str
    running: int
    ended: int
    seconds: float
    """That it has worked for this run."""


@dataclass(frozen=True, kw_only=True)
class RunStanding:
    task_id: int
    at: datetime
    version: int
    """Grows with each change of the run; 0: it has not begun."""
    generation: int
    began_at: datetime | None
    ended_at: datetime | None
    percent: float
    seconds_left: float | None
    """None: it has ended, or nothing can be said because it has not begun or stands still."""
    work_left: float
    counts: Mapping[str, int]
    """Nodes by look; `ready` ones wait for their turn."""
    tasks: Mapping[str, int]
    """Tasks of its nodes that have not ended, by status."""
    way: tuple[int, ...]
    """Nodes that decide how long the rest takes, first to last."""
    nodes: tuple[NodeStanding, ...]
    groups: tuple[GroupStanding, ...]
    workers: tuple[WorkerStanding, ...]

    @property
    def total(self) -> int:
        return len(self.nodes)

    @property
    def ended(self) -> int:
        return sum(self.counts.get(look, 0) for look in ENDED)

    @property
    def stalled(self) -> list[NodeStanding]:
        return [node for node in self.nodes if node.is_stalled]


def of(task: Task, now: datetime) -> RunStanding:
    """The standing of a task of kind `workflow`. Raises WorkflowError for a graph that cannot be read."""
    loaded = of_revision(task.revision_id)
    run = Run.objects.filter(pk=task.pk).first()
    standings = touched(task.pk) if run else {}
    if task.is_final:
        standings = _ended_with(task, loaded, standings)
    paused = pauses.of([task.pk], now).get(task.pk, ()) if run and not task.is_final else ()
    worked = pauses.left_out(standings, paused, now)
    begun = _begun(task.pk) if run else []
    running = [(node, worker, since) for node, status, worker, since in begun if status == Status.RUNNING]
    at_work = Counter(node for node, *_ in running)
    items = _items(loaded, standings, at_work, task.pk)
    pace = outlook.pace(loaded, history(task.revision_id, loaded.total), worked)
    open_ = _open(task.pk) if run else {}
    lanes = len(running) if open_.get(Status.PENDING) and running else None
    shares = {number: each.ended / each.total for number, each in items.items() if each.total}
    left = outlook.rest(loaded, pace, worked, shares, now, lanes, _idle(loaded, standings, begun))
    stalled = {
        number
        for number, each in worked.items()
        if (task.status != Status.PAUSED or at_work[number])
        and outlook.is_stalled(loaded, each, pace.seconds[number], now)
    }
    nodes = tuple(
        _node(
            loaded, node, standings.get(node.number), pace.seconds[node.number], left, items.get(node.number),
            at_work[node.number], node.number in stalled,
        )
        for node in loaded.graph.nodes
    )  # fmt: skip
    is_moving = run is not None and run.ended_at is None and task.status not in (*FINAL, Status.PAUSED)
    return RunStanding(
        task_id=task.pk,
        at=now,
        version=run.version if run else 0,
        generation=run.generation if run else 0,
        began_at=run.began_at if run else None,
        ended_at=(run.ended_at or task.finished_at) if run else None,
        percent=100.0 if task.status == Status.COMPLETED else 100 * run.work_done if run else 0.0,
        seconds_left=left.seconds if is_moving else None,
        work_left=left.work,
        counts=Counter(node.look for node in nodes),
        tasks=open_,
        way=left.way if is_moving else (),
        nodes=nodes,
        groups=tuple(_groups(nodes)),
        workers=_workers(task.pk, running, now) if run else (),
    )


def touched(task_id: int) -> dict[int, Standing]:
    """By number, the nodes that do not wait for the first time. Without errors and notes, which can be large."""
    rows = Node.objects.filter(task_id=task_id).values_list("number", *FIELDS)
    return {
        number: Standing(number=number, **dict(zip(FIELDS, values, strict=True))) for number, *values in rows.iterator()
    }


def _ended_with(task: Task, loaded: Loaded, standings: Mapping[int, Standing]) -> dict[int, Standing]:
    """All nodes of a task that has ended: what was at work or waited then has ended with it, whatever its row says."""
    found, said = {}, "was cancelled" if task.status == Status.CANCELLED else "ended"
    for number in range(loaded.total):
        each = standings.get(number) or Standing(number=number)
        if each.state not in ENDED:
            has_begun = each.began_at is not None
            each = replace(
                each, state=State.CANCELLED if has_begun else State.SKIPPED, due_at=None,
                because="cancelled" if task.status == Status.CANCELLED else "stopped",
                reason=f"The run {said} before it {'had ended' if has_begun else 'began'}.", ended_at=task.finished_at,
            )  # fmt: skip
        found[number] = each
    return found


def history(revision_id: int, total: int) -> Mapping[int, float]:
    """Seconds that each node took on average in the last runs of the revision that have ended."""
    return _history(revision_id, total, int(time.monotonic() / REMEMBERED_SECONDS))


@lru_cache(maxsize=64)
def _history(revision_id: int, total: int, period: int) -> Mapping[int, float]:
    most = max(1, min(RUNS_LOOKED_AT, NODES_LOOKED_AT // max(1, total)))
    runs = Run.objects.filter(task__revision_id=revision_id, ended_at__isnull=False).order_by("-task_id")
    ids = list(runs.values_list("task_id", flat=True)[:most])
    paused = pauses.of(ids, clock.now())
    done = Node.objects.filter(task_id__in=ids, state=State.COMPLETED)
    seconds: defaultdict[int, list[float]] = defaultdict(list)
    for task_id, number, began, ended in done.values_list("task_id", "number", "began_at", "ended_at").iterator():
        if began and ended:
            took = ended - began - pauses.within(paused.get(task_id, ()), began, ended)
            seconds[number].append(max(0.0, took.total_seconds()))
    return {number: sum(each) / len(each) for number, each in seconds.items()}


def _begun(task_id: int) -> list[tuple[int | None, str, str, datetime | None]]:
    """(node, status, worker, since when) of the run's tasks that have been started and have not ended."""
    tasks = Task.objects.filter(parent_id=task_id, finished_at__isnull=True, started_at__isnull=False).order_by("pk")
    return list(tasks.values_list("branch__node", "status", "execution__worker", "started_at")[:MOST_RUNNING])


def _idle(
    loaded: Loaded, standings: Mapping[int, Standing], begun: Sequence[tuple[int | None, str, str, datetime | None]]
) -> set[int]:
    """Nodes at work whose tasks nobody has begun. Of very many tasks nothing is said."""
    if len(begun) == MOST_RUNNING:
        return set()
    in_hand = {node for node, *_ in begun} | loaded.asking
    return {number for number, each in standings.items() if each.state in AT_WORK} - in_hand


def _open(task_id: int) -> dict[str, int]:
    tasks = Task.objects.filter(parent_id=task_id, finished_at__isnull=True).order_by()
    return dict(tasks.values_list("status").annotate(number=Count("pk")))


def _items(
    loaded: Loaded, standings: Mapping[int, Standing], running: Counter[int | None], task_id: int
) -> dict[int, Items]:
    expanded = {
        each.branch: number
        for number, each in standings.items()
        if loaded.graph.nodes[number].expansion is not None and each.tries
    }
    if not expanded:
        return {}
    found, before = {}, _kept(task_id, [standings[number] for number in expanded.values()])
    for branch in Branch.objects.filter(task_id=task_id, node__in=list(expanded.values())):
        if (number := expanded.get(branch.name)) is not None:
            done = before.get(number, 0)
            found[number] = Items(
                total=branch.total + done, completed=branch.completed + done, failed=branch.failed,
                cancelled=branch.cancelled, running=min(running[number], branch.outstanding),
                needed=branch.needed + done,
            )  # fmt: skip
    return found


def _kept(task_id: int, standings: Sequence[Standing]) -> dict[int, int]:
    """How many items earlier tries have completed. Only of nodes that had any is it asked."""
    repeated = [each.number for each in standings if each.generation or each.tries > 1]
    if not repeated:
        return {}
    rows = Node.objects.filter(task_id=task_id, number__in=repeated).values_list("number", "notes")
    noted = {number: kept.of(Standing(number=number, notes=notes)) for number, notes in rows}
    branches = {each.number: each.branch for each in standings}
    return {number: known.count for number, known in noted.items() if known and known.branch == branches[number]}


def _node(
    loaded: Loaded, node: Definition, standing: Standing | None, expected: float, left: outlook.Rest,
    items: Items | None, running_tasks: int, is_stalled: bool,
) -> NodeStanding:  # fmt: skip
    each = standing or Standing(number=node.number)
    return NodeStanding(
        number=node.number, name=node.name, group=node.group, look=look(loaded, each), outcome=each.outcome,
        because=each.because, reason=each.reason, generation=each.generation, round=each.round, tries=each.tries,
        began_at=each.began_at, due_at=each.due_at, ended_at=each.ended_at, expected=expected,
        until=left.until[node.number], is_stalled=is_stalled,
        running_tasks=running_tasks, items=items,
    )  # fmt: skip


def look(loaded: Loaded, standing: Standing) -> Look:
    if standing.state in AT_WORK and standing.number in loaded.asking:
        return "asking"
    return cast(Look, str(standing.state))


def _groups(nodes: Iterable[NodeStanding]) -> Iterable[GroupStanding]:
    by_name: defaultdict[str, list[NodeStanding]] = defaultdict(list)
    for node in nodes:
        by_name[node.group].append(node)
    for name, members in by_name.items():
        work = sum(node.expected for node in members)
        done = sum(node.expected for node in members if node.look in ENDED)
        yield GroupStanding(
            name=name, counts=Counter(node.look for node in members), total=len(members),
            percent=100 * (done / work) if work else 0.0, until=max(node.until for node in members),
        )  # fmt: skip


def _workers(
    task_id: int, running: Iterable[tuple[int | None, str, datetime | None]], now: datetime
) -> tuple[WorkerStanding, ...]:
    took = ExpressionWrapper(F("ended_at") - F("started_at"), output_field=DurationField())
    attempts = Attempt.objects.filter(task__parent_id=task_id, ended_at__isnull=False).order_by()
    rows = attempts.values_list("worker").annotate(number=Count("pk"), seconds=Sum(took))
    ended = {name: (number, seconds.total_seconds()) for name, number, seconds in rows}
    at_work: defaultdict[str, list[float]] = defaultdict(list)
    for _, name, since in running:
        at_work[name].append(max(0.0, (now - since).total_seconds()) if since else 0.0)
    found = [
        WorkerStanding(name=name, running=len(at_work[name]), ended=number, seconds=seconds + sum(at_work[name]))
        for name in {*ended, *at_work}
        for number, seconds in [ended.get(name, (0, 0.0))]
    ]
    return tuple(sorted(found, key=lambda each: (-each.running, -each.ended, each.name))[:MOST_WORKERS])
