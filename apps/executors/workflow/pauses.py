"""When runs were paused: time in which none of their nodes could work."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from apps.executors.workflow.running.standing import Standing
from apps.tasks.models import Event

Pauses = Sequence[tuple[datetime, datetime]]
"""From when until when, one after another."""
BEGINS = "task.paused"
ENDS = ("task.resumed", "task.cancelled", "task.failed")


def of(task_ids: Collection[int], now: datetime) -> Mapping[int, Pauses]:
    """By task; one that has not ended lasts until now. Where there were none, there is no entry."""
    events = Event.objects.filter(task_id__in=task_ids, kind__in=(BEGINS, *ENDS)).order_by("task_id", "seq")
    found: defaultdict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    since: dict[int, datetime] = {}
    for task_id, kind, at in events.values_list("task_id", "kind", "at"):
        if kind == BEGINS:
            since.setdefault(task_id, at)
        elif task_id in since:
            found[task_id].append((since.pop(task_id), at))
    for task_id, at in since.items():
        found[task_id].append((at, now))
    return found


def within(pauses: Pauses, begin: datetime, end: datetime) -> timedelta:
    """How much of the time from `begin` to `end` was a pause."""
    parts = (min(end, until) - max(begin, since) for since, until in pauses)
    return sum((part for part in parts if part > timedelta()), timedelta())


def left_out(standings: Mapping[int, Standing], pauses: Pauses, now: datetime) -> Mapping[int, Standing]:
    """The same nodes as if each had begun later by what it was paused."""
    if not pauses:
        return standings
    return {
        number: each
        if each.began_at is None
        else replace(each, began_at=each.began_at + within(pauses, each.began_at, each.ended_at or now))
        for number, each in standings.items()
    }
