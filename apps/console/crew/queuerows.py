"""Queues as the page shows them: state, what waits, how fast it goes, and why it does not go faster."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Min
from django.urls import reverse
from django.utils.http import urlencode

from apps.console import reasons, state
from apps.console.crew import pulse
from apps.console.crew.pulse import Pulse, Slots
from apps.core import durations
from apps.tasks.models import Task
from apps.tasks.operators import queues
from apps.tasks.operators.queues import Standing
from apps.tasks.states import Status
from apps.workers.answers import served

UNBELIEVABLE_SECONDS = 7 * 86_400
"""A queue that would take longer to empty at its present pace is not said to empty at all."""
NO_SLOTS, NO_PULSE = Slots(), Pulse()


@dataclass(frozen=True, kw_only=True)
class Badge:
    look: str
    icon: str
    word: str


@dataclass(frozen=True, kw_only=True)
class QueueRow:
    standing: Standing
    badge: Badge
    why: str
    oldest: str
    empty_in: str
    slots: Slots = NO_SLOTS
    pulse: Pulse = NO_PULSE

    def tasks_url(self, status: str) -> str:
        return f"{reverse('admin:tasks_task_changelist')}?{urlencode({'queue': self.standing.name, 'state': status})}"

    @property
    def pending_url(self) -> str:
        return self.tasks_url(Status.PENDING)

    @property
    def running_url(self) -> str:
        return self.tasks_url(Status.RUNNING)

    @property
    def open_url(self) -> str:
        return self.tasks_url("open")


def rows(viewer: Any, now: datetime) -> list[QueueRow]:
    """A bounded number of queries for any number of queues and tasks."""
    found = queues.standing(now, served.queues(now))
    sentences = _sentences(found, viewer, now)
    return [_row(each, sentences.get(each.name, ""), now) for each in found]


def with_pulse(rows: Sequence[QueueRow], now: datetime) -> list[QueueRow]:
    """With their slots and their last hour, for three queries more."""
    slots = pulse.slots(now)
    pulses = pulse.pulses(now, {row.standing.name: row.standing.pending for row in rows})
    return [
        replace(row, slots=slots.get(row.standing.name, NO_SLOTS), pulse=pulses.get(row.standing.name, NO_PULSE))
        for row in rows
    ]


def _sentences(found: Sequence[Standing], viewer: Any, now: datetime) -> dict[str, str]:
    """Why the task that has been there longest does not run, by queue."""
    if not any(each.pending for each in found):
        return {}
    ready = Task.objects.filter(status=Status.PENDING, available_at__lte=now).order_by()
    oldest = dict(ready.values_list("queue").annotate(first=Min("pk")))
    tasks = list(Task.objects.filter(pk__in=oldest.values()).select_related(*state.RELATED).defer(*state.HEAVY))
    facts = reasons.around(tasks, now, viewer)
    return {task.queue: reasons.why(task, facts) for task in tasks if task.status == Status.PENDING}


def _row(each: Standing, sentence: str, now: datetime) -> QueueRow:
    oldest = "" if each.oldest_seconds is None else durations.describe(float(int(each.oldest_seconds)))
    return QueueRow(
        standing=each, badge=badge(each), why=why(each, sentence, now), oldest=oldest, empty_in=empty_in(each)
    )


def badge(each: Standing) -> Badge:
    if each.paused:
        return Badge(look="paused", icon="paused", word="Paused")
    if not each.served_by:
        return Badge(look="failed" if each.pending else "cancelled", icon="warning", word="No worker")
    if each.draining:
        return Badge(look="paused", icon="down", word="Draining")
    return Badge(look="running", icon="running", word="Open")


def why(each: Standing, sentence: str, now: datetime) -> str:
    """`sentence`: why its oldest pending task does not run."""
    drains = f"Takes nothing new: drained {each.draining.words(now)}." if each.draining else ""
    if each.paused:
        held = f"Paused {each.paused.words(now)}. Nothing of it starts until it is resumed."
        held += "" if each.served_by else " No live worker serves it either."
    elif each.pending:
        held = sentence
    elif each.scheduled:
        held = f"Nothing waits; {each.scheduled:,} start later."
    else:
        held = "Nothing waits."
    return " ".join(filter(None, [drains, held]))


def empty_in(each: Standing) -> str:
    """When what waits will have started, if nothing comes in and the pace of the last minutes stays. "": not known."""
    if each.paused or not each.served_by or not each.pending or not each.started_per_minute:
        return ""
    seconds = 60 * each.pending / each.started_per_minute
    return "" if seconds > UNBELIEVABLE_SECONDS else durations.describe(float(max(1, round(seconds))))
