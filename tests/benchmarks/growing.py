"""What runs inside the installation that grows: `python -m tests.benchmarks.growing N`. Prints one JSON object.

Measures the pages with 1,000 finished tasks and with N, then pruning beside submits and ends.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, connections, reset_queries
from django.test import Client

from apps.core import clock, codec
from apps.tasks import lifecycle
from apps.tasks.claims.claiming import claim
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Execution, Task
from apps.tasks.record.journal import Batch
from apps.tasks.retention import pruning
from tests import making
from tests.benchmarks.rows import percentile

FEW = 1_000
TIMES = 9
PAGES = {
    "task list": "/admin/tasks/task/",
    "task list, failed": "/admin/tasks/task/?state=failed",
    "task list, one template": "/admin/tasks/task/?template=rare",
    "task list, search": "/admin/tasks/task/?q=needle",
    "task list, page 20": "/admin/tasks/task/?p=20",
    "overview": "/admin/",
    "queues and workers": "/admin/workers/",
    "start page": "/admin/catalog/tasktemplate/plain/start/",
    "API list": "/api/v1/tasks/",
    "API list, failed": "/api/v1/tasks/?status=failed",
    "API list, by update": "/api/v1/tasks/?ordering=-updated",
    "API list, search": "/api/v1/tasks/?search=needle",
}
OWN = {"own task list": "/admin/tasks/task/", "own overview": "/admin/", "own API list": "/api/v1/tasks/"}
"""As a person who may see their own tasks only."""


def grow(sample: Task, start: int, count: int) -> None:
    """Finished tasks in bulk, as like the sample as the database allows, 2.6 seconds apart: a million in a month.

    A later number has ended later, as in life.
    """
    sqlite = connection.vendor == "sqlite"
    numbers = (
        f"WITH RECURSIVE series(n) AS (SELECT {start + 1} UNION ALL SELECT n + 1 FROM series WHERE n < {start + count})"
        if sqlite
        else f"WITH series AS (SELECT generate_series({start + 1}, {start + count}) AS n)"
    )
    age = f"(({start + count + 1} - n) * 2.6)"
    at = f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '-' || {age} || ' seconds')" if sqlite else (
        f"now() - {age} * interval '1 second'"
    )  # fmt: skip
    other = {
        "uid": "lower(hex(randomblob(16)))" if sqlite else "gen_random_uuid()",
        "title": "'Sample ' || n",
        "status": "CASE WHEN n %% 20 = 0 THEN 'failed' WHEN n %% 20 = 1 THEN 'cancelled' ELSE 'completed' END",
        "requester_id": f"CASE WHEN n %% 10 = 0 THEN {_own().pk} ELSE {sample.requester_id} END",
        **dict.fromkeys(("created_at", "updated_at", "started_at", "finished_at", "available_at"), at),
    }
    columns = [field.column for field in Task._meta.concrete_fields if not field.primary_key]
    wanted = ", ".join(f'"{name}"' for name in columns)
    chosen = ", ".join(other.get(name, f't."{name}"') for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO tasks_task ({wanted}) {numbers} SELECT {chosen} FROM series, tasks_task t WHERE t.id = %s",
            [sample.pk],
        )
        cursor.execute(
            "INSERT INTO tasks_execution (task_id, seq, steps) SELECT id, 3, 1 FROM tasks_task t"
            " WHERE NOT EXISTS (SELECT 1 FROM tasks_execution e WHERE e.task_id = t.id)"
        )
        cursor.execute(
            "INSERT INTO tasks_event (task_id, seq, kind, at, data) SELECT id, 1, 'task.submitted', created_at, '{}'"
            " FROM tasks_task t WHERE NOT EXISTS (SELECT 1 FROM tasks_event e WHERE e.task_id = t.id)"
        )
        if not sqlite:
            cursor.execute("VACUUM ANALYZE")


def _own() -> User:
    user, _ = User.objects.get_or_create(username="owner", defaults={"is_staff": True})
    return user


def times(user: User, pages: dict[str, str]) -> dict[str, Any]:
    client = Client(headers={"host": "127.0.0.1"}, raise_request_exception=True)
    client.force_login(user)
    return {name: _time(client, address) for name, address in pages.items()}


def _time(client: Client, address: str) -> dict[str, float]:
    took = []
    connection.force_debug_cursor = True
    for _ in range(TIMES + 1):
        reset_queries()
        began = time.perf_counter()
        answer = client.get(address)
        took.append(time.perf_counter() - began)
        assert answer.status_code == 200, (address, answer.status_code)
    connection.force_debug_cursor = False
    slowest = max(connection.queries_log, key=lambda query: float(query["time"] or 0), default={"sql": "", "time": 0})
    return {
        "seconds": min(took[1:]),  # the machine's noise only ever adds
        "queries": len(connection.queries_log),
        "slowest": float(slowest["time"]),
        "sql": slowest["sql"][:1500],
    }


def beside(work: Callable[[], object], by: User) -> dict[str, Any]:
    """p95 of a submit and of an end, alone and while `work` goes on in another thread."""
    alone = _submits_and_ends(by, lambda: False, 200)
    done = threading.Event()
    removed: list[Any] = []

    def go() -> None:
        try:
            began = time.perf_counter()
            removed.append((work(), time.perf_counter() - began))
        finally:
            done.set()
            connections.close_all()

    thread = threading.Thread(target=go)
    thread.start()
    meanwhile = _submits_and_ends(by, done.is_set, 2_000)
    thread.join()
    return {"alone": alone, "meanwhile": meanwhile, "removed": removed[0][0], "seconds": removed[0][1]}


def _submits_and_ends(by: User, is_done: Callable[[], bool], most: int) -> dict[str, Any]:
    submits, ends = [], []
    while len(submits) < most and not is_done():
        began = time.perf_counter()
        submit(Request(template="plain", origin="bench"), by)
        submits.append(time.perf_counter() - began)
        taken = claim(["default"], worker="bench", cluster="bench")
        assert taken is not None
        began = time.perf_counter()
        lifecycle.complete(taken.lease, codec.encode(None), Batch())
        ends.append(time.perf_counter() - began)
        time.sleep(0.005)
    return {"count": len(submits), "submit": percentile(submits, 0.95), "end": percentile(ends, 0.95)}


def main() -> None:
    many = int(sys.argv[1])
    settings.DEBUG = False
    by, _ = User.objects.get_or_create(username="bench", defaults={"is_superuser": True, "is_staff": True})
    making.template("def run(params):\n    return None\n", by, key="rare")
    making.template("def run(params):\n    return None\n", by, key="plain")
    for key in ("rare", "plain"):
        submit(Request(template=key, origin="bench", title="A needle in the hay"), by)
        taken = claim(["default"], worker="bench", cluster="bench")
        assert taken is not None
        lifecycle.complete(taken.lease, codec.encode(None), Batch())
    sample = Task.objects.get(template__key="plain")
    grow(sample, 1, FEW)
    few = times(by, PAGES) | times(_own(), OWN)
    began = time.perf_counter()
    grow(sample, 1 + FEW, many - FEW)
    grown = time.perf_counter() - began
    answer = {"few": few, "grown": grown, "many": times(by, PAGES) | times(_own(), OWN)}
    Task.objects.filter(pk__lte=5_000).update(delete_after=clock.now() - timedelta(days=1))
    answer["pruning"] = beside(lambda: sum(pruning.run(pruning.Choice(now=clock.now()))), by)
    answer["rows"] = Execution.objects.count()
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
