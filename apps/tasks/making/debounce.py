"""Debounce: a request that follows another which has not started yet takes its place, and the clock starts again.

Requests of one person for one template follow one another, or with a debounce key those that share its value. Never
those of two people: a task acts as its requester, and its parameters are theirs alone.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from apps.catalog import groupkeys
from apps.catalog.models import TemplateRevision
from apps.tasks import news, sql
from apps.tasks.making import equal
from apps.tasks.models import Task, Window
from apps.tasks.record import feed
from apps.tasks.states import Status

MOST_WINDOWS = 10
"""A stream of requests that never pauses still runs: after so many windows from the first one nothing is put off."""

TAKEN_OVER = (
    "revision", "kind", "title", "instructions", "origin", "tags", "parameters", "queue", "priority", "rank",
    "available_at", "turn_at", "limit_key", "is_cpu_intensive", "request_digest", "deadline", "estimated_seconds",
    "estimated_steps", "complexity", "updated_at",
)  # fmt: skip
"""What the later request gives the task; its id, first key and age are those of the first."""


def group(revision: TemplateRevision, requester: Any, parameters: dict[str, Any]) -> bytes:
    """Equal for requests that follow one another."""
    return equal.digest(revision.template_id, requester.pk, groupkeys.value(revision.debounce_key, parameters))


def put_off(now: datetime, seconds: int, first: datetime) -> datetime:
    """When it may start: a window after now, and no later than the cap after the first request."""
    window = timedelta(seconds=seconds)
    return max(now, min(now + window, first + MOST_WINDOWS * window))


def hold(of: bytes) -> None:
    """Only one transaction at a time decides about a group (SQLite has one write lock, which the caller holds)."""
    if not sql.is_sqlite():
        sql.run("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(of[:8], signed=True)])


def waiting(of: bytes) -> Window | None:
    """The group's task that nobody has started, its row locked: a claim comes before or after, never between."""
    newest = Window.objects.filter(digest=of).order_by("-task").first()
    if newest is None:
        return None
    tasks = Task.objects.select_for_update(of=("self",), no_key=True)
    task = tasks.filter(pk=newest.task_id, status=Status.PENDING, attempt_count=0).first()
    if task is None:
        return None
    newest.task = task
    return newest


def take_place(window: Window, later: Task, data: dict[str, Any]) -> Task:
    """Give the waiting task what the later request asks for; `later` is its unsaved task, `data` its event's."""
    task = window.task
    before = equal.digest(task.parameters).hex()
    for name in TAKEN_OVER:
        setattr(task, name, getattr(later, name))
    Task.objects.filter(pk=task.pk).update(**{name: getattr(task, name) for name in TAKEN_OVER})
    Window.objects.filter(pk=window.pk).update(requests=F("requests") + 1)
    merged = {**data, "before": before, "after": equal.digest(task.parameters).hex(), "count": window.requests + 1}
    feed.append(task.pk, "task.merged", later.updated_at, task.requester, merged)
    news.publish(task.pk, "task.merged", is_claimable=True)
    return task
