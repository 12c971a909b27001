"""Claiming where limits, cores or a worker's abilities hold some tasks back.

1. Without a lock: which groups are full, judged by the tasks that run now, and the best pending task of no full group.
   Nothing found, nothing locked: an idle worker disturbs nobody.
2. Under one lock for all such claims: the same again, and the same compare-and-swap as in any claim.

Nothing is counted up or down, so no slot can leak: a task holds its slots exactly while its status is running. One
whose worker has died holds them until it is rescued, which takes a second where the death is proved and the rest of
its lease where it is not; giving its slot away earlier could have two tasks work where one may.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from apps.tasks import sql
from apps.tasks.gates import Bound, Gate
from apps.tasks.models import Limit

LOCK = 0x4368616E
"""Of PostgreSQL's advisory locks; SQLite has its one write lock."""
LOOKED_AT = 200
"""The best so many of a queue are looked at one by one, before whole lanes are skipped."""
MOST_LANES = 2_000

# SQLite is told the way: by its own figures it may look through a million ended tasks.
RUNNING = (
    "SELECT t.template_id, t.requester_id, t.queue, t.limit_key,"
    " CASE WHEN t.is_cpu_intensive THEN e.host END, count(*)"
    " FROM tasks_task t {hint} CROSS JOIN tasks_execution e WHERE t.status = 'running' AND e.task_id = t.id"
    " GROUP BY 1, 2, 3, 4, 5"
)
TOP = (
    "SELECT rank, id FROM (SELECT * FROM tasks_task WHERE status = 'pending' AND queue = %s AND available_at <= %s"
    f" ORDER BY rank DESC, id LIMIT {LOOKED_AT}) AS t WHERE {{free}} ORDER BY rank DESC, id LIMIT 1"
)
FIRST = (
    "(SELECT t.id FROM tasks_task t WHERE t.status = 'pending' AND t.queue = {queue}{after}"
    " ORDER BY t.queue, t.revision_id, t.requester_id, t.limit_key, t.rank DESC, t.id LIMIT 1)"
)
# To the next lane of the same requester and revision, of the revision, of the queue: no look into what is held back as
# a whole. SQLite would go through the whole rest of a revision for a row comparison, while PostgreSQL without figures
# of the table takes another index than task_lane for anything else.
BEHIND = {
    "sqlite": "CASE WHEN {revision_is_free} THEN coalesce(CASE WHEN {requester_is_free} THEN "
    + FIRST.format(
        queue="p.queue",
        after=" AND t.revision_id = p.revision_id AND t.requester_id = p.requester_id AND t.limit_key > p.limit_key",
    )
    + " END, "
    + FIRST.format(queue="p.queue", after=" AND t.revision_id = p.revision_id AND t.requester_id > p.requester_id")
    + ", "
    + FIRST.format(queue="p.queue", after=" AND t.revision_id > p.revision_id")
    + ") ELSE "
    + FIRST.format(queue="p.queue", after=" AND t.revision_id > p.revision_id")
    + " END",
    "postgresql": "CASE WHEN {revision_is_free} THEN CASE WHEN {requester_is_free} THEN "
    + FIRST.format(
        queue="p.queue",
        after=" AND (t.revision_id, t.requester_id, t.limit_key) > (p.revision_id, p.requester_id, p.limit_key)",
    )
    + " ELSE "
    + FIRST.format(queue="p.queue", after=" AND (t.revision_id, t.requester_id) > (p.revision_id, p.requester_id)")
    + " END ELSE "
    + FIRST.format(queue="p.queue", after=" AND t.revision_id > p.revision_id")
    + " END",
}
LANES = (
    f"WITH RECURSIVE lane(id) AS (SELECT {FIRST.format(queue='%s', after='')}"
    " UNION ALL SELECT {behind} FROM lane JOIN tasks_task p ON p.id = lane.id),"
    f" lanes AS (SELECT id FROM lane WHERE id IS NOT NULL LIMIT {MOST_LANES})"
)
OF_LANE = {
    "sqlite": "b.queue = t.queue AND b.revision_id = t.revision_id AND b.requester_id = t.requester_id"
    " AND b.limit_key = t.limit_key",
    "postgresql": "b.queue = t.queue"
    " AND (b.revision_id, b.requester_id, b.limit_key) >= (t.revision_id, t.requester_id, t.limit_key)"
    " AND (b.revision_id, b.requester_id, b.limit_key) <= (t.revision_id, t.requester_id, t.limit_key)",
}
BEST_OF_LANES = (
    f"{LANES}, best AS (SELECT (SELECT b.id FROM tasks_task b WHERE b.status = 'pending' AND {{of_lane}}"
    " AND b.available_at <= %s"
    " ORDER BY b.queue, b.revision_id, b.requester_id, b.limit_key, b.rank DESC, b.id LIMIT 1) AS id"
    " FROM lanes JOIN tasks_task t ON t.id = lanes.id WHERE {free})"
    " SELECT t.rank, t.id, (SELECT count(*) FROM lanes) FROM (SELECT 1 AS one) AS always"
    " LEFT JOIN (SELECT t.rank, t.id FROM best JOIN tasks_task t ON t.id = best.id"
    " ORDER BY t.rank DESC, t.id LIMIT 1) AS t ON true"
)
ALL = (
    "SELECT rank, id FROM tasks_task t WHERE status = 'pending' AND queue = %s AND available_at <= %s AND {free}"
    " ORDER BY rank DESC, id LIMIT 1"
)


class Group(NamedTuple):
    """Tasks that run now and are alike in everything that limits ask for."""

    template_id: int
    requester_id: int
    queue: str
    limit_key: str
    host: str | None
    """Where they hold cores; None when they are not CPU-intensive."""
    tasks: int


@dataclass(frozen=True, kw_only=True)
class Full:
    """What may not be started now. Sorted tuples, so that equal states make equal statements."""

    queues: tuple[str, ...] = ()
    templates: tuple[int, ...] = ()
    users: tuple[int, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()
    """(template, user)"""
    keys: tuple[tuple[int, str], ...] = ()
    """(template, limit key)"""
    keyed: tuple[int, ...] = ()
    """Templates of which no task with a limit key may start."""
    revisions: tuple[int, ...] = ()
    cpu: bool = False
    everything: bool = False


def claim(gate: Gate, host: str, now: datetime, take: Callable[[int], Any]) -> Any:
    """What `take(task id)` answers for the best task that may start on this host; None when there is none.

    `take` runs inside the transaction and answers None when the task is no longer pending.
    """
    if best(gate.queues, full(gate, host, running()), now) is None:
        return None
    with sql.transaction():
        if not sql.is_sqlite():
            sql.run("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        found = best(gate.queues, full(gate, host, running()), now)
        return None if found is None else take(found)


def running() -> list[Group]:
    """What runs now, whoever holds it and whether its lease is still good."""
    with connection.cursor() as cursor:
        cursor.execute(RUNNING.format(hint="INDEXED BY task_by_status" if sql.is_sqlite() else ""))
        return [Group(*row) for row in cursor.fetchall()]


def full(gate: Gate, host: str, groups: Iterable[Group]) -> Full:
    """Pure: the groups that may have no further task, from what runs and what the limits allow."""
    groups = list(groups)
    held: dict[str, set[Any]] = {name: set() for name in ("queues", "templates", "users", "pairs", "keys", "keyed")}
    everything = False
    for bound in gate.bounds:
        everything |= _add(bound, groups, held)
    used = sum(group.tasks for group in groups if group.host == host)
    return Full(
        **{name: tuple(sorted(values)) for name, values in held.items()},
        revisions=tuple(sorted(gate.closed)),
        cpu=used >= gate.cores,
        everything=everything,
    )


def _add(bound: Bound, groups: list[Group], held: dict[str, set[Any]]) -> bool:
    """Add what this limit holds back; True when that is everything."""
    match bound.scope, bound.template_id, bound.user_id:
        case Limit.Scope.QUEUE, _, _:
            if _count(groups, queue=bound.queue) >= bound.most:
                held["queues"].add(bound.queue)
        case Limit.Scope.TEMPLATE, template, _:
            if _count(groups, template_id=template) >= bound.most:
                held["templates"].add(template)
        case Limit.Scope.USER, None, None:
            held["users"] |= _crowded(groups, bound.most, lambda group: group.requester_id)
            return bound.most == 0
        case Limit.Scope.USER, template, None:
            mine = [group for group in groups if group.template_id == template]
            held["pairs"] |= {(template, user) for user in _crowded(mine, bound.most, lambda group: group.requester_id)}
            if bound.most == 0:
                held["templates"].add(template)
        case Limit.Scope.USER, None, user:
            if _count(groups, requester_id=user) >= bound.most:
                held["users"].add(user)
        case Limit.Scope.USER, template, user:
            if _count(groups, template_id=template, requester_id=user) >= bound.most:
                held["pairs"].add((template, user))
        case Limit.Scope.KEY, template, _:
            mine = [group for group in groups if group.template_id == template and group.limit_key]
            held["keys"] |= {(template, key) for key in _crowded(mine, bound.most, lambda group: group.limit_key)}
            if bound.most == 0:
                held["keyed"].add(template)
    return False


def _count(groups: Iterable[Group], **alike: Any) -> int:
    return sum(group.tasks for group in groups if all(getattr(group, name) == value for name, value in alike.items()))


def _crowded(groups: Iterable[Group], most: int, by: Callable[[Group], Any]) -> set[Any]:
    counts: Counter[Any] = Counter()
    for group in groups:
        counts[by(group)] += group.tasks
    return {value for value, count in counts.items() if count >= most}


def best(queues: Iterable[str], held: Full, now: datetime) -> int | None:
    """The id of the best pending task of these queues that nothing holds back."""
    if held.everything:
        return None
    found = [_best_of(queue, held, now) for queue in queues if queue not in held.queues]
    ranked = sorted((-rank, task_id) for rank, task_id in filter(None, found))
    return ranked[0][1] if ranked else None


def _best_of(queue: str, held: Full, now: datetime) -> tuple[float, int] | None:
    """The best few hundred one by one; when all are held back, the best of each lane; with very many lanes, all.

    A lane is (revision, requester, limit key): whether a task is held back is the same for all of its lane, so one
    look skips a lane of any length. 100,000 tasks of one template behind its limit cost the same as one.
    """
    free, values = condition(held)
    moment = sql.moment(now)
    row = sql.run(TOP.format(free=free), [queue, moment, *values])
    if row is not None:
        return float(row[0]), int(row[1])
    statement, hops = _of_lanes(held, free)
    rank, task_id, lanes = sql.run(statement, [queue, *hops, moment, *values])
    if task_id is None and lanes < MOST_LANES:
        return None
    if lanes >= MOST_LANES:
        row = sql.run(ALL.format(free=free), [queue, moment, *values])
        return None if row is None else (float(row[0]), int(row[1]))
    return float(rank), int(task_id)


def _of_lanes(held: Full, free: str) -> tuple[str, list[Any]]:
    """The statement, with the values of its hops: what is held back as a whole is one step, however many lanes it has."""
    revision, first = condition(Full(templates=held.templates, revisions=held.revisions, cpu=held.cpu), "p")
    requester, second = condition(Full(users=held.users, pairs=held.pairs, keyed=held.keyed), "p")
    vendor = connection.vendor
    behind = BEHIND[vendor].format(revision_is_free=revision, requester_is_free=requester)
    return BEST_OF_LANES.format(behind=behind, of_lane=OF_LANE[vendor], free=free), [*first, *second]


def condition(held: Full, row: str = "t") -> tuple[str, list[Any]]:
    """SQL that is true for the rows that nothing holds back, with its values (queues are left to the caller)."""
    parts: list[str] = []
    values: list[Any] = []
    columns = {"template_id": held.templates, "requester_id": held.users, "revision_id": held.revisions}
    for column, items in columns.items():
        if items:
            parts.append(f"{row}.{column} NOT IN ({_places(items)})")
            values += items
    for second, pairs in (("requester_id", held.pairs), ("limit_key", held.keys)):
        for template, value in pairs:
            parts.append(f"NOT ({row}.template_id = %s AND {row}.{second} = %s)")
            values += [template, value]
    if held.keyed:
        parts.append(f"NOT ({row}.template_id IN ({_places(held.keyed)}) AND {row}.limit_key <> '')")
        values += held.keyed
    if held.cpu:
        parts.append(f"NOT {row}.is_cpu_intensive")
    return " AND ".join(parts) or "1 = 1", values


def _places(items: Iterable[Any]) -> str:
    return ", ".join("%s" for _ in items)
