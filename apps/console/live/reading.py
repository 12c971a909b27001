"""What the poller asks the database for. Runs in its one thread; everything is by task, never by a global id."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model

from apps.console import feedrows, reasons, state
from apps.console.approvals import inbox
from apps.console.approvals.inbox import Standing
from apps.console.feedrows import FeedRow, LogRow
from apps.console.live.messages import TaskRow
from apps.console.state import TaskState
from apps.core import clock
from apps.tasks.models import Execution, Task
from apps.tasks.record import feed
from apps.tasks.record.feed import Entry
from apps.tasks.sight import Sight


@dataclass(frozen=True, kw_only=True)
class Tail:
    """A task's feed after a seq, up to the state it comes with."""

    is_reset: bool
    feed: list[FeedRow]
    log: list[LogRow]
    nodes: list[tuple[int, str]] | None


@dataclass(frozen=True, kw_only=True)
class Look:
    """The state as each viewer may see it, and what the feed has after each seq."""

    states: dict[Sight, TaskState]
    tails: dict[int, Tail]


def seqs(task_ids: Iterable[int]) -> dict[int, int]:
    """The newest seq of each of these tasks: whoever has it has everything."""
    return dict(Execution.objects.filter(pk__in=list(task_ids)).values_list("pk", "seq"))


def task(task_id: int, after: Collection[int], viewers: Iterable[Sight]) -> Look | None:
    """The task as it is now, for all of these; None when it is gone. The number of queries depends on neither."""
    now = clock.now()
    try:
        states = state.load_for(task_id, now, viewers)
    except Task.DoesNotExist:
        return None
    until = next(iter(states.values()))["seq"]
    return Look(states=states, tails=_tails(task_id, after, until, now))


def _tails(task_id: int, after: Collection[int], until: int, now: datetime) -> dict[int, Tail]:
    """After each of these seqs, out of one read from the lowest of them, or of the newest where that is too much."""
    entries = feed.read(task_id, min(after)) if min(after) < until else []
    is_cut = len(entries) >= feed.MAX_PAGE
    if is_cut:
        entries = feed.newest(task_id)
    return {seq: _tail(entries, seq, until, now, is_cut=is_cut) for seq in after}


def _tail(entries: Sequence[Entry], after: int, until: int, now: datetime, *, is_cut: bool) -> Tail:
    """Nothing beyond `until`: state and feed are of one moment, and the rest comes with the next look."""
    mine = [entry for entry in entries if entry.seq > after]
    is_reset = is_cut and len(mine) == len(entries)
    mine = [entry for entry in mine if entry.seq <= until]
    return Tail(
        is_reset=is_reset, feed=feedrows.rows(mine, now), log=feedrows.log(mine, now), nodes=feedrows.advanced(mine)
    )


def newest_task() -> int:
    return Task.objects.order_by("-id").values_list("id", flat=True).first() or 0


@dataclass(frozen=True, kw_only=True)
class Changed:
    """Tasks that a user may see: rows of those that are shown, ids of the others, and which of these are parts."""

    rows: Sequence[TaskRow] = ()
    others: Sequence[int] = ()
    parts: frozenset[int] = frozenset()


def visible(user_id: int, task_ids: Sequence[int], shown: set[int]) -> Changed:
    """Of these tasks the ones that the user may see."""
    user: Any = get_user_model().objects.filter(pk=user_id).first()
    if user is None:
        return Changed()
    found = list(
        Task.objects.visible_to(user).filter(pk__in=task_ids).select_related(*state.RELATED).defer(*state.HEAVY)
    )
    listed = [task for task in found if task.pk in shown]
    facts = reasons.around(listed, clock.now(), user)
    rows = [_row(task, facts) for task in listed]
    return Changed(
        rows=rows,
        others=[task.pk for task in found if task.pk not in shown],
        parts=frozenset(task.pk for task in found if task.parent_id is not None),
    )


def standing(user_id: int) -> Standing:
    """What is asked of this user now."""
    user: Any = get_user_model().objects.filter(pk=user_id).first()
    return inbox.standing(user) if user is not None else Standing(count="", mark="")


def _row(task: Task, facts: reasons.Around) -> TaskRow:
    return TaskRow(
        id=task.pk,
        status=task.status,
        icon="dead" if task.is_dead_letter else task.status,
        word=state.badge(task, facts.now),
        sentence=reasons.why(task, facts) or reasons.doing(task),
        percent=round(task.execution.percent, 1),
    )
