"""What removed tasks add up to, for statistics that go back further than the tasks do."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from apps.tasks import sql
from apps.tasks.models import Attempt, Task

ADD = """\
INSERT INTO tasks_tasktotal (day, template_id, status, count, failures, steps, seconds_waited, seconds_worked,
  longest_seconds, model_tokens) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (day, template_id, status) DO UPDATE SET count = tasks_tasktotal.count + excluded.count,
  failures = tasks_tasktotal.failures + excluded.failures, steps = tasks_tasktotal.steps + excluded.steps,
  seconds_waited = tasks_tasktotal.seconds_waited + excluded.seconds_waited,
  seconds_worked = tasks_tasktotal.seconds_worked + excluded.seconds_worked,
  longest_seconds = {greatest}(tasks_tasktotal.longest_seconds, excluded.longest_seconds),
  model_tokens = tasks_tasktotal.model_tokens + excluded.model_tokens"""


@dataclass
class Sum:
    count: int = 0
    failures: int = 0
    steps: int = 0
    seconds_waited: float = 0.0
    seconds_worked: float = 0.0
    longest_seconds: float = 0.0
    model_tokens: int = 0

    def add(self, task: Task, worked: float) -> None:
        waited = ((task.started_at or task.finished_at or task.created_at) - task.created_at).total_seconds()
        # A node of a workflow that carries its own script is no task of a template: its work is the workflow's.
        self.count += task.kind == task.revision.kind
        self.failures += task.failures
        self.steps += task.execution.steps
        self.seconds_waited += max(0.0, waited)
        self.seconds_worked += worked
        self.longest_seconds = max(self.longest_seconds, worked)
        self.model_tokens += task.execution.model_tokens


Sums = dict[tuple[date, int, str], Sum]
"""By day, template and status."""


def of(tasks: Iterable[Task]) -> Sums:
    """What ended tasks add up to. Needs `execution` and `revision`."""
    tasks = list(tasks)
    worked = _worked([task.pk for task in tasks])
    sums: Sums = defaultdict(Sum)
    for task in tasks:
        assert task.finished_at is not None
        day = timezone.localdate(task.finished_at)
        sums[day, task.template_id, task.status].add(task, worked.get(task.pk, 0.0))
    return sums


def add(sums: Sums) -> None:
    """Add them to what is kept, in the caller's transaction."""
    statement = ADD.format(greatest="max" if sql.is_sqlite() else "greatest")
    # In one order everywhere: two transactions that add to the same rows never wait for each other in a ring.
    for (day, template_id, status), total in sorted(sums.items(), key=lambda item: item[0]):
        sql.run(statement, [day.isoformat() if sql.is_sqlite() else day, template_id, status, *vars(total).values()])


def _worked(task_ids: list[int]) -> dict[int, float]:
    seconds: dict[int, float] = defaultdict(float)
    ended = Attempt.objects.filter(task__in=task_ids, ended_at__isnull=False).order_by()
    for task_id, began, end in ended.values_list("task_id", "started_at", "ended_at"):
        seconds[task_id] += max(0.0, (end - began).total_seconds()) if end else 0.0
    return seconds
