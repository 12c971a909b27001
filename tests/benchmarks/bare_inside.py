"""The same no-op work on bare Django-Q2: `python -m tests.benchmarks.bare_inside WHAT N`. Prints one JSON object."""

import json
import sys
import time

import django

django.setup()

from django.db.models import Max, Min
from django_q.models import Success
from django_q.tasks import async_task

NOTHING = "tests.benchmarks.bare.nothing"


def noops(count: int) -> float:
    """Seconds from the first submit to the last recorded success, with a running cluster."""
    async_task(NOTHING)
    while Success.objects.count() < 1:
        time.sleep(0.02)
    began = time.perf_counter()
    for _ in range(count):
        async_task(NOTHING)
    while Success.objects.count() < count + 1:
        time.sleep(0.02)
    return time.perf_counter() - began


def fill(count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        async_task(NOTHING)
    return time.perf_counter() - began


def emptied(count: int) -> float:
    """Seconds from the first start to the last end of `count` tasks, by the rows."""
    while Success.objects.count() < count:
        time.sleep(0.05)
    span = Success.objects.aggregate(first=Min("started"), last=Max("stopped"))
    return float((span["last"] - span["first"]).total_seconds())


if __name__ == "__main__":
    print(json.dumps({"seconds": globals()[sys.argv[1]](int(sys.argv[2]))}))
