"""Huey on SQLite, two worker processes, results kept. It takes a task off the queue before it runs it."""

import os

from huey import SqliteHuey
from huey.consumer import Consumer

from tests.benchmarks.peers.stamps import naps, stamp

NEEDS = "sqlite"
SERVERS = 1

app = SqliteHuey("peer", filename=os.environ.get("PEER_URL", ":memory:"), fsync=True, results=True, store_none=True)


@app.task(name="noop")
def run_noop() -> None:
    stamp("noop")


@app.task(name="link")
def run_link(left: int) -> None:
    stamp("step")
    if left > 1:
        run_link(left - 1)


@app.task(name="long")
def run_long(count: int) -> None:
    naps(count)


def prepare() -> None:
    app.storage.initialize_schema()


def serve(number: int) -> None:
    Consumer(app, workers=2, worker_type="process", initial_delay=0.01, max_delay=0.05, periodic=False).run()


def noop(count: int) -> None:
    for _ in range(count):
        run_noop()


def chain(count: int) -> None:
    run_link(count)


def long(count: int) -> None:
    run_long(count)


def recorded() -> int:
    return int(app.storage.result_store_size())
