"""Procrastinate on PostgreSQL: two processes, notifications on, and its documented way to retry stalled jobs."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

from tests.benchmarks.peers.stamps import naps, stamp

NEEDS = "postgresql"
SERVERS = 2
STALLED_SECONDS = 3.0

app = App(connector=PsycopgConnector(conninfo=os.environ.get("PEER_URL", "")))


@app.task(name="noop")
def run_noop() -> None:
    stamp("noop")


@app.task(name="link")
def run_link(left: int) -> None:
    stamp("step")
    if left > 1:
        run_link.defer(left=left - 1)


@app.task(name="long")
def run_long(count: int) -> None:
    naps(count)


def prepare() -> None:
    with _opened() as opened:
        opened.schema_manager.apply_schema()


def serve(number: int) -> None:
    asyncio.run(_serve())


async def _serve() -> None:
    async with app.open_async():
        rescuing = asyncio.create_task(_rescue())
        await app.run_worker_async(
            concurrency=1, fetch_job_polling_interval=1.0, update_heartbeat_interval=1.0,
            stalled_worker_timeout=STALLED_SECONDS,
        )  # fmt: skip
        rescuing.cancel()


async def _rescue() -> None:
    while True:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            await app.job_manager.retry_job(job)
        await asyncio.sleep(1.0)


@contextmanager
def _opened() -> Iterator[App]:
    with app.replace_connector(SyncPsycopgConnector(conninfo=os.environ["PEER_URL"])) as replaced, replaced.open():
        yield replaced


def noop(count: int) -> None:
    with _opened() as opened:
        deferrer = opened.configure_task("noop")
        for _ in range(count):
            deferrer.defer()


def chain(count: int) -> None:
    with _opened() as opened:
        opened.configure_task("link").defer(left=count)


def long(count: int) -> None:
    with _opened() as opened:
        opened.configure_task("long").defer(count=count)


def recorded() -> int:
    with psycopg.connect(os.environ["PEER_URL"]) as connection:
        found = connection.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'").fetchone()
        return int(found[0]) if found else 0
