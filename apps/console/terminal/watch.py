"""Following a task until it ends: looks at the database when a hint says so, and once a second for safety."""

import select
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from apps.console import reasons, words
from apps.console.terminal.progress import Display, Snapshot
from apps.console.terminal.telling import WORKFLOW, sayings
from apps.core import clock, hints
from apps.tasks import standing
from apps.tasks.models import Event, Run, Task
from apps.tasks.record.feed import Entry
from apps.tasks.states import Status
from apps.workers.models import Worker

LONGEST_WAIT = 1.0
SHORTEST_WAIT = 0.1
"""Seconds between two looks, however many hints come."""
PATIENCE = 5.0
"""Seconds a task may wait before a missing worker is mentioned."""
HEARD = timedelta(seconds=15)
NO_WORKER = "No worker has been heard of; start one with manage.py up."
HEAVY = (
    "result", "parameters", "instructions",
    "revision__script", "revision__parameter_schema", "revision__triggers", "revision__outputs",
    "revision__graph",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look: the state, and the events since the look before."""

    snapshot: Snapshot
    news: tuple[Entry, ...]


def watch(task_id: int, viewer: Any, display: Display, *, is_talkative: bool = False) -> None:
    """Show a task until it has ended. With `is_talkative` its whole log, else warnings and errors of it."""
    began = time.monotonic()
    is_told = False
    try:
        for look in follow(task_id, viewer):
            for text in sayings(look.news, is_talkative=is_talkative, is_workflow=bool(look.snapshot.nodes)):
                display.tell(text)
            display.show(look.snapshot)
            if look.snapshot.status == Status.PENDING and not is_told and time.monotonic() - began > PATIENCE:
                is_told = True
                if not has_workers():
                    display.tell(NO_WORKER)
    finally:
        display.close()


def follow(task_id: int, viewer: Any, after: int | None = None) -> Iterator[Look]:
    """Looks at the task, at least one a second; the last is of the ended task. News begin after `after`, or now."""
    listener = hints.Listener(hints.FEED)  # before the first look, so that no change falls between
    try:
        seen = _newest(task_id) if after is None else after
        longest = 2 * hints.LISTING_SECONDS  # senders look only that often who listens
        while True:
            looked = time.monotonic()
            snapshot = snap(task_id, viewer)
            news = tuple(_events(task_id, seen)) if snapshot.seq > seen else ()
            seen = news[-1].seq if news else seen
            yield Look(snapshot=snapshot, news=news)
            if snapshot.is_final:
                return
            _wait(listener, task_id, looked, longest)
            longest = LONGEST_WAIT
    finally:
        listener.close()


def _wait(listener: hints.Listener, task_id: int, looked: float, longest: float) -> None:
    while (rest := looked + longest - time.monotonic()) > 0:
        ready, _, _ = select.select([listener], [], [], rest)
        if ready and listener.drain() & {0, task_id}:
            time.sleep(max(0.0, looked + SHORTEST_WAIT - time.monotonic()))
            return


def _newest(task_id: int) -> int:
    return int(Task.objects.values_list("execution__seq", flat=True).get(pk=task_id))


def _events(task_id: int, after: int) -> Iterator[Entry]:
    events = Event.objects.filter(task_id=task_id, seq__gt=after).order_by("seq").select_related("actor")
    for event in events:
        actor = event.actor.get_username() if event.actor else ""
        yield Entry(seq=event.seq, kind=event.kind, at=event.at, actor=actor, data=event.data)


def snap(task_id: int, viewer: Any) -> Snapshot:
    """The task as its rows are now, and as the viewer may see it."""
    task = Task.objects.select_related("execution", "revision").defer(*HEAVY).get(pk=task_id)
    now = clock.now()
    execution = task.execution
    names = [stage["name"] for stage in task.revision.stages]
    elapsed, stage = standing.elapsed(task, now), execution.stage
    return Snapshot(
        task_id=task.pk,
        title=task.title,
        status=task.status,
        why=reasons.why(task, reasons.around([task], now, viewer)),
        percent=execution.percent,
        stage=stage,
        stage_number=names.index(stage) + 1 if stage in names else 0,
        stages=len(names),
        message=execution.message,
        line=execution.line,
        call=execution.call,
        worker=execution.worker,
        elapsed=elapsed,
        remaining=standing.remaining(task, elapsed or 0.0),
        seq=execution.seq,
        is_final=task.is_final,
        nodes=_nodes(task),
    )


def _nodes(task: Task) -> str:
    """'37 of 200 nodes done, 3 running, 1 failed'; nothing of other tasks, and of a workflow that has not begun."""
    run = Run.objects.filter(pk=task.pk).first() if task.kind == WORKFLOW else None
    if run is None:
        return ""
    states = {"running": run.running, "failed": run.failed, "skipped": run.skipped}
    said = [f"{number:,} {state}" for state, number in states.items() if number]
    return ", ".join([f"{run.completed:,} of {words.count(run.total, 'node')} done", *said])


def has_workers() -> bool:
    return Worker.objects.present().heard_since(clock.now() - HEARD).exists()
