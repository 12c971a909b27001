"""Guarded claims, inside the installation: `python -m tests.benchmarks.inside_guarded WHAT N`. Prints one JSON object.

N tasks wait ahead of a free one, all held back by limits; claims are measured before and after ANALYZE.
"""

import json
import statistics
import sys
import time

import django

django.setup()

from django.contrib.auth.models import User
from django.db import connection

from apps.catalog.models import TaskTemplate
from apps.core import clock
from apps.tasks.limits import choosing, gates
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Limit, Task
from tests.benchmarks.inside import admin
from tests.benchmarks.inside_queues import SERIES

ROUNDS = 9
USERS = 2_000


def lane(size: int) -> dict[str, float]:
    """All blocked in one lane: one template, one user, no key."""
    _fill(size)
    _limit(scope="template")
    return _measured("steps")


def keys(size: int) -> dict[str, float]:
    """Each with a key of its own, all blocked."""
    _fill(size, limit_key="'k' || n.i")
    _limit(scope="key")
    return _measured("steps")


def users(size: int) -> dict[str, float]:
    """Of many users, all blocked."""
    made = User.objects.bulk_create([User(username=f"u{number}", password="!") for number in range(USERS)])
    _fill(size, requester_id=f"{made[0].pk} + n.i % {USERS}")
    _limit(scope="template")
    return _measured("steps")


def _limit(scope: str) -> None:
    Limit.objects.create(scope=scope, template=TaskTemplate.objects.get(key="nothing"), most=0)


def _fill(size: int, **values: str) -> None:
    first = submit(Request(template="nothing", origin="bench", priority=90), admin()).task
    fields = [field.column for field in Task._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{name}"' for name in fields)
    values["rank"] = "task.rank - n.i * 1e-6"
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE tasks_task SET (autovacuum_enabled = false)")
    chosen = ", ".join(values.get(name, f'task."{name}"') for name in fields)
    series = SERIES[connection.vendor].format(count=size)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{series} INSERT INTO tasks_task ({columns}) SELECT {chosen} FROM n, tasks_task task"
            f" WHERE task.id = {first.pk}"
        )
        cursor.execute(f"INSERT INTO tasks_execution (task_id, seq) SELECT id, 1 FROM tasks_task WHERE id > {first.pk}")
    Task.objects.filter(pk=first.pk).update(**({"limit_key": "k0"} if "limit_key" in values else {}))


def _measured(free: str) -> dict[str, float]:
    """Milliseconds a claim that finds the one free task at the end, as the median and the worst of some."""
    wanted = submit(Request(template=free, parameters={"n": 1}, origin="bench", priority=1), admin()).task.pk
    gate = gates.gate(["default"])
    found = {}
    for name in ("fresh", "analyzed"):
        if name == "analyzed":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        took = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            answer = choosing.startable(gate, "oak", 1, clock.now())
            took.append((time.perf_counter() - began) * 1000)
            assert [task.id for task in answer] == [wanted]
        found |= {f"{name} median": statistics.median(took), f"{name} worst": max(took)}
    return found


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](int(sys.argv[2]))))
