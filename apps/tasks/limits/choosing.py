"""Which pending tasks to claim next under limits, and whether that needs the lock that all such claims share.

1. Without the lock: the best tasks that nothing holds back. When no limit concerns any of them, they are claimed like
   all others: a limit somewhere else costs one look. Nothing found, nothing locked: an idle worker disturbs nobody.
2. Otherwise under the lock: which groups are full, judged by the tasks that run now, and of each group that is not as
   many as its share.

A handful takes at most half of a group's free slots, rounded up: the rest is for the other workers.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime

from apps.tasks import sql
from apps.tasks.limits import guarded
from apps.tasks.limits.gates import Bound, Gate
from apps.tasks.limits.guarded import Candidate, Full, Group
from apps.tasks.models import Limit

LOCK = 0x4368616E
"""Of PostgreSQL's advisory locks; SQLite has its one write lock."""


def startable(gate: Gate, host: str, most: int, now: datetime) -> list[Candidate]:
    """Up to `most` of the best pending tasks that may start on this host now, each taken by itself. No lock."""
    head = guarded.free(gate.queues, Full(revisions=tuple(sorted(gate.closed))), now, most)
    if not any(is_limited(gate, each) for each in head):
        return head
    return guarded.free(gate.queues, guarded.full(gate, host, guarded.running()), now, most)


def lock() -> None:
    """PostgreSQL: wait until no other claim is under the lock, and keep others out until the transaction ends."""
    sql.run("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def under_lock(gate: Gate, host: str, most: int, now: datetime) -> list[int]:
    """The ids of up to `most` tasks that may start together on this host; the caller's transaction holds the lock."""
    groups = guarded.running()
    found = guarded.free(gate.queues, guarded.full(gate, host, groups), now, most)
    return share(gate, host, groups, found, most)


def is_limited(gate: Gate, task: Candidate) -> bool:
    """Pure: whether any limit, or the number of cores, is about this task."""
    return task.is_cpu_intensive or any(group_of(bound, task) is not None for bound in gate.bounds)


def share(gate: Gate, host: str, groups: Sequence[Group], tasks: Iterable[Candidate], most: int) -> list[int]:
    """Pure: which of these tasks to start together. The first goes if it may go alone; one tried before goes alone."""
    used: Counter[Hashable] = Counter()
    for group in groups:
        used.update({slot: group.tasks for slot, _ in _slots(gate, host, group)})
    taken: Counter[Hashable] = Counter()
    chosen: list[int] = []
    for task in tasks:
        slots = _slots(gate, host, task)
        if len(chosen) == most or (chosen and task.attempts):
            break
        if any(taken[slot] >= (limit - used[slot] + 1) // 2 for slot, limit in slots):
            continue
        chosen.append(task.id)
        taken.update(slot for slot, _ in slots)
        if task.attempts:
            break
    return chosen


def _slots(gate: Gate, host: str, task: Candidate | Group) -> list[tuple[Hashable, int]]:
    """What the task holds while it runs: (limit and its group, how many there are)."""
    slots: list[tuple[Hashable, int]] = [
        ((bound.id, group), bound.most) for bound in gate.bounds if (group := group_of(bound, task)) is not None
    ]
    needs_core = task.is_cpu_intensive if isinstance(task, Candidate) else task.host == host
    return [*slots, ("core", gate.cores)] if needs_core else slots


def group_of(bound: Bound, task: Candidate | Group) -> Hashable:
    """Pure: which of the limit's groups the task is in; None where the limit is not about it."""
    match bound.scope:
        case Limit.Scope.QUEUE:
            return True if task.queue == bound.queue else None
        case Limit.Scope.TEMPLATE:
            return True if task.template_id == bound.template_id else None
        case Limit.Scope.USER:
            is_meant = bound.template_id in (None, task.template_id) and bound.user_id in (None, task.requester_id)
            return task.requester_id if is_meant else None
        case _:
            return task.limit_key if task.template_id == bound.template_id and task.limit_key else None
