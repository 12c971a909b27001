"""The overview: what needs a person, runs, waits and why; the last hours; the workers. A bounded number of queries.

What is a part of another task is that one's to answer for: a failed node and its workflow are one thing to do. So parts
are counted beside the tasks that run and wait, and not among them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone

from apps.catalog.models import TaskTemplate
from apps.console import reasons, state, words
from apps.console.approvals import inbox
from apps.core import clock, durations
from apps.tasks.models import Task
from apps.tasks.models.task import MOST_COUNTED, in_status
from apps.tasks.states import OPEN, Status
from apps.workers.models import Worker

ROWS = 8
HOURS = 3
SLOT = timedelta(minutes=5)
DAY = timedelta(hours=24)
WIDTH, HEIGHT = 360.0, 92.0
MOST_FINISHED = 20_000
"""Finished tasks that the chart counts; beyond that a day's list is what one wants."""
RESTING = (Status.WAITING, Status.PAUSED, Status.BLOCKED)
NEEDS_SOMEBODY = in_status(Status.FAILED)


@dataclass(frozen=True, kw_only=True)
class Figure:
    look: str
    icon: str
    label: str
    number: int
    under: str
    query: str


@dataclass(frozen=True, kw_only=True)
class Row:
    task: Task
    badge: str
    sentence: str
    age: str


@dataclass(frozen=True, kw_only=True)
class Bar:
    """In the chart's own units; from the bottom."""

    look: str
    x: float
    y: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Chart:
    bars: list[Bar]
    ticks: list[str]
    completed: int
    failed: int
    most: int

    @property
    def sentence(self) -> str:
        return (
            f"Ended tasks per 5 minutes over the last {HOURS} hours: {self.completed:,} completed, {self.failed:,} failed,"
            f" at most {self.most:,} in 5 minutes"
        )


@dataclass(frozen=True, kw_only=True)
class Present:
    """A worker that is here, and what it does."""

    worker: Worker
    look: str
    word: str
    doing: str
    heartbeat: str


def context(user: Any) -> dict[str, Any]:
    now = clock.now()
    everything = Task.objects.visible_to(user)
    visible = everything.wholes()
    running = _some(visible.filter(in_status(Status.RUNNING)), ROWS)
    next_ones = visible.newest([each for each in OPEN if each != Status.RUNNING], ROWS)
    waiting = _some(visible.filter(pk__in=next_ones), ROWS)
    failed = _some(visible.filter(NEEDS_SOMEBODY), ROWS, first="-finished_at")
    facts = reasons.around([*running, *waiting, *failed], now, user)
    asked = inbox.first(user, ROWS)
    standing = _standing(everything)
    figures = _figures(visible, standing, now, inbox.number(user) if asked else 0)
    needs = next(figure.number for figure in figures if figure.look == "person")
    return {
        "now": now,
        "figures": figures,
        "greeting": _greeting(user, now, needs),
        "asked": asked,
        "needs": [_row(task, facts) for task in failed],
        "running": [_row(task, facts) for task in running],
        "parts_running": standing.parts.get(Status.RUNNING, 0),
        "waiting": [_row(task, facts) for task in waiting],
        "chart": _chart(visible, now),
        "workers": _workers(now, user),
        "rows": ROWS,
        "has_templates": TaskTemplate.objects.runnable_by(user).exists(),
    }


def _some(tasks: Any, number: int, first: str = "-id") -> list[Task]:
    return list(tasks.select_related(*state.RELATED).defer(*state.HEAVY).order_by(first)[:number])


def _row(task: Task, facts: reasons.Around) -> Row:
    sentence = reasons.why(task, facts) or reasons.doing(task)
    since = task.finished_at or task.started_at or task.created_at
    age = durations.describe(float(int((facts.now - since).total_seconds())))
    return Row(task=task, badge=state.badge(task, facts.now), sentence=sentence, age=age)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What has not ended, by status: how many tasks, since when the oldest, and how many parts of others beside them."""

    counts: dict[str, int]
    oldest: dict[str, datetime]
    parts: dict[str, int]


def _standing(everything: Any) -> Standing:
    whole = Q(parent__isnull=True)
    rows = list(
        everything.filter(in_status(*OPEN)).order_by().values_list("status")
        .annotate(whole=Count("id", filter=whole), since=Min("created_at", filter=whole), number=Count("id"))
    )  # fmt: skip
    return Standing(
        counts={status: whole for status, whole, _, _ in rows},
        oldest={status: since for status, _, since, _ in rows if since},
        parts={status: number - whole for status, whole, _, number in rows},
    )


def _figures(visible: Any, standing: Standing, now: datetime, asked: int) -> list[Figure]:
    counts, oldest, parts = standing.counts, standing.oldest, standing.parts
    ended = visible.filter(finished_at__gte=now - DAY).numbers()
    to_decide = f", {asked} to decide" if asked else ""
    open_failures = visible.filter(NEEDS_SOMEBODY).order_by()[: MOST_COUNTED + 1].count()
    rest = sum(counts.get(status, 0) for status in RESTING)
    resting = sum(parts.get(status, 0) for status in RESTING)

    def since(status: str) -> str:
        age = durations.describe(float(int((now - oldest[status]).total_seconds()))) if status in oldest else ""
        return ", ".join([f"oldest {age}" if age else "none", *_beside(parts.get(status, 0))])

    return [
        Figure(look="running", icon="running", label="Running", number=counts.get("running", 0), under=since("running"),
               query="?state=running"),
        Figure(look="pending", icon="pending", label="Pending", number=counts.get("pending", 0), under=since("pending"),
               query="?state=pending"),
        Figure(look="waiting", icon="waiting", label="Waiting or paused", number=rest,
               under=", ".join([f"{counts.get('paused', 0):,} paused", *_beside(resting)]), query="?state=open"),
        Figure(look="person", icon="person", label="Needs you", number=open_failures + asked,
               under=words.count(open_failures, "failed task") + to_decide, query="?state=failed"),
        Figure(look="failed", icon="failed", label="Failed, 24 h", number=ended.get("failed", 0),
               under=f"{ended.get('cancelled', 0):,} cancelled", query="?state=failed"),
        Figure(look="completed", icon="completed", label="Completed, 24 h", number=ended.get("completed", 0),
               under=_share(ended), query="?state=completed"),
    ]  # fmt: skip


def _beside(parts: int) -> list[str]:
    return [f"and {words.count(parts, 'part')}"] if parts else []


def _share(ended: dict[str, int]) -> str:
    done, failed = ended.get("completed", 0), ended.get("failed", 0)
    if max(done, failed) > MOST_COUNTED:
        return f"more than {MOST_COUNTED:,}"
    return f"{done / (done + failed):.1%} of those that ran" if done + failed else "none yet"


def _greeting(user: Any, now: datetime, needs: int) -> str:
    hour = timezone.localtime(now).hour
    part = "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"
    what = {0: "Nothing needs you.", 1: "One thing needs you."}.get(needs, f"{needs:,} things need you.")
    return f"Good {part}, {words.person(user)}. {what}"


def _chart(visible: Any, now: datetime) -> Chart:
    slots = int(timedelta(hours=HOURS) / SLOT)
    end = now.replace(second=0, microsecond=0) + timedelta(minutes=1)  # whole minutes: so the database adds them up
    begin = end - SLOT * slots
    done, bad = [0] * slots, [0] * slots
    for status, minute, number in visible.ended_by_minute(begin, MOST_FINISHED):
        slot = min(slots - 1, int((minute - begin) / SLOT))
        (done if status == Status.COMPLETED else bad)[slot] += number
    most = max(map(sum, zip(done, bad, strict=True)))
    ticks = [f"{timezone.localtime(begin + (now - begin) * part / 3):%H:%M}" for part in range(4)]
    return Chart(bars=list(_bars(done, bad, most)), ticks=ticks, completed=sum(done), failed=sum(bad), most=most)


def _bars(done: list[int], bad: list[int], most: int) -> Iterable[Bar]:
    step = WIDTH / len(done)
    scale = (HEIGHT - 6) / most if most else 0.0
    for slot, (completed, failed) in enumerate(zip(done, bad, strict=True)):
        x, height, above = slot * step + 1, completed * scale, failed * scale
        if completed:
            yield Bar(look="completed", x=round(x, 1), y=round(HEIGHT - height, 1), height=round(height, 1))
        if failed:
            gap = 1 if completed else 0
            y = HEIGHT - height - above - gap
            yield Bar(look="failed", x=round(x, 1), y=round(y, 1), height=round(above, 1))


_LOOKS = {"busy": "running", "starting": "pending", "idle": "pending", "stopping": "paused", "crashed": "failed"}


def _workers(now: datetime, user: Any) -> list[Present]:
    """Those that are here, and those that died within the last ten minutes; for those who may see workers."""
    if not user.has_perm("workers.view_worker"):
        return []
    present = list(Worker.objects.present().order_by("name")[:ROWS])
    lost = list(Worker.objects.filter(status=Worker.Status.CRASHED, ended_at__gte=now - timedelta(minutes=10))[:3])
    tasks = {worker.current_task_id for worker in present if worker.current_task_id}
    titles = dict(Task.objects.visible_to(user).filter(pk__in=tasks).values_list("pk", "title")) if tasks else {}
    return [_present(worker, titles, now) for worker in [*present, *lost]]


def _present(worker: Worker, titles: dict[int, str], now: datetime) -> Present:
    silent = worker.ended_at is None and now - worker.heartbeat_at > reasons.HEARD
    doing = titles.get(worker.current_task_id or 0, "")
    if worker.ended_at is not None:
        doing = f"at {words.clock(worker.ended_at, now)}"
    word = "Silent" if silent else worker.get_status_display()
    heartbeat = durations.describe(max(0.0, (now - worker.heartbeat_at).total_seconds()))
    look = "failed" if silent else _LOOKS.get(worker.status, "cancelled")
    return Present(worker=worker, look=look, word=word, doing=doing, heartbeat=heartbeat)
