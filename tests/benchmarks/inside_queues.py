"""The same, inside the installation: `python -m tests.benchmarks.inside_queues WHAT N`. Prints one JSON object."""

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django

django.setup()

from django.db import connection

from apps.tasks import sql
from apps.tasks.claims import claiming
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Task
from apps.workers.running import slice as slices
from tests.benchmarks.inside import admin

ROUNDS, CLAIMS = 5, 200
SERIES = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {count}) ",
    "postgresql": "WITH n(i) AS (SELECT generate_series(1, {count})) ",
}


def claims(size: int) -> dict[str, float]:
    """Seconds a claim, with `size` tasks waiting at its beginning."""
    fill(size + ROUNDS * CLAIMS // 2)
    for _ in range(10):
        assert claiming.claim(["default"], worker="bench", cluster="bench")
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(CLAIMS):
            assert claiming.claim(["default"], worker="bench", cluster="bench")
        took.append((time.perf_counter() - began) / CLAIMS)
    return {"seconds": statistics.median(took)}


def fill(size: int) -> None:
    """Have so many tasks wait: copies of a submitted one, in the order of their making."""
    first = submit(Request(template="nothing", origin="bench"), admin()).task.pk
    count = size - Task.objects.filter(status="pending").count()
    fields = [field.column for field in Task._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{name}"' for name in fields)
    values = ", ".join("task.rank - n.i * 1e-6" if name == "rank" else f'task."{name}"' for name in fields)
    series = SERIES[connection.vendor].format(count=count)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{series} INSERT INTO tasks_task ({columns}) SELECT {values} FROM n, tasks_task task WHERE task.id = {first}"
        )
        cursor.execute(f"INSERT INTO tasks_execution (task_id, seq) SELECT id, 1 FROM tasks_task WHERE id > {first}")
        cursor.execute("ANALYZE")


def statements(count: int) -> dict[str, float]:
    """Statements a submit, a no-op task alone, one of a full queue, and a step."""
    by = admin()
    submit(Request(template="nothing", origin="bench"), by)
    slices.drain()
    submits = _counted(lambda: [submit(Request(template="nothing", origin="bench"), by) for _ in range(count)])
    full = _counted(slices.drain)
    submit(Request(template="nothing", origin="bench"), by)
    one = _counted(slices.drain)
    submit(Request(template="steps", parameters={"n": 1}, origin="bench"), by)
    few = _counted(slices.drain)
    submit(Request(template="steps", parameters={"n": 1 + count}, origin="bench"), by)
    many = _counted(slices.drain)
    return {
        "a submit": submits / count,
        "a no-op task of a full queue (claim to end)": full / count,
        "a no-op task alone, with a worker's start and end": one,
        "a step": (many - few) / count,
    }


def _counted(work: Callable[[], object]) -> int:
    with _counting() as seen:
        work()
    return len(seen)


@contextmanager
def _counting() -> Iterator[list[str]]:
    """Every statement of this thread: by the driver's trace on SQLite, by both ways of ours elsewhere."""
    seen: list[str] = []
    connection.ensure_connection()
    raw: Any = connection.connection
    if connection.vendor == "sqlite":
        raw.set_trace_callback(lambda text: seen.append(text) if not text.startswith("PRAGMA") else None)
        yield seen
        raw.set_trace_callback(None)
        return
    real = sql._execute

    def execute(text: str, parameters: Any, fetch: Any) -> Any:
        seen.append(text)
        return real(text, parameters, fetch)

    def wrapper(call: Any, text: str, *rest: Any) -> Any:
        seen.append(text)
        return call(text, *rest)

    sql._execute = execute
    with connection.execute_wrapper(wrapper):
        yield seen
    sql._execute = real


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](int(sys.argv[2]))))
