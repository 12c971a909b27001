"""What tasks added up to, by template and day: those that are still there and those that were removed since."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, Sum
from django.db.models.functions import TruncDate
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.catalog.models import TaskTemplate
from apps.core import clock, durations
from apps.tasks.models import Attempt, Task, TaskTotal
from apps.tasks.states import FINAL

PERMISSION = "tasks.view_tasktotal"
PERIODS = (7, 30, 90, 365)
USUAL = 30
WIDTH, HEIGHT = 1080.0, 120.0
LOOKS = ("completed", "failed", "cancelled")
IS_COUNTED = Q(kind=F("revision__kind"))
"""A node of a workflow that carries its own script is no task of a template: its work is the workflow's."""
HEADS = ["day", "template", "status", "tasks", "steps", "seconds_worked", "average_seconds"]


@dataclass
class Sums:
    """Of one day, one template, or all of them."""

    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    seconds: float = 0.0
    steps: int = 0

    def add(self, status: str, count: int, seconds: float, steps: int) -> None:
        self.counts[status] += count
        self.seconds += seconds
        self.steps += steps

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    @property
    def completed(self) -> int:
        return self.counts.get("completed", 0)

    @property
    def failed(self) -> int:
        return self.counts.get("failed", 0)

    @property
    def cancelled(self) -> int:
        return self.counts.get("cancelled", 0)

    @property
    def success(self) -> str:
        """Of those that came to an end by themselves."""
        ran = self.completed + self.failed
        return f"{self.completed / ran:.1%}" if ran else "–"

    @property
    def average(self) -> str:
        return durations.describe(round(self.seconds / self.count, 1)) if self.count else "–"

    @property
    def total(self) -> str:
        return durations.describe(round(self.seconds, 1))


@dataclass(frozen=True, kw_only=True)
class Row:
    day: date
    template_id: int
    status: str
    count: int
    steps: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Bar:
    look: str
    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, kw_only=True)
class Page:
    days: int
    begin: date
    template: str
    templates: Sequence[TaskTemplate]
    by_template: Sequence[tuple[TaskTemplate, Sums]]
    by_day: Sequence[tuple[date, Sums]]
    all: Sums
    bars: Sequence[Bar]
    most: int

    @property
    def sentence(self) -> str:
        a = self.all
        return (
            f"Ended tasks per day over {self.days} days: {a.completed:,} completed, {a.failed:,} failed,"
            f" {a.cancelled:,} cancelled, at most {self.most:,} on one day"
        )


def rows(begin: date, template_id: int | None = None) -> list[Row]:
    """From that day on, in three queries; a task counts on the day on which it ended."""
    since = timezone.make_aware(datetime.combine(begin, time.min))
    kept = TaskTotal.objects.filter(day__gte=begin)
    ended = Task.objects.filter(status__in=FINAL, finished_at__gte=since).order_by()
    attempts = Attempt.objects.filter(task__status__in=FINAL, task__finished_at__gte=since, ended_at__isnull=False)
    if template_id is not None:
        kept, ended = kept.filter(template_id=template_id), ended.filter(template_id=template_id)
        attempts = attempts.filter(task__template_id=template_id)
    return [*_removed(kept), *_present(ended, _worked(attempts))]


def _removed(kept: Any) -> Iterable[Row]:
    names = ("day", "template_id", "status", "count", "steps", "seconds_worked")
    for day, template, status, count, steps, seconds in kept.order_by().values_list(*names):
        yield Row(day=day, template_id=template, status=status, count=count, steps=steps, seconds=seconds)


def _present(ended: Any, worked: dict[tuple[date, int, str], float]) -> Iterable[Row]:
    grouped = ended.annotate(day=TruncDate("finished_at")).values_list("day", "template_id", "status")
    for day, template, status, count, steps in grouped.annotate(
        count=Count("pk", filter=IS_COUNTED), made=Sum("execution__steps")
    ):
        seconds = worked.get((day, template, status), 0.0)
        yield Row(day=day, template_id=template, status=status, count=count, steps=steps or 0, seconds=seconds)


def _worked(attempts: Any) -> dict[tuple[date, int, str], float]:
    took = ExpressionWrapper(F("ended_at") - F("started_at"), output_field=DurationField())
    grouped = attempts.order_by().annotate(day=TruncDate("task__finished_at"))
    grouped = grouped.values_list("day", "task__template_id", "task__status").annotate(worked=Sum(took))
    return {(day, template, status): max(0.0, worked.total_seconds()) for day, template, status, worked in grouped}


def gather(days: int, key: str) -> Page:
    begin = timezone.localdate(clock.now()) - timedelta(days=days - 1)
    templates = list(TaskTemplate.objects.order_by("name"))
    chosen = next((each for each in templates if each.key == key), None)
    by_template: dict[int, Sums] = defaultdict(Sums)
    by_day: dict[date, Sums] = defaultdict(Sums)
    everything = Sums()
    for row in rows(begin, chosen.pk if chosen else None):
        for sums in (by_template[row.template_id], by_day[row.day], everything):
            sums.add(row.status, row.count, row.seconds, row.steps)
    most = max((sums.count for sums in by_day.values()), default=0)
    return Page(
        days=days, begin=begin, template=chosen.key if chosen else "", templates=templates, all=everything,
        by_template=[(each, by_template[each.pk]) for each in templates if each.pk in by_template],
        by_day=sorted(by_day.items(), reverse=True), bars=list(_bars(by_day, begin, days, most)), most=most,
    )  # fmt: skip


def _bars(by_day: dict[date, Sums], begin: date, days: int, most: int) -> Iterable[Bar]:
    step = WIDTH / days
    gap = min(3.0, step / 4)
    for number in range(days):
        day = begin + timedelta(days=number)
        sums, y = by_day.get(day, Sums()), HEIGHT
        for look in LOOKS:
            height = round(sums.counts.get(look, 0) * (HEIGHT - 6) / most, 2) if most else 0.0
            if height:
                y -= height
                title = f"{day:%-d %b %Y}: {sums.completed:,} completed, {sums.failed:,} failed, {sums.cancelled:,} cancelled"
                yield Bar(look=look, x=round(number * step, 2), y=round(y, 2), width=round(step - gap, 2), height=height,
                          title=title)  # fmt: skip


def show(request: HttpRequest) -> HttpResponse:
    page = gather(*_asked(request))
    context = {**admin.site.each_context(request), "title": "Totals", "page": page, "periods": PERIODS}
    return TemplateResponse(request, "admin/totals.html", context)


def download(request: HttpRequest) -> HttpResponse:
    """What the page adds up, as CSV: one line for each day, template and way of ending."""
    days, key = _asked(request)
    begin = timezone.localdate(clock.now()) - timedelta(days=days - 1)
    keys = dict(TaskTemplate.objects.values_list("pk", "key"))
    chosen = next((number for number, name in keys.items() if name == key), None)
    merged: dict[tuple[date, str, str], Sums] = defaultdict(Sums)
    for row in rows(begin, chosen):
        merged[row.day, keys[row.template_id], row.status].add(row.status, row.count, row.seconds, row.steps)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="totals_{begin}_{days}_days.csv"'
    answer["Cache-Control"] = "private, no-store"
    writer = csv.writer(answer)
    writer.writerow(HEADS)
    for (day, name, status), sums in sorted(merged.items()):
        average = round(sums.seconds / sums.count, 3) if sums.count else ""
        writer.writerow([day, name, status, sums.count, sums.steps, round(sums.seconds, 3), average])
    return answer


def _asked(request: HttpRequest) -> tuple[int, str]:
    """The days and the template's key; what is none of ours is taken for the usual."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied("You may not look at totals. Ask an administrator for the permission to.")
    given = request.GET.get("days", "")
    days = int(given) if given in {str(each) for each in PERIODS} else USUAL
    return days, request.GET.get("template", "")
