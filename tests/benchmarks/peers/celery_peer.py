"""Celery over Redis: late acknowledgement, results kept, two prefork processes."""

import os
import sys

from celery import Celery

from tests.benchmarks.peers.stamps import naps, stamp

NEEDS = "redis"
SERVERS = 1
URL = os.environ.get("PEER_URL", "redis://127.0.0.1:6379/9")

app = Celery("peer", broker=URL, backend=URL)
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    result_expires=600,
)


@app.task(name="noop")
def run_noop() -> None:
    stamp("noop")


@app.task(name="link")
def run_link(left: int) -> None:
    stamp("step")
    if left > 1:
        run_link.delay(left - 1)


@app.task(name="long")
def run_long(count: int) -> None:
    naps(count)


def prepare() -> None:
    import redis

    redis.from_url(URL).flushdb()


def serve(number: int) -> None:
    app.worker_main(["worker", "--concurrency", "2", "--loglevel", "ERROR", "--without-gossip", "--without-mingle"])
    sys.exit()


def noop(count: int) -> None:
    for _ in range(count):
        run_noop.delay()


def chain(count: int) -> None:
    run_link.delay(count)


def long(count: int) -> None:
    run_long.delay(count)


def recorded() -> int:
    import redis

    return sum(1 for _ in redis.from_url(URL).scan_iter("celery-task-meta-*", count=1000))
