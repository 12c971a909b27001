"""The minimum figures, inside an installation: `python -m tests.benchmarks.inside_minimum TIMES NAME …`.

Prints one JSON object. Each figure is the median of TIMES, in milliseconds; one that fails is its error's text,
and the others go on.
"""

import json
import os
import select
import statistics
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import django

django.setup()

import psycopg
from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from pydantic_monty import FunctionSnapshot

from apps.core import clock, hints
from apps.core.carriers import carrier
from apps.executors.script import run, sandbox
from apps.executors.session import LiveSession
from apps.tasks import standing
from apps.tasks.claims import claiming
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Task
from apps.tasks.operators import queues
from apps.tasks.record import checkpoints, leases
from apps.tasks.record.journal import NewCheckpoint
from apps.workers import identity, steering, sweep
from apps.workers.answers import balance
from apps.workers.models import Worker
from apps.workers.registry import roster
from apps.workers.running import processes
from apps.workers.running.stalls import Look, Watch
from tests import making
from tests.benchmarks import sink
from tests.benchmarks.inside import admin

CREW, HOSTS = 100, 10
CALLS = 50
STUMBLES = "import sink\n\ndef run(params):\n    for n in range(params['n']):\n        sink.stumble(n)\n    return params['n']\n"
HEAVY = """\
rows = [{'id': n, 'name': 'row ' + str(n), 'total': n * 1.5} for n in range(10000)]
import sink
sink.put(1)
len(rows)
"""
"""A script whose heap is some megabyte at its first call."""
STAGES = [{"name": name, "percent": 12.5 * number} for number, name in enumerate("abcdefgh")]


def figures(times: int, names: list[str]) -> dict[str, float | str]:
    """Those of the functions below that `names` says, in its order."""
    found: dict[str, float | str] = {}
    for name in names:
        try:
            found[name] = _median(globals()[name], times) * 1000
        except (Exception, sink.Fallen) as error:  # one that cannot be measured does not take the others along
            found[name] = f"{type(error).__name__}: {error}"
    return found


def _median(measure: Callable[[], Callable[[], object] | None], times: int) -> float:
    """`measure` prepares and answers the work that is timed."""
    took = []
    for number in range(times + 1):
        work = measure()
        if work is None:
            raise LookupError("there is none here")
        began = time.perf_counter()
        work()
        if number:  # the first one loads code
            took.append(time.perf_counter() - began)
    return statistics.median(took)


# The database


def _ask() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def connect() -> Callable[[], object]:
    connection.close()
    return _ask


def ping() -> Callable[[], object]:
    return _ask


def reconnect() -> Callable[[], object]:
    """The server has ended our connection; the next request works."""
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        raw: Any = connection.connection
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 2000)", [raw.info.backend_pid])
    else:
        connection.close()

    def again() -> None:
        try:
            _ask()
        except DatabaseError:
            connection.close_if_unusable_or_obsolete()
            _ask()

    return again


# The queue


def _submit(key: str = "nothing", **parameters: Any) -> Task:
    return submit(Request(template=key, parameters=parameters, origin="bench"), admin()).task


def _claim() -> claiming.Claim:
    taken = claiming.claim(["default"], worker=_worker().name, cluster="bench")
    assert taken is not None
    return taken


@cache
def _worker() -> Worker:
    return roster.register(["default"])


def add() -> Callable[[], object]:
    return _submit


def get() -> Callable[[], object]:
    task = _submit()
    return lambda: Task.objects.select_related("execution", "template", "revision").get(pk=task.pk)


def figures_of_queues() -> Callable[[], object]:
    return lambda: queues.standing(clock.now())


def claim() -> Callable[[], object]:
    _submit()
    return _claim


# Workers


def register() -> Callable[[], object]:
    """A worker that nobody knows yet."""
    Worker.objects.of_process(**vars(identity.this_process())).delete()
    _worker.cache_clear()
    return _worker


def query() -> Callable[[], object]:
    name = _worker().name
    return lambda: steering.find_worker(name)


def heartbeat() -> Callable[[], object]:
    worker = _worker()
    return lambda: roster.beat(worker.pk, task_id=None, is_held=False, work=roster.Work())


def publish() -> Callable[[], object]:
    return lambda: hints.send(hints.WORK)


def delivery() -> Callable[[], object]:
    """To a waiting process of the same host."""
    listener = _listener()
    listener.drain()

    def go() -> None:
        hints.send(hints.FEED, 7)
        assert select.select([listener], [], [], 2)[0]
        assert listener.drain() == {7}

    return go


@cache
def _listener() -> hints.Listener:
    made = hints.Listener(hints.FEED)
    time.sleep(2 * hints.LISTING_SECONDS)
    return made


def bus() -> Callable[[], object] | None:
    """To another host."""
    chosen = carrier()
    if chosen is None:
        return None
    subscribed = _subscribed()

    def go() -> None:
        chosen.publish("- work 7")
        assert subscribed.receive(2.0)

    return go


@cache
def _subscribed() -> Any:
    chosen = carrier()
    assert chosen is not None
    _kept.append(context := chosen.subscribe())
    return context.__enter__()


_kept: list[Any] = []
"""What must live as long as the process."""


def selection() -> Callable[[], object]:
    """Who serves a queue, and who of them does least, among 100 workers."""
    _crew(0)
    return lambda: (list(balance.serving("default")), balance.loads())


def rebalance() -> Callable[[], object]:
    """100 workers on 10 hosts, half of these full and half idle."""
    _crew(CREW // 2)
    by = admin()
    return lambda: steering.rebalance(by)


def crash_check() -> Callable[[], object]:
    """100 workers of this host, all of them gone: find that out."""
    _crew(0, host=identity.host())
    assert len(roster.dead_here()) == CREW
    return roster.dead_here


def _crew(busy: int, host: str = "") -> None:
    """100 workers that beat just now, 10 on each host; the first `busy` of them hold a task."""
    Task.objects.all().delete()
    Worker.objects.all().delete()
    _worker.cache_clear()
    now = clock.now()
    rows = Worker.objects.bulk_create(
        Worker(
            name=f"crew-{number}", host=host or f"host-{number // HOSTS}", boot_id=identity.boot_id(), pid=4_000_000 + number,
            process_started=1.0, cluster="crew", queues=["default"], status=Worker.Status.IDLE, started_at=now,
            heartbeat_at=now,
        )
        for number in range(CREW)
    )  # fmt: skip
    for row in rows[:busy]:
        _submit("steps", n=1)
        assert claiming.claim(["default"], worker=row.name, cluster="crew", host=row.host)


# Checkpoints and recovery


def checkpoint_made() -> Callable[[], object]:
    """Dumped, compressed, sealed and committed, of a heap of some megabyte."""
    snapshot, (lease, _) = _heavy(), _recorded()
    return lambda: checkpoints.save(lease, _new(snapshot.dump()))


def checkpoint_restored() -> Callable[[], object]:
    lease, last = _recorded()
    checkpoints.save(lease, _new(_heavy_dump()))

    def go() -> None:
        found, refused = checkpoints.load(lease.task_id, sandbox.INTERPRETER, last)
        assert found
        assert not refused
        with sandbox.session(_limits()) as session:
            session.load_snapshot(found[0].dump)

    return go


def _limits() -> Any:
    return sandbox.limits(memory_mb=128, cpu_seconds=60, max_calls=1_000)


@cache
def _heavy() -> FunctionSnapshot:
    """It stays open, and keeps the process's one sandbox, until its dump is taken."""
    _sandboxes.append(context := sandbox.session(_limits()))
    snapshot: Any = context.__enter__().feed_start(HEAVY)
    while snapshot.is_os_function:
        snapshot = snapshot.resume_auto()
    assert isinstance(snapshot, FunctionSnapshot)
    return snapshot


@cache
def _heavy_dump() -> bytes:
    dump = _heavy().dump()
    _release()
    return dump


def _release() -> None:
    while _sandboxes:
        _sandboxes.pop().__exit__(None, None, None)


_sandboxes: list[Any] = []


@cache
def _recorded() -> tuple[Any, int]:
    """The lease of a task that runs."""
    _submit()
    return _claim().lease, 0


def _new(dump: bytes) -> NewCheckpoint:
    return NewCheckpoint(index=1, line=1, interpreter=sandbox.INTERPRETER, dump=dump, created_at=clock.now())


def recovery() -> Callable[[], object]:
    """A worker died with 50 calls on record: find it, give its task back, claim it, and go on to its next call."""
    _release()
    _prepare("stumbles")
    _crew(0)
    task = _submit("stumbles", n=CALLS + 1)
    dead = Worker.objects.first()
    assert dead is not None
    Worker.objects.filter(pk=dead.pk).update(host=identity.host())
    taken = claiming.claim(["default"], worker=dead.name, cluster="crew")
    assert taken is not None
    os.environ[sink.FALLS] = str(CALLS)
    try:
        run.attempt(LiveSession(taken))
        raise AssertionError("it did not fall")
    except sink.Fallen:
        os.environ.pop(sink.FALLS)
    assert any(held.task_id == task.pk for held in leases.held())

    def go() -> None:
        assert sweep.rescue() == 1
        session = LiveSession(_claim())
        assert session.journal.last_index == CALLS - 1
        run.attempt(session)

    return go


@cache
def _prepare(key: str) -> None:
    making.template(STUMBLES, admin(), key=key, max_calls=1_000)


# What is looked at


def progress() -> Callable[[], object]:
    """Stages, time worked and time left of a task with eight stages."""
    made = _staged()
    task = Task.objects.select_related("execution", "revision").get(pk=made.pk)
    now = clock.now()

    def go() -> None:
        standing.stages(task, now)
        standing.remaining(task, standing.worked(list(task.attempts.all()), now))

    return go


@cache
def _staged() -> Task:
    making.template("def run(params):\n    return None\n", admin(), key="staged", stages=STAGES)
    task = _submit("staged")
    _claim()
    return task


def stall_check() -> Callable[[], object]:
    watch = Watch(stall_seconds=30, most=2, call_seconds=300)

    def go() -> None:
        cpu = processes.cpu_seconds(os.getpid())
        watch.look(Look(signs=1, where="host", cpu_seconds=cpu), time.monotonic())

    return go


if __name__ == "__main__":
    User.objects.count()
    print(json.dumps(figures(int(sys.argv[1]), sys.argv[2:])), flush=True)
    os._exit(0)  # sandboxes and subscriptions that are still open need no goodbye
