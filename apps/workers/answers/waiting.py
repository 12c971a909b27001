"""What holds pending tasks back, who holds it, and which place they have: facts for the sentences, by task."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings

from apps.catalog.models import TaskTemplate
from apps.core.saying import clock, listed
from apps.tasks.limits import gates, guarded, places, stops
from apps.tasks.limits.gates import Bound, Gate
from apps.tasks.limits.guarded import Group
from apps.tasks.limits.places import MOST_AHEAD, Pace, Runner
from apps.tasks.models import Limit, Queue, Task
from apps.workers.answers import forecast
from apps.workers.answers.forecast import Begin, Seat, Waiting
from apps.workers.models import Wish, Worker

HEARD = timedelta(seconds=15)
"""A worker that has been silent for longer does not count as one that serves."""


class Hold(StrEnum):
    """What a pending task waits for."""

    PAUSED = "paused"  # its queue is
    UNSERVED = "unserved"  # no live worker serves its queue
    TOOLS = "tools"  # none of those has what it needs
    LIMIT = "limit"
    CORES = "cores"
    WORKER = "worker"  # a free one


SHARING = (Hold.LIMIT, Hold.CORES, Hold.WORKER)
"""Whoever waits for one of these waits for a worker, too."""


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """`words`: the hold's own part of the sentence. `place` counts those that begin before it at the same workers, far from
    the head of the line only those that wait for the same; `seconds` to its start.
    """

    hold: Hold
    words: str = ""
    holders: tuple[Runner, ...] = ()
    place: int | None = None
    most_ahead: int = 0
    """Set when so many and more go before it, and nobody counted on."""
    seconds: float | None = None
    kind: str = "queue"
    slots: tuple[float | None, ...] = ()
    """Seconds until each of the slots that it waits for is free."""


@dataclass(frozen=True, kw_only=True)
class _Server:
    """A live worker that takes tasks."""

    name: str
    host: str
    queues: frozenset[str]
    kinds: frozenset[str] | None
    tools: frozenset[str] | None
    """None: its cluster has not registered what it can do."""
    cores: int
    """CPU-intensive tasks that its host runs at once."""


@dataclass(frozen=True, kw_only=True)
class _Scene:
    now: datetime
    servers: Sequence[_Server]
    paused: dict[str, str]
    bounds: Sequence[Bound]
    running: Sequence[Runner]
    pace: Pace
    names: dict[int, str]
    """Of the templates that limits name."""
    held: dict[str, str]
    """Queues whose live workers are all drained or stopped: by whom, since when and why."""


def prospects(tasks: Sequence[Task], now: datetime) -> dict[int, Prospect]:
    """By id, for pending tasks; the number of queries does not depend on how many they are."""
    scene = _scene(now, {task.queue for task in tasks})
    found = {task.pk: _prospect(task, scene) for task in tasks}
    return _placed(tasks, found, scene)


def served_queues(now: datetime) -> frozenset[str]:
    return frozenset(queue for server in _servers(now) for queue in server.queues)


def _scene(now: datetime, queues: set[str]) -> _Scene:
    measured = places.pace()
    bounds = gates.bounds()
    named = {bound.template_id for bound in bounds if bound.template_id is not None}
    rows = list(Queue.objects.filter(is_paused=True).select_related("changed_by"))
    last = stops.last(rows) if rows else {}
    servers = _servers(now)
    unserved = queues.difference(*(server.queues for server in servers))
    return _Scene(
        now=now,
        servers=servers,
        held=_held(unserved, now) if unserved else {},
        paused={row.name: (last.get((row.name, "paused")) or stops.Stop.of(row)).words(now) for row in rows},
        bounds=bounds,
        running=places.runners(now, measured),
        pace=measured,
        names=dict(TaskTemplate.objects.filter(pk__in=named).values_list("pk", "name")) if named else {},
    )


def _servers(now: datetime) -> list[_Server]:
    workers = Worker.objects.present().willing().heard_since(now - HEARD)
    rows = workers.values_list(
        "name", "host", "queues", "belongs_to__kinds", "belongs_to__tools", "belongs_to__cpu_slots"
    )
    return [
        _Server(
            name=name,
            host=host,
            queues=frozenset(queues),
            kinds=frozenset(kinds) if kinds else None,
            tools=frozenset(tools) if tools else None,
            cores=cores or settings.CPU_SLOTS,
        )
        for name, host, queues, kinds, tools, cores in rows
    ]


def _held(queues: set[str], now: datetime) -> dict[str, str]:
    """By queue: who keeps the live workers that would serve it from taking anything, as the newest of them says."""
    found: dict[str, str] = {}
    workers = Worker.objects.present().heard_since(now - HEARD).select_related("belongs_to").order_by("pk")
    for worker in workers:
        wished = worker if worker.wish else worker.belongs_to
        if wished is None or not wished.wish:
            continue
        since = f" at {clock(wished.wished_at, now)}" if wished.wished_at else ""
        why = f" (“{wished.wish_reason}”)" if wished.wish_reason else ""
        words = f"{'drained' if wished.wish == Wish.DRAIN else 'stopped'} by {wished.wish_by or 'somebody'}{since}{why}"
        found |= dict.fromkeys(queues.intersection(worker.queues), words)
    return found


def _prospect(task: Task, scene: _Scene) -> Prospect:
    if (words := scene.paused.get(task.queue)) is not None:
        return Prospect(hold=Hold.PAUSED, words=words)
    servers = [server for server in scene.servers if task.queue in server.queues]
    if not servers:
        return Prospect(hold=Hold.UNSERVED, words=scene.held.get(task.queue, ""))
    able = [server for server in servers if not _lacks(task, server)]
    if not able:
        return Prospect(hold=Hold.TOOLS, words=listed(sorted(_lacks(task, servers[0]))))
    for bound in scene.bounds:
        if places.touches(bound, task):
            holders = places.rivals(bound, task, scene.running)
            if len(holders) >= bound.most:
                return _limited(bound, holders, scene)
    if task.is_cpu_intensive and (held := _cores(able, scene)) is not None:
        return held
    return Prospect(hold=Hold.WORKER, slots=_free(able, scene))


def _lacks(task: Task, server: _Server) -> set[str]:
    """What the server would need for the task, as the sentence says it."""
    revision = task.revision
    lacks = set()
    if server.tools is not None:
        needed = {tool.partition(".")[0] for tool in revision.required_tools}
        lacks = {f"the tools “{module}”" for module in needed - server.tools}
    if server.kinds is not None and task.kind not in server.kinds:
        lacks.add(f"an executor for “{task.kind}”")
    return lacks


def _limited(bound: Bound, holders: list[Runner], scene: _Scene) -> Prospect:
    of = _group_words(bound, scene)
    is_closed = not bound.most
    words = (
        f"Limit 0{of} stops it until it is raised" if is_closed else f"Limit {len(holders)} of {bound.most}{of} is held"
    )
    holders = [] if is_closed else holders
    left = sorted(each.seconds_left for each in holders if each.seconds_left is not None)
    known = len(left) == len(holders)
    return Prospect(
        hold=Hold.LIMIT,
        words=words,
        holders=tuple(holders),
        kind=places.alike(bound),
        # A limit that was lowered frees no slot until as few run as it allows.
        slots=tuple(left[len(holders) - bound.most :]) if known and bound.most else (),
    )


def _group_words(bound: Bound, scene: _Scene) -> str:
    name = f"template “{scene.names.get(bound.template_id or 0, '')}”"
    match bound.scope:
        case Limit.Scope.QUEUE:
            return f" of queue {bound.queue}"
        case Limit.Scope.TEMPLATE:
            return f" of {name}"
        case Limit.Scope.KEY:
            return f" of its key in {name}"
    return f" of its requester in {name}" if bound.template_id else " of its requester"


def _cores(able: list[_Server], scene: _Scene) -> Prospect | None:
    """None while one of the hosts has a core left."""
    cores = _cores_of(able)
    on = {host: [each for each in scene.running if each.is_cpu_intensive and each.host == host] for host in cores}
    if any(len(held) < cores[host] for host, held in on.items()):
        return None
    holders = [each for held in on.values() for each in held]
    words = f"All {sum(cores.values())} core slots of {listed(sorted(cores))} are held"
    slots = tuple(each.seconds_left for each in holders)
    return Prospect(hold=Hold.CORES, words=words, holders=tuple(holders), kind="cores", slots=slots)


def _cores_of(servers: Iterable[_Server]) -> dict[str, int]:
    """By host, as its own workers have registered it."""
    cores: dict[str, int] = {}
    for server in servers:
        cores[server.host] = max(server.cores, cores.get(server.host, 0))
    return cores


def _free(able: list[_Server], scene: _Scene) -> tuple[float | None, ...]:
    busy = {each.worker: each.seconds_left for each in scene.running}
    return tuple(busy.get(server.name, 0.0) for server in able)


def _placed(tasks: Sequence[Task], found: dict[int, Prospect], scene: _Scene) -> dict[int, Prospect]:
    """With places and times: one query for each kind of hold that occurs."""
    begins = _played([task for task in tasks if found[task.pk].hold in SHARING], scene)
    found = found | {
        task_id: replace(found[task_id], place=begin.place, seconds=begin.seconds) for task_id, begin in begins.items()
    }
    alike: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for task in tasks:
        prospect = found[task.pk]
        is_in_line = task.available_at <= scene.now and prospect.hold not in (Hold.UNSERVED, Hold.TOOLS)
        if is_in_line and task.pk not in begins:
            alike[prospect.kind, prospect.hold == Hold.WORKER].append(task.pk)
    ahead: dict[int, int] = {}
    for (kind, is_free), task_ids in alike.items():
        ahead |= places.ahead(task_ids, kind, scene.now, _startable(scene) if is_free else ("", ()))
    by_id = {task.pk: task for task in tasks}
    return {task_id: _with_place(by_id[task_id], each, ahead.get(task_id), scene) for task_id, each in found.items()}


def _played(tasks: Sequence[Task], scene: _Scene) -> dict[int, Begin]:
    """Of those near the head of their line, where limits or cores decide beside the workers: when they begin."""
    if not tasks or not (scene.bounds or any(each.is_cpu_intensive for each in scene.running)):
        return {}
    asked = {task.queue for task in tasks}
    servers = [server for server in scene.servers if asked & server.queues]
    queues = asked.union(*(server.queues for server in servers)).difference(scene.paused)
    waiting = [
        Waiting(
            task=task,
            able=frozenset(
                server.name for server in servers if task.queue in server.queues and not _lacks(task, server)
            ),
            seconds=scene.pace.of_template.get(task.template_id, scene.pace.of_queue.get(task.queue)),
        )
        for task in places.heads(sorted(queues, key=lambda name: (name not in asked, name)), scene.now)
    ]
    seats = [Seat(name=server.name, host=server.host, cores=server.cores) for server in servers]
    begins = forecast.begins(waiting, seats, scene.running, scene.bounds)
    return {task.pk: begins[task.pk] for task in tasks if task.pk in begins}


def _startable(scene: _Scene) -> tuple[str, list[object]]:
    """Those ahead that nothing holds back, for a task that nothing holds back."""
    groups = [
        Group(
            template_id=each.template_id, requester_id=each.requester_id, queue=each.queue, limit_key=each.limit_key,
            host=each.host if each.is_cpu_intensive else None, tasks=1,
        )
        for each in scene.running
    ]  # fmt: skip
    gate = Gate(queues=(), is_narrow=True, bounds=tuple(scene.bounds))
    held = [guarded.full(replace(gate, cores=cores), host, groups) for host, cores in _cores_of(scene.servers).items()]
    condition, values = guarded.condition(replace(held[0], cpu=all(each.cpu for each in held)), "a")
    return f" AND {condition}", values


def _with_place(task: Task, prospect: Prospect, ahead: int | None, scene: _Scene) -> Prospect:
    if ahead is None:
        return prospect
    if ahead >= MOST_AHEAD:
        return replace(prospect, most_ahead=MOST_AHEAD)
    place = ahead + 1
    usual = scene.pace.of_queue.get(task.queue)
    return replace(prospect, place=place, seconds=places.starts_in(place, prospect.slots, usual))
