"""What runs inside a measured installation, in a process of its own: `python -m tests.benchmarks.inside WHAT N`.

Prints one JSON object.
"""

import json
import os
import statistics
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Max, Min
from pydantic_monty import FunctionSnapshot, MontyComplete

from apps.catalog.models import TaskTemplate
from apps.core import clock
from apps.crm.models import Invoice
from apps.executors.script import run, sandbox
from apps.executors.session import LiveSession
from apps.tasks.claims.claiming import claim
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Attempt, Event, Execution, Limit, Step, Task
from apps.workers.models import Worker
from tests import making

NOTHING = "def run(params):\n    return None\n"
STEPS = "import sink\n\ndef run(params):\n    for n in range(params['n']):\n        sink.put(n)\n    return None\n"
LONG = "import task\n\ndef run(params):\n    for n in range(params['n']):\n        task.sleep(0.05)\n    return n\n"
NAPS = "import sink\n\ndef run(params):\n    return sink.nap(params['n'])\n"
JOIN = (
    "import task\n\ndef run(params):\n"
    "    return len(task.gather([{'template': 'nothing'} for n in range(params['n'])]))\n"
)
SAYS = "import task\nimport sink\n\ndef run(params):\n    task.progress(50)\n    return sink.nap(3000)\n"


def admin() -> User:
    user, _ = User.objects.get_or_create(username="bench", defaults={"is_superuser": True, "is_staff": True})
    return user


def prepare(_: int) -> dict[str, Any]:
    """Publish the scripts that the other measurements run."""
    by = admin()
    scripts = {"nothing": NOTHING, "steps": STEPS, "long": LONG, "naps": NAPS, "says": SAYS, "join": JOIN}
    for key, script in scripts.items():
        making.template(script, by, key=key, max_calls=1_000_000)
    return {}


def steps(count: int) -> dict[str, Any]:
    """Seconds a durable step, and seconds of the floor (host call; host call + commit of a 1 KB row), interleaved."""
    ours, floor, calls = [], [], []
    for _ in range(5):
        calls.append(_host_calls(count))
        floor.append(_commits(count))
        ours.append(_steps(count))
    return {"step": statistics.median(ours), "call": statistics.median(calls), "commit": statistics.median(floor)}


def _steps(count: int) -> float:
    submit(Request(template="steps", parameters={"n": count}, origin="bench"), admin())
    taken = claim(["default"], worker="bench", cluster="bench")
    assert taken is not None
    session = LiveSession(taken)
    began = time.perf_counter()
    run.attempt(session)
    return (time.perf_counter() - began) / count


def _host_calls(count: int) -> float:
    """The interpreter alone: resume to the next announcement, nothing recorded."""
    limits = sandbox.limits(memory_mb=128, cpu_seconds=60, max_calls=1_000_000)
    source = STEPS + "\nrun(params)\n"
    with sandbox.session(limits) as session:
        snapshot = session.feed_start(source, inputs={"params": {"n": count}})
        began = time.perf_counter()
        while not isinstance(snapshot, MontyComplete):
            assert isinstance(snapshot, FunctionSnapshot)
            snapshot = snapshot.resume_auto() if snapshot.is_os_function else snapshot.resume({"return_value": 1})
        return (time.perf_counter() - began) / count


def _commits(count: int) -> float:
    """The database alone: the commit of one row of 1 KB by the bare driver, as durable as ours."""
    text = "x" * 1000
    if connection.vendor == "sqlite":
        import sqlite3

        raw: Any = sqlite3.connect(Path(settings.HOME) / "floor.sqlite3", isolation_level=None)
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute(f"PRAGMA synchronous={os.environ.get('SQLITE_SYNCHRONOUS', 'FULL')}")
        insert = "INSERT INTO floor VALUES (?, ?)"
    else:
        import psycopg

        raw = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
        insert = "INSERT INTO floor VALUES (%s, %s)"
    raw.execute("CREATE TABLE IF NOT EXISTS floor (a INTEGER, b TEXT)")
    began = time.perf_counter()
    for n in range(count):
        raw.execute(insert, (n, text))
    took = (time.perf_counter() - began) / count
    raw.close()
    return took


def noops(count: int) -> dict[str, Any]:
    """Seconds from the first submit to the last completion of `count` no-op tasks by a running cluster."""
    by = admin()
    before = Task.objects.filter(status="completed").count()
    began = time.perf_counter()
    for _ in range(count):
        submit(Request(template="nothing", origin="bench"), by)
    submitted = time.perf_counter()
    while Task.objects.filter(status="completed").count() < before + count:
        time.sleep(0.02)
    return {"seconds": time.perf_counter() - began, "submitting": submitted - began}


def fill(count: int) -> dict[str, Any]:
    """Submit `count` no-op tasks that nobody works on yet."""
    began = time.perf_counter()
    for _ in range(count):
        submit(Request(template="nothing", origin="bench"), admin())
    return {"seconds": time.perf_counter() - began}


def fill_limited(count: int) -> dict[str, Any]:
    """The same, where a limit far above what runs makes every claim a guarded one."""
    Limit.objects.create(scope="template", template=TaskTemplate.objects.get(key="nothing"), most=1_000)
    return fill(count)


def emptied(count: int) -> dict[str, Any]:
    """Wait until all are completed; seconds from the first claim to the last completion, by the rows."""
    while (done := Task.objects.filter(status="completed")).count() < count:
        time.sleep(0.05)
    span = done.aggregate(first=Min("started_at"), last=Max("finished_at"))
    return {"seconds": (span["last"] - span["first"]).total_seconds()}


def latency(count: int) -> dict[str, Any]:
    """Seconds from the commit of a submit to the claim's clock, one task at a time on idle workers."""
    by = admin()
    waits = []
    for _ in range(count):
        task = submit(Request(template="nothing", origin="bench"), by).task
        _wait_for(task)
        attempt = Attempt.objects.get(task=task)
        waits.append((attempt.started_at - task.created_at).total_seconds())
    return {"waits": waits}


def join(count: int) -> dict[str, Any]:
    """Seconds from the submit of a task that starts so many and waits for all of them, to its end."""
    began = time.perf_counter()
    task = submit(Request(template="join", parameters={"n": count}, origin="bench"), admin()).task
    while not Task.objects.filter(pk=task.pk, finished_at__isnull=False).exists():
        time.sleep(0.005)
    took = time.perf_counter() - began
    task.refresh_from_db()
    assert task.returned == count, task.error
    return {"seconds": took}


def ten(times: int) -> dict[str, Any]:
    """Milliseconds from the first of ten submits to the last of their claims."""
    by, took = admin(), []
    for _ in range(times):
        tasks = [submit(Request(template="nothing", origin="bench"), by).task for _ in range(10)]
        for task in tasks:
            _wait_for(task)
        last = Attempt.objects.filter(task__in=tasks).aggregate(last=Max("started_at"))["last"]
        took.append((last - tasks[0].created_at).total_seconds() * 1000)
    return {"milliseconds": took}


def progress_shown(times: int) -> dict[str, Any]:
    """Seconds from a task's start to the moment when others see the progress that it reports first of all."""
    took = []
    for _ in range(times):
        task = submit(Request(template="says", origin="bench"), admin()).task
        while not Execution.objects.filter(pk=task.pk, percent__gte=50).exists():
            time.sleep(0.01)
        task.refresh_from_db()
        assert task.started_at
        took.append((clock.now() - task.started_at).total_seconds())
        _wait_for(task)
    return {"seconds": took}


def created_and_asked(times: int) -> dict[str, Any]:
    """Seconds to submit a task and read where it stands."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        task = submit(Request(template="nothing", origin="bench"), admin()).task
        Task.objects.select_related("execution").get(pk=task.pk)
        took.append(time.perf_counter() - began)
        _wait_for(task)
    return {"seconds": took}


def _wait_for(task: Task) -> None:
    while not Task.objects.filter(pk=task.pk, status="completed").exists():
        time.sleep(0.005)
    time.sleep(0.01)  # let the worker come back to waiting


def chain(count: int) -> dict[str, Any]:
    """Seconds a step of one script with `count` recorded calls on a running cluster, from its first to its last."""
    task = submit(Request(template="steps", parameters={"n": count}, origin="bench"), admin()).task
    _wait_for(task)
    span = Step.objects.filter(task_id=task.pk).aggregate(first=Min("started_at"), last=Max("started_at"))
    return {"seconds": (span["last"] - span["first"]).total_seconds() / (count - 1)}


def chains(count: int) -> dict[str, Any]:
    """Recorded calls a second of 20 scripts with `count` calls each, submitted together."""
    tasks = [
        submit(Request(template="steps", parameters={"n": count}, origin="bench"), admin()).task for _ in range(20)
    ]
    for task in tasks:
        _wait_for(task)
    steps = Step.objects.filter(task_id__in=[task.pk for task in tasks])
    span = steps.aggregate(first=Min("started_at"), last=Max("started_at"))
    return {"per_second": steps.count() / (span["last"] - span["first"]).total_seconds()}


def long_task(count: int) -> dict[str, Any]:
    """Start the task that a kill test interrupts; answers its id and its worker's process."""
    task = submit(Request(template="long", parameters={"n": count}, origin="bench"), admin()).task
    while Execution.objects.get(pk=task.pk).steps < 3:
        time.sleep(0.01)
    worker = Worker.objects.get(name=Execution.objects.get(pk=task.pk).worker)
    return {"task": task.pk, "pid": worker.pid}


def report(_: int) -> dict[str, Any]:
    """The invoice report over the last three years, with the seconds that each stage took."""
    end = date.today()
    period = {"start": date(end.year - 3, 1, 1).isoformat(), "end": end.isoformat()}
    parameters = {"period": period, "clientFilters": ["active", "inactive", "prospect"]}
    task = submit(Request(template="invoice_report_v2", parameters=parameters, origin="bench"), admin()).task
    while not task.is_final:
        time.sleep(0.05)
        task.refresh_from_db()
    assert task.status == "completed", task.error
    assert task.started_at and task.finished_at
    stages = [(event.data["stage"], event.at) for event in Event.objects.filter(task=task, kind="task.stage_started")]
    ends = [*(at for _, at in stages[1:]), task.finished_at]
    return {
        "seconds": (task.finished_at - task.created_at).total_seconds(),
        "stages": {name: (until - at).total_seconds() for (name, at), until in zip(stages, ends, strict=True)},
        "invoices": Invoice.objects.filter(issued_on__range=(period["start"], period["end"])).count(),
    }


def main() -> None:
    what, count = sys.argv[1], int(sys.argv[2])
    print(json.dumps(globals()[what](count)))


if __name__ == "__main__":
    main()
