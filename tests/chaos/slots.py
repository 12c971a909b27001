"""I5: what is held is held by live leases, exactly, at every look; no limit is exceeded; when idle nothing is held."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.chaos.storm.scripts import SHOP

Sql = Callable[[str], list[tuple[Any, ...]]]

DATABASE_CLOCK = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "extract(epoch from clock_timestamp())",
}
# One statement, so that all of it is one moment: what runs, what has a lease, what has an attempt that has not ended.
HELD = (
    "SELECT t.id, t.status, t.template_id, t.requester_id, t.queue, t.limit_key, t.is_cpu_intensive, e.host, e.worker,"
    " e.lease_until - {now},"
    " (SELECT count(*) FROM tasks_attempt a WHERE a.task_id = t.id AND a.outcome = 'running')"
    " FROM tasks_task t JOIN tasks_execution e ON e.task_id = t.id"
    " WHERE t.status = 'running' OR e.lease_until IS NOT NULL"
    " OR t.id IN (SELECT task_id FROM tasks_attempt WHERE outcome = 'running')"
)
LEVEL = (
    f"SELECT burst, level + ({{now}} - level_at) * per_second FROM tasks_ratelimit WHERE service = '{SHOP['service']}'"
)


@dataclass(frozen=True, kw_only=True)
class Held:
    """A task that runs, is leased, or has an attempt without an end: one of these three."""

    task: int
    status: str
    template: int = 0
    requester: int = 0
    queue: str = "default"
    key: str = ""
    is_cpu: bool = False
    host: str = ""
    worker: str = ""
    seconds_left: float | None = None
    """Of its lease; None: it has none."""
    attempts: int = 1
    """Attempts that have not ended."""

    @property
    def is_running(self) -> bool:
        return self.status == "running"

    @property
    def is_leased(self) -> bool:
        return self.seconds_left is not None


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A limit, as its row says."""

    scope: str
    most: int
    queue: str = ""
    template: int | None = None

    def group(self, held: Held) -> Any:
        """The group of this limit that a running task is in; None: in none."""
        if self.scope == "queue":
            return held.queue if held.queue == self.queue else None
        if self.template not in (None, held.template):
            return None
        return {"template": held.template, "user": held.requester, "key": held.key or None}[self.scope]


CORES = "cores of a host"


def held_now(sql: Sql, database: str) -> tuple[Held, ...]:
    rows = sql(HELD.format(now=DATABASE_CLOCK[database]))
    return tuple(
        Held(task=row[0], status=row[1], template=row[2], requester=row[3], queue=row[4], key=row[5], is_cpu=bool(row[6]),
             host=row[7], worker=row[8], seconds_left=None if row[9] is None else float(row[9]), attempts=int(row[10]))
        for row in rows
    )  # fmt: skip


def bucket_now(sql: Sql, database: str) -> float:
    """What is left in the rate bucket; negative: promised."""
    return min(map(float, sql(LEVEL.format(now=DATABASE_CLOCK[database]))[0]))


def bounds(sql: Sql) -> tuple[Bound, ...]:
    rows = sql("SELECT scope, most, queue, template_id FROM tasks_limit WHERE is_enabled")
    return tuple(Bound(scope=row[0], most=row[1], queue=row[2], template=row[3]) for row in rows)


def mismatches(held: Iterable[Held]) -> Iterator[tuple[int, str]]:
    """(task, what is wrong) where a slot, a lease and an attempt are not held together."""
    for each in held:
        if each.is_running and not each.is_leased:
            yield each.task, "runs, and holds its slots, without a lease"
        elif each.is_leased and not each.is_running:
            yield each.task, f"is {each.status}, and its lease is still held"
        elif each.attempts != (1 if each.is_running else 0):
            yield each.task, f"is {each.status} with {each.attempts} attempts that have not ended"


def exceeded(held: Iterable[Held], limits: Sequence[Bound], cores: int) -> Iterator[str]:
    """Which limit has more tasks than it lets through."""
    running = [each for each in held if each.is_running]
    for limit in limits:
        counts = Counter(group for each in running if (group := limit.group(each)) is not None)
        for group, count in counts.items():
            if count > limit.most:
                yield f"{count} run under the {limit.scope} limit of {limit.most} ({group})"
    for host, count in Counter(each.host for each in running if each.is_cpu).items():
        if count > cores:
            yield f"{count} run under the limit of {cores} {CORES} ({host})"


def at_most(held: Iterable[Held], limits: Sequence[Bound]) -> Counter[str]:
    """How many slots of each limit are in use, the fullest group of each: that the limits were met at all."""
    running = [each for each in held if each.is_running]
    used: Counter[str] = Counter()
    for limit in limits:
        counts = Counter(group for each in running if (group := limit.group(each)) is not None)
        used[limit.scope] = max(used[limit.scope], *counts.values(), 0)
    cpu = Counter(each.host for each in running if each.is_cpu)
    used["cores"] = max(cpu.values(), default=0)
    return used
