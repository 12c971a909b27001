"""What limits, cores and a worker's abilities hold back just now, and the best pending tasks that nothing does.

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
from apps.tasks.limits.gates import Bound, Gate
from apps.tasks.models import Limit

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
COLUMNS = "t.rank, t.id, t.attempt_count, t.template_id, t.requester_id, t.queue, t.limit_key, t.is_cpu_intensive"
"""Of a Candidate."""
TOP = (
    f"SELECT {COLUMNS} FROM (SELECT * FROM tasks_task WHERE status = 'pending' AND queue = %s AND available_at <= %s"
    f"{{behind}} ORDER BY rank DESC, id LIMIT {LOOKED_AT}) AS t WHERE {{free}} ORDER BY t.rank DESC, t.id LIMIT {{most}}"
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
    f" SELECT (SELECT count(*) FROM lanes), {COLUMNS} FROM (SELECT 1 AS one) AS always"
    " LEFT JOIN (SELECT t.* FROM best JOIN tasks_task t ON t.id = best.id"
    " ORDER BY t.rank DESC, t.id LIMIT 1) AS t ON true"
)
ALL = (
    f"SELECT {COLUMNS} FROM tasks_task t WHERE status = 'pending' AND queue = %s AND available_at <= %s AND {{free}}"
    " ORDER BY rank DESC, id LIMIT 1"
)


class Candidate(NamedTuple):
    """A pending task, with all that limits ask for."""

    rank: float
    id: int
    attempts: int
    template_id: int
    requester_id: int
    queue: str
    limit_key: str
    is_cpu_intensive: bool


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


def free(queues: Iterable[str], held: Full, now: datetime, most: int = 1) -> list[Candidate]:
    """Up to `most` of the best pending tasks of these queues that nothing holds back, the best first.

    None only where there is none; but there may be more than were looked at.
    """
    if held.everything:
        return []
    found = [each for queue in queues if queue not in held.queues for each in _free_of(queue, held, now, most)]
    return sorted(found, key=lambda each: (-each.rank, each.id))[:most]


def _free_of(queue: str, held: Full, now: datetime, most: int) -> list[Candidate]:
    """The best few hundred one by one; when all are held back, the best of each lane; with very many lanes, all.

    A lane is (revision, requester, limit key): whether a task is held back is the same for all of its lane, so one
    look skips a lane of any length. 100,000 tasks of one template behind its limit cost the same as one.
    """
    text, values = condition(held)
    start = [queue, sql.moment(now)]
    if found := sql.rows(TOP.format(free=text, behind="", most=most), [*start, *values]):
        return [Candidate(*row) for row in found]
    statement, hops = _of_lanes(held, text)
    lanes, *row = sql.run(statement, [queue, *hops, start[1], *values])
    if lanes >= MOST_LANES:
        row = sql.run(ALL.format(free=text), [*start, *values])
    if row is None or row[1] is None:
        return []
    best = Candidate(*row)
    if most == 1:
        return [best]
    found = sql.rows(TOP.format(free=text, behind=" AND rank <= %s", most=most), [*start, best.rank, *values])
    return [Candidate(*row) for row in found] or [best]


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
