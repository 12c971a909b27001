"""The crowd, inside an installation that runs: `python -m tests.benchmarks.inside_crowd N MILLISECONDS`. Prints JSON."""

import json
import sys
import time

import django

django.setup()

from django.db.models import Max, Min

from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Attempt, Task
from tests.benchmarks.inside import admin

PATIENCE = 300.0


def crowd(count: int, milliseconds: int) -> dict[str, float]:
    by = admin()
    ids = [
        submit(Request(template="naps", parameters={"n": milliseconds}, origin="bench"), by).task.pk
        for _ in range(count)
    ]
    tasks, until = Task.objects.filter(pk__in=ids), time.monotonic() + PATIENCE
    while tasks.exclude(finished_at=None).count() < count and time.monotonic() < until:
        time.sleep(0.05)
    span = tasks.aggregate(first=Min("started_at"), last=Max("finished_at"))
    return {
        "seconds": (span["last"] - span["first"]).total_seconds(),
        "ended": tasks.exclude(finished_at=None).count(),
        "completed": tasks.filter(status="completed").count(),
        "at once": _at_once(ids),
    }


def _at_once(ids: list[int]) -> int:
    """The most attempts that ran at one moment."""
    rows = Attempt.objects.filter(task_id__in=ids, ended_at__isnull=False).values_list("started_at", "ended_at")
    moves = sorted([(at, 1) for at, _ in rows] + [(at, -1) for _, at in rows])
    running = most = 0
    for _, move in moves:
        running += move
        most = max(most, running)
    return most


if __name__ == "__main__":
    print(json.dumps(crowd(int(sys.argv[1]), int(sys.argv[2]))))
