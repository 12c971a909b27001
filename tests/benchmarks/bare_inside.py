"""The same no-op work on bare Django-Q2: `python -m tests.benchmarks.bare_inside N`. Prints one JSON object."""

import json
import sys
import time

import django

django.setup()

from django_q.models import Success
from django_q.tasks import async_task


def main() -> None:
    count = int(sys.argv[1])
    async_task("tests.benchmarks.bare.nothing")
    while Success.objects.count() < 1:
        time.sleep(0.02)
    began = time.perf_counter()
    for _ in range(count):
        async_task("tests.benchmarks.bare.nothing")
    submitted = time.perf_counter()
    while Success.objects.count() < count + 1:
        time.sleep(0.02)
    print(json.dumps({"seconds": time.perf_counter() - began, "submitting": submitted - began}))


if __name__ == "__main__":
    main()
